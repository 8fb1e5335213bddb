"""Models that insist on float32 are compared in float32, where float64 cannot run them."""

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from cnnspec.analyses.verdict import FAILED, IMPOSSIBLE, PASSED, Check
from cnnspec.pytorch.compare_model import compare_model
from tests.pytorch.test_spellings import Forward, Model
from tests.support import graph_of

SPEC = """
input = [3, 8, 8]
layers = [
  { name = "c", op = "conv", out_channels = 8, kernel_size = 3, padding = 1 },
  { name = "n", op = "batchnorm" },
  { name = "d", op = "stochastic_depth", p = 0.2 },
  { name = "s", op = "softmax" },
]
"""


def verify(forward: Forward, **norm: Any) -> list[Check]:
    model = Model(forward, 2, n=nn.BatchNorm2d(8, **norm))
    return compare_model(graph_of(SPEC), model, "mine", "cpu")


def drop(x: torch.Tensor, training: bool) -> torch.Tensor:
    """Drop whole examples as timm does."""
    if not training:
        return x
    return x * x.new_empty(len(x), 1, 1, 1).bernoulli_(0.8).div_(0.8)


def finish(m: Any, x: torch.Tensor) -> torch.Tensor:
    return drop(m.n(m.c(x)), m.training).softmax(1)


def into_new_tensor(m: Any, x: torch.Tensor) -> Any:
    y = torch.zeros(x.shape, dtype=torch.float32)
    y[:] = x
    return finish(m, y)


def asserting(m: Any, x: torch.Tensor) -> Any:
    assert x.dtype == torch.float32, "float32 is needed"
    return finish(m, x)


def with_numpy(m: Any, x: torch.Tensor) -> Any:
    weight = torch.from_numpy(np.eye(3, dtype=np.float32)).view(3, 3, 1, 1)
    return finish(m, F.conv2d(x, weight))


def in_float64_too(m: Any, x: torch.Tensor) -> Any:
    grid = F.affine_grid(torch.eye(2, 3).repeat(len(x), 1, 1), list(x.shape), align_corners=True)
    return finish(m, F.grid_sample(x, grid, align_corners=True))


@pytest.mark.parametrize("forward", [into_new_tensor, asserting, with_numpy])
def test_a_right_model_passes_in_float32(forward: Forward) -> None:
    checks = verify(forward)
    assert [c.name for c in checks if c.status != PASSED] == []
    assert "in float32, as the model cannot be run in float64: " in checks[0].detail


def test_tensors_that_a_model_makes_have_the_precision_of_its_input() -> None:
    checks = verify(in_float64_too)
    assert [c.name for c in checks if c.status != PASSED] == []
    assert "float32" not in checks[0].detail
    assert torch.get_default_dtype() == torch.float32


def test_a_model_keeps_its_dtype_and_weights() -> None:
    model = Model(asserting, 2, n=nn.BatchNorm2d(8))
    before = {name: t.clone() for name, t in model.state_dict().items()}
    compare_model(graph_of(SPEC), model, "mine", "cpu")
    after = model.state_dict()
    assert all(torch.equal(t, after[name]) for name, t in before.items())
    assert {t.dtype for t in model.parameters()} == {torch.float32}


WRONG: dict[str, Forward] = {
    "a factor": lambda m, x: finish(m, asserted(x) * 1.01),
    "another probability": lambda m, x: F.dropout(finish(m, asserted(x)), 0.1, m.training),
    "another axis": lambda m, x: m.n(m.c(asserted(x))).softmax(2),
    "no dropping": lambda m, x: m.n(m.c(asserted(x))).softmax(1),
    "a gradient that ends": lambda m, x: finish(m, asserted(x).detach() + 0.0),
    "no gradient": lambda m, x: finish(m, asserted(x)).detach(),
}


def asserted(x: torch.Tensor) -> torch.Tensor:
    assert x.dtype == torch.float32
    return x


@pytest.mark.parametrize("forward", WRONG.values(), ids=WRONG)
def test_a_wrong_model_fails_in_float32(forward: Forward) -> None:
    assert FAILED in {c.status for c in verify(forward)}


@pytest.mark.parametrize("norm", [{"eps": 1e-3}, {"eps": 1e-6}, {"momentum": 0.2}])
def test_wrong_settings_fail_in_float32(norm: dict[str, float]) -> None:
    assert FAILED in {c.status for c in verify(asserting, **norm)}


def test_an_error_in_both_is_told_once() -> None:
    def fails(m: Any, x: torch.Tensor) -> Any:
        raise ValueError(f"never in {x.dtype}")

    (check,) = verify(fails)
    assert check.status == IMPOSSIBLE
    expected = "it cannot be run on this spec's input: ValueError: never in torch.float32"
    assert check.detail == expected
