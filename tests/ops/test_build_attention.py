"""Compare built attention and region sampling with formulas in loops, and attention with timm's."""

from itertools import product
from math import prod
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional
from torch.testing import assert_close

from cnnspec.ops.attention import Attention
from cnnspec.ops.kit.windows import WHOLE
from cnnspec.ops.registry import load_operator
from tests.ops.draws import Shape, maps
from tests.ops.modules import Fields, built, random
from tests.support import import_timm


@st.composite
def attended(draw: st.DrawFn) -> tuple[Shape, Fields]:
    heads = draw(st.integers(1, 2))
    x = draw(maps(4, channels=2))
    fields = {"qkv_bias": draw(st.booleans()), "relative_position": draw(st.booleans())}
    return (2 * heads, *x[1:]), {"heads": heads, "window_size": draw(st.integers(0, 3)), **fields}


def attention_of(op: Any, module: Any, x: Tensor) -> Tensor:
    """Return the attention of one window, C x M x ..., computed for each pair of positions."""
    c, places = len(x), list(product(*map(range, x.shape[1:])))
    rows = torch.stack([module.qkv(x[(slice(None), *p)]).view(3, op.heads, -1) for p in places], 2)
    y, tables = (
        torch.zeros_like(x),
        [getattr(module, name) for name in op.tables((c, *x.shape[1:]))],
    )
    for i, p in enumerate(places):
        weights = (rows[0, :, i, None] * rows[1]).sum(-1) * (c // op.heads) ** -0.5
        for axis, table in enumerate(tables):
            moved = torch.stack(
                [table[p[axis] - other[axis] + x.shape[1 + axis] - 1] for other in places]
            )
            weights = weights + rows[0, :, i] @ moved.T
        y[(slice(None), *p)] = module.proj(
            (weights.softmax(-1)[..., None] * rows[2]).sum(1).flatten()
        )
    return y


@settings(max_examples=40, deadline=None)
@given(attended())
def test_attention_within_windows(d: tuple[Shape, Fields]) -> None:
    x, fields = d
    op: Any = load_operator("attention")(**fields)
    module, values = built("attention", fields, x), random(*x)
    sizes = op.each_window(x)
    pad = [v for w, m in zip(reversed(x[1:]), reversed(sizes), strict=True) for v in (0, -w % m)]
    padded, whole = functional.pad(values, pad), functional.pad(torch.zeros_like(values), pad)
    for corner in product(*(range(0, w, m) for w, m in zip(x[1:], sizes, strict=True))):
        window = [slice(o, o + m) for o, m in zip(corner, sizes, strict=True)]
        for i in range(2):
            whole[(i, slice(None), *window)] = attention_of(
                op, module, padded[(i, slice(None), *window)]
            )
    assert_close(module(values), whole[(..., *map(slice, x[1:]))])


@pytest.mark.parametrize("window", [0, 3])
def test_attention_is_that_of_segment_anything(window: int) -> None:
    import_timm()
    from timm.models import vision_transformer_sam as sam

    x, fields = (12, 5, 7), {"heads": 3, "window_size": window, "relative_position": True}
    ours, values = built("attention", fields, x), random(*x)
    sizes = (window, window) if window else x[1:]
    theirs = sam.Attention(12, 3, qkv_bias=True, use_rel_pos=True, input_size=sizes).double()
    theirs.load_state_dict(ours.state_dict())
    y = values.movedim(1, -1)
    parts, size = sam.window_partition(y, window) if window else (y, x[1:])
    y = sam.window_unpartition(theirs(parts), window, x[1:], size) if window else theirs(y)
    assert_close(ours(values), y.movedim(-1, 1))


def sampled(x: Tensor, place: list[float]) -> Tensor:
    """Return the value of maps between pixels; the centres are at 1/2, 3/2, ..."""
    place = [min(max(p - 0.5, 0), w - 1) for p, w in zip(place, x.shape[2:], strict=True)]
    total = torch.zeros_like(x.flatten(2)[..., 0])
    for corner in product((0, 1), repeat=len(place)):
        near = [min(int(p) + i, w - 1) for p, i, w in zip(place, corner, x.shape[2:], strict=True)]
        share = prod((p % 1 if i else 1 - p % 1) for p, i in zip(place, corner, strict=True))
        total += share * x[(..., *near)]
    return total


@pytest.mark.parametrize("sizes", [[(9,), (4,)], [(9, 7), (5, 3)], [(4, 5, 6), (2, 3, 3)]])
def test_roi_align_takes_the_means_of_samples(sizes: list[Shape]) -> None:
    """Three regions of half a side, from the first corner to the last, on two maps."""
    x, fields, n = (
        [(2, *s) for s in sizes],
        {"regions": 3, "output_size": 2, "sampling_ratio": 2},
        len(sizes[0]),
    )
    values = [random(*s) for s in x]
    y = built("roi_align", fields, *x)(*values)
    for out, (region, source) in enumerate([(0, 0), (2, 0), (1, 1)]):
        for cell in product(range(2), repeat=n):
            taken = [
                [
                    (region / 4 + (2 * c + i + 0.5) / 8) * w
                    for c, i, w in zip(cell, sample, sizes[source], strict=True)
                ]
                for sample in product(range(2), repeat=n)
            ]
            mean = torch.stack([sampled(values[source], place) for place in taken]).mean(0)
            assert_close(y[(..., *cell, out)], mean)


def test_roi_align_finds_its_places_in_single_precision() -> None:
    """16 bits are too coarse for coordinates and too few for indices of large maps."""
    op, x = load_operator("roi_align")(regions=7, output_size=3), (2, 40, 40)
    module, values = op.build(torch, x, y=op.output(x)), torch.randn(1, *x).bfloat16()
    assert torch.equal(module(values), module(values.float()).bfloat16())


def test_window_of_windowed_attention_is_its_own_window() -> None:
    op = Attention(heads=2, window_size=4)
    shape = (8, 12, 16)
    reach: Any = op.window(shape, y=shape)
    assert [(w.period, w.advance, {tuple(o) for o in w.offsets}) for w in reach] == [
        (4, 4, {(0, 1, 2, 3)})
    ] * 2
    assert Attention(heads=2).window(shape, y=shape) is WHOLE
