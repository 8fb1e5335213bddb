"""What each position of a rearrangement reads, found by changing one input position at a time."""

from itertools import product
from typing import Any

import pytest
import torch

from cnnspec.ops.registry import load_operator
from tests.ops.agreement import Fields, Runs
from tests.ops.draws import Shape
from tests.ops.rearranging import (
    LINEAR,
    crop,
    depth_to_space,
    pad,
    space_to_depth,
    subsample,
    upsample,
)


def traced(run: Runs, x: Shape, axis: int) -> list[set[int]]:
    """Return for each output position along an axis the input positions on which it depends."""
    base = torch.randn(1, *x, dtype=torch.float64)
    out, reads = run(base), []
    for i in range(x[1 + axis]):
        other = base.clone()
        other.select(2 + axis, i).copy_(torch.randn_like(other.select(2 + axis, i)))
        changed = (run(other) - out).abs() > 1e-9
        reads.append(changed.movedim(2 + axis, 0).flatten(1).any(1).tolist())
    return [{i for i, seen in enumerate(reads) if seen[y]} for y in range(out.shape[2 + axis])]


def windows_hold(name: str, fields: Fields, run: Runs, x: Shape) -> None:
    """Check that each output position reads what its window says, within the input."""
    op = load_operator(name)(**fields)
    reach: Any = op.window(x, y=op.output(x))
    assert len(reach) == len(x) - 1
    for axis, (window, size) in enumerate(zip(reach, x[1:], strict=True)):
        for y, seen in enumerate(traced(run, x, axis)):
            t, r = divmod(y, window.period)
            expected = {window.advance * t + o for o in window.offsets[r]}
            if expected <= set(range(size)):
                assert seen == expected, (axis, y)


@pytest.mark.parametrize("x", [(8, 12), (4, 8, 12), (8, 4, 6, 4)], ids=["1-D", "2-D", "3-D"])
@pytest.mark.parametrize(
    ("name", "run", "fields"),
    [
        ("pad", pad, {"padding": 2}),
        ("pad", pad, {"padding": 1, "mode": "reflect"}),
        ("pad", pad, {"padding": 3, "mode": "replicate"}),
        ("crop", crop, {"size": 3}),
        ("crop", crop, {"size": 2, "offset": 1}),
        ("subsample", subsample, {"stride": 3}),
        ("space_to_depth", space_to_depth, {"block": 2}),
        ("depth_to_space", depth_to_space, {"block": 2}),
    ],
)
def test_windows_of_rearrangements(name: str, run: Runs, fields: Fields, x: Shape) -> None:
    if name == "depth_to_space" and len(x) == 2:
        x = (4, 12)
    windows_hold(name, fields, lambda t: run(t, **fields), x)


def test_windows_of_rearrangements_that_differ_per_axis() -> None:
    cases: list[tuple[str, Any, Fields]] = [
        ("pad", pad, {"padding": [[0, 2], 3]}),
        ("crop", crop, {"size": [4, 5], "offset": [0, 3]}),
        ("subsample", subsample, {"stride": [2, 3]}),
    ]
    for name, run, fields in cases:
        windows_hold(name, fields, lambda t, run=run, fields=fields: run(t, **fields), (1, 7, 9))


@pytest.mark.parametrize("how", LINEAR, ids=["corners", "bilinear", "nearest"])
@pytest.mark.parametrize(("w", "size"), [*product([1, 4, 5, 9], [1, 4, 6, 10]), (9, 7), (12, 5)])
def test_windows_of_upsampling_to_a_size(how: Fields, w: int, size: int) -> None:
    windows_hold("upsample", {"size": size, **how}, lambda t: upsample(t, size=size, **how), (1, w))


@pytest.mark.parametrize("how", LINEAR, ids=["corners", "bilinear", "nearest"])
@pytest.mark.parametrize("scale", [1, 2, 3, 0.5, 1.5, 2.5, 0.75])
@pytest.mark.parametrize("x", [(1, 9), (1, 5, 6), (1, 4, 3, 5)], ids=["1-D", "2-D", "3-D"])
def test_windows_of_upsampling_by_a_factor(how: Fields, scale: float, x: Shape) -> None:
    windows_hold(
        "upsample",
        {"scale_factor": scale, **how},
        lambda t: upsample(t, scale_factor=scale, **how),
        x,
    )


@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
@pytest.mark.parametrize("scale", [1 / 3, 0.3333, 0.3334, 0.2, 0.20001, 0.19999, 0.6667])
def test_a_scale_that_is_no_fraction_reads_all_neighbours(mode: str, scale: float) -> None:
    windows_hold(
        "upsample",
        {"scale_factor": scale, "mode": mode},
        lambda t: upsample(t, scale_factor=scale, mode=mode),
        (1, 16, 31),
    )


def test_phases_of_a_fractional_step_are_exact_however_many() -> None:
    op = load_operator("upsample")(size=10**6 + 1)
    windows: Any = op.window((1, 10**6), y=(1, 10**6 + 1))
    (window,) = windows
    assert (window.period, window.advance, len(window.offsets)) == (10**6 + 1, 10**6, 10**6 + 1)
    assert [list(window.offsets[y]) for y in (0, 1, 10**6)] == [[0], [0], [10**6 - 1]]
