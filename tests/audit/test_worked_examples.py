"""Worked examples cell by cell, compared with PyTorch's convolutions and pools."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from cnnspec.analyses.audit.worked_examples import work_example
from cnnspec.problems import RequestError

CELLS = st.integers(-9, 9)


@st.composite
def matrices(draw: st.DrawFn, least: int = 1, most: int = 7) -> list[list[int]]:
    h, w = draw(st.integers(least, most)), draw(st.integers(least, most))
    return draw(st.lists(st.lists(CELLS, min_size=w, max_size=w), min_size=h, max_size=h))


def cells(fields: dict[str, Any], like: torch.Tensor) -> torch.Tensor:
    """Return what the audit computes for every cell of an output as large as ``like``."""
    blank = [["0"] * like.shape[1] for _ in range(like.shape[0])]
    found = work_example({**fields, "gives": blank})
    assert len(found) == like.numel()
    out = torch.zeros_like(like)
    for c in found:
        assert c.computed is not None
        out[c.row, c.column] = float(c.computed)
    return out


def tensor(m: list[list[int]]) -> torch.Tensor:
    return torch.tensor(m, dtype=torch.float64)


@settings(deadline=None, max_examples=25)
@given(
    matrices(3),
    matrices(1, 3),
    st.integers(1, 3),
    st.integers(0, 2),
    st.integers(-3, 3),
    st.booleans(),
)
def test_convolutions(
    m: list[list[int]], kernel: list[list[int]], stride: int, padding: int, bias: int, relu: bool
) -> None:
    x = functional.pad(tensor(m), (padding,) * 4)
    y = functional.conv2d(x[None, None], tensor(kernel)[None, None], stride=stride)[0, 0] + bias
    fields = {
        "matrix": "conv",
        "given": m,
        "kernel": kernel,
        "stride": stride,
        "padding": padding,
        "bias": bias,
        "relu": relu,
    }
    assert torch.equal(cells(fields, y), y.relu() if relu else y)


@settings(deadline=None, max_examples=25)
@given(
    matrices(3),
    st.integers(1, 3),
    st.integers(1, 3),
    st.sampled_from(["maxpool", "avgpool", "minpool"]),
)
def test_pools(m: list[list[int]], size: int, stride: int, kind: str) -> None:
    x = tensor(m)[None, None]
    y = {
        "maxpool": lambda: functional.max_pool2d(x, size, stride),
        "avgpool": lambda: functional.avg_pool2d(x, size, stride),
        "minpool": lambda: -functional.max_pool2d(-x, size, stride),
    }[kind]()[0, 0]
    assert torch.allclose(cells({"matrix": kind, "given": m, "size": size, "stride": stride}, y), y)


@settings(deadline=None, max_examples=25)
@given(matrices(3), st.integers(2, 3))
def test_windows_that_reach_over_the_border(m: list[list[int]], size: int) -> None:
    y = functional.max_pool2d(tensor(m)[None, None], size, size, ceil_mode=True)[0, 0]
    assert torch.equal(cells({"matrix": "maxpool", "given": m, "size": size, "ceil": True}, y), y)


def test_one_wrong_cell_is_the_one_that_is_marked() -> None:
    found = work_example(
        {"matrix": "maxpool", "given": [[1, 2, 3, 4], [5, 6, 7, 8]], "gives": [["6", "9"]]}
    )
    assert [(c.row, c.column, c.holds) for c in found] == [(0, 0, True), (0, 1, False)]


@pytest.mark.parametrize("gives", [[["6"]], [["6", "8"], ["1", "1"]], [["6", "8", "8"]]])
def test_a_result_of_another_size_is_wrong(gives: list[list[str]]) -> None:
    found = work_example(
        {"matrix": "maxpool", "given": [[1, 2, 3, 4], [5, 6, 7, 8]], "gives": gives}
    )
    assert not all(c.holds for c in found)


@pytest.mark.parametrize(
    "fields",
    [
        {"matrix": "conv", "given": [[1, 2], [3]], "kernel": [[1]], "gives": [[1]]},
        {"matrix": "conv", "given": [[1, 2]], "gives": [[1]]},
        {"matrix": "conv", "given": [[1, "a"]], "kernel": [[1]], "gives": [[1]]},
        {"matrix": "maxpool", "given": [[1]], "size": 0, "gives": [[1]]},
        {"matrix": "maxpool", "given": [[1]], "gives": [1]},
        {"matrix": "conv", "given": [[1]], "kernel": [[1]], "padding": 10**9, "gives": [[1]]},
        {"matrix": "product", "given": [[1]], "kernel": [[1, 2]], "gives": [[1]]},
        {"matrix": "conv", "given": [[[1]], [[2]]], "kernel": [[1]], "gives": [[1]]},
    ],
)
def test_what_is_no_example_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(RequestError):
        work_example(fields)
