"""Compare the sizes and windows of layers with their definitions, written as loops."""

from itertools import count
from math import ceil, floor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnspec.ops.adaptive_avgpool import AdaptiveAvgPool
from cnnspec.ops.kit.windows import SAME, WHOLE, Axis, Reach, Window
from cnnspec.ops.maxpool import MaxPool
from cnnspec.ops.maxunpool import MaxUnpool
from cnnspec.ops.registry import load_operator
from cnnspec.units import Shape
from tests.ops.draws import often


def windows_that_fit(a: Axis, ceil_mode: bool = False) -> int:
    """Count the windows that fit by sliding one.

    With ceil_mode, a last one may reach beyond the end if it reads new positions and starts inside.
    """
    for n, start in enumerate(count(-a.before, a.stride)):
        if start + a.extent > a.size + a.after:
            new = start - a.stride + a.extent < a.size + a.after
            return n + (ceil_mode and new and start < a.size)
    raise AssertionError


axis = st.builds(
    lambda w, k, s, d, p, q: Axis(w + max(0, d * (k - 1) + 1 - w - p - q), k, s, d, p, q),
    *(st.integers(low, 9) for low in (1, 1, 1, 1, 0, 0)),
)


@often
@given(axis)
def test_sizes_are_those_of_a_loop(a: Axis) -> None:
    """Pools have no dilation, and a padding of at most half a window."""
    assert a.positions == windows_that_fit(a)
    p = Axis(
        a.size + a.kernel,
        a.kernel,
        a.stride,
        1,
        min(a.before, a.kernel // 2),
        min(a.after, a.kernel // 2),
    )
    assert MaxPool(kernel_size=1).positions(p) == windows_that_fit(p)
    assert MaxPool(kernel_size=1, ceil_mode=True).positions(p) == windows_that_fit(
        p, ceil_mode=True
    )


def read_by(window: Window, y: int) -> set[int]:
    """Return the input positions that the output position ``y`` reads."""
    t, r = divmod(y, window.period)
    assert len(window.offsets) == window.period
    assert all(list(o) == sorted(set(o)) for o in window.offsets)
    return {window.advance * t + o for o in window.offsets[r]}


@often
@given(axis)
def test_windows_of_convolutions_and_of_what_transposes_them(a: Axis) -> None:
    held = {
        (x, x * a.stride - a.before + a.dilation * j)
        for x in range(-150, 150)
        for j in range(a.kernel)
    }
    for n in range(-15, 15):
        assert read_by(a.window, n) == {y for x, y in held if x == n}
        assert read_by(a.transposed, n) == {x for x, y in held if y == n}


def test_conv_transpose_and_maxunpool_read_what_holds_them() -> None:
    conv = load_operator("conv_transpose")(
        out_channels=1, kernel_size=3, stride=2, padding=1, output_padding=1
    )
    assert conv.window((1, 6), (1, 12)) == (Axis(12, 3, 2, 1, 1, 1).transposed,)
    unpool = MaxUnpool()
    unpool = unpool.undoing(MaxPool(kernel_size=3, stride=2, padding=1), (1, 12))
    assert unpool.window((1, 6), (1, 6), (1, 12)) == (Axis(12, 3, 2, 1, 1, 1).transposed,)


@often
@given(st.integers(1, 40), st.integers(2, 40))
def test_windows_of_adaptive_pools(w: int, o: int) -> None:
    op = AdaptiveAvgPool(output_size=o)
    windows: Any = op.window((1, w), (1, o))
    (window,) = windows
    read = [set(range(floor(i * w / o), ceil((i + 1) * w / o))) for i in range(o)]
    assert [read_by(window, i) for i in range(o)] == read
    assert op.elementwise((3, w), (3, o)) == {
        "additions": 3 * sum(len(r) - 1 for r in read),
        "divisions": 3 * o,
    }
    assert AdaptiveAvgPool(output_size=1).window((1, w), (1, 1)) is WHOLE


@pytest.mark.parametrize(
    ("name", "fields", "output", "reach"),
    [
        ("layernorm", {}, (4, 6), SAME),
        ("layernorm", {"over": "all"}, (4, 6), WHOLE),
        ("reshape", {"shape": (4, -1)}, (4, 6), SAME),
        ("reshape", {"shape": (6, 4)}, (6, 4), WHOLE),
    ],
)
def test_what_reads_one_position_or_all(
    name: str, fields: dict[str, Any], output: Shape, reach: Reach
) -> None:
    assert load_operator(name)(**fields).window((4, 6), y=output) is reach
