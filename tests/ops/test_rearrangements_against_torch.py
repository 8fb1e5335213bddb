"""Compare pads, crops, resizing, shuffles and reshapes with PyTorch: shapes and refusals."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from cnnspec.ops.input import Input
from cnnspec.ops.registry import load_operator
from tests.ops.agreement import Fields, ours, shapes_agree
from tests.ops.draws import Shape, maps, often, per_axis, shapes
from tests.ops.rearranging import (
    LINEAR,
    box_rows,
    crop,
    depth_to_space,
    for_each,
    pad,
    pad_channels,
    space_to_depth,
    subsample,
    upsample,
)


def drawn(fields: Callable[[int], Fields]) -> st.SearchStrategy[tuple[Shape, Fields]]:
    """Draw a map and fields, which may depend on its number of spatial dimensions."""
    return maps().flatmap(
        lambda x: st.tuples(st.just(x), st.fixed_dictionaries(fields(len(x) - 1)))
    )


def sides(n: int) -> st.SearchStrategy[Any]:
    one = st.integers(0, 4)
    return one | st.tuples(*[one | st.tuples(one, one)] * n)


interpolation = st.sampled_from(LINEAR)
some_scales = st.sampled_from([0.2, 0.29, 1 / 3, 0.5, 2 / 3, 0.75, 1.25, 1.5, 1.7, 2.5])
scales = st.integers(1, 4) | some_scales | st.floats(0.1, 3)


@often
@given(
    drawn(
        lambda n: {
            "padding": sides(n),
            "mode": st.sampled_from(["constant", "reflect", "replicate"]),
        }
    )
)
def test_pad(d: tuple[Shape, Fields]) -> None:
    shapes_agree("pad", d[1], lambda t: pad(t, **d[1]), d[0])


@often
@given(shapes(), st.integers(0, 4), st.integers(0, 4))
def test_pad_channels(x: Shape, before: int, after: int) -> None:
    shapes_agree(
        "pad_channels",
        {"before": before, "after": after},
        lambda t: pad_channels(t, before, after),
        x,
    )


@often
@given(drawn(lambda n: {"size": per_axis(n, 1, 8), "offset": st.none() | per_axis(n, 0, 4)}))
def test_crop(d: tuple[Shape, Fields]) -> None:
    x, fields = d[0], {name: value for name, value in d[1].items() if value is not None}
    shapes_agree("crop", fields, lambda t: crop(t, **fields), x)
    like = (1, *for_each(fields.pop("size"), len(x) - 1))
    shapes_agree("crop", fields, lambda t, like: crop(t, like, **fields), x, like)


@often
@given(drawn(lambda n: {"size": per_axis(n, 1, 9)}), interpolation)
def test_upsample_to_a_size(d: tuple[Shape, Fields], how: Fields) -> None:
    (x, fields), n = d, len(d[0]) - 1
    shapes_agree("upsample", fields | how, lambda t: upsample(t, **fields, **how), x)
    shapes_agree(
        "upsample",
        how,
        lambda t, like: upsample(t, like, **how),
        x,
        (1, *for_each(fields["size"], n)),
    )


@often
@given(maps(100, channels=1), scales, interpolation)
def test_upsample_by_a_factor(x: Shape, scale: float, how: Fields) -> None:
    shapes_agree(
        "upsample",
        {"scale_factor": scale, **how},
        lambda t: upsample(t, scale_factor=scale, **how),
        x,
    )


@pytest.mark.parametrize("fields", [{}, {"size": 4, "scale_factor": 2}])
def test_sizes_are_asked_for_exactly_once(fields: Fields) -> None:
    assert ours("upsample", fields, (1, 4, 4)) is None
    assert ours("upsample", {"size": 4}, (1, 4, 4), (1, 8, 8)) is None
    assert ours("crop", {}, (1, 4, 4)) is None
    assert ours("crop", {"size": 4}, (1, 4, 4), (1, 2, 2)) is None
    assert ours("upsample", {"size": 4, "align_corners": True}, (1, 4, 4)) is None


@often
@given(drawn(lambda n: {"stride": per_axis(n, 1, 5)}))
def test_subsample(d: tuple[Shape, Fields]) -> None:
    shapes_agree("subsample", d[1], lambda t: subsample(t, **d[1]), d[0])


@often
@given(shapes(), st.integers(0, 6), st.none() | st.integers(1, 8), st.integers(1, 4))
def test_slice_channels(x: Shape, start: int, stop: int | None, step: int) -> None:
    """PyTorch shortens a slice at the last channel; the operator refuses it, and empty ones."""
    fields = {"start": start, "step": step} | ({} if stop is None else {"stop": stop})
    if start < (x[0] if stop is None else stop) <= x[0]:
        shapes_agree("slice_channels", fields, lambda t: t[:, start:stop:step], x)
    else:
        assert ours("slice_channels", fields, x) is None


@often
@given(shapes(), st.integers(1, 6))
def test_channel_shuffle(x: Shape, groups: int) -> None:
    shapes_agree("channel_shuffle", {"groups": groups}, nn.ChannelShuffle(groups), x)


@often
@given(maps(8, channels=16), st.integers(1, 4))
def test_space_to_depth_and_back(x: Shape, block: int) -> None:
    shapes_agree("space_to_depth", {"block": block}, lambda t: space_to_depth(t, block), x)
    shapes_agree("depth_to_space", {"block": block}, lambda t: depth_to_space(t, block), x)


@often
@given(maps(8, channels=16), st.integers(1, 4))
def test_box_rows(x: Shape, values: int) -> None:
    shapes_agree("box_rows", {"values": values}, lambda t: box_rows(t, values), x)


def test_roi_align_takes_maps_of_any_size_and_the_same_channels() -> None:
    fields = {"regions": 5, "output_size": [7, 3]}
    assert (
        ours("roi_align", fields, (8, 50, 60))
        == ours("roi_align", fields, (8, 50, 60), (8, 5, 1))
        == (8, 7, 3, 5)
    )
    assert (
        ours("roi_align", fields, (8, 50, 60), (4, 25, 30))
        is ours("roi_align", fields, (8, 50))
        is None
    )
    work = load_operator("roi_align")(**fields, sampling_ratio=1).elementwise(
        (8, 50, 60), y=(8, 7, 3, 5)
    )
    assert work == {
        "multiplications": 4 * 840,
        "additions": 3 * 840,
        "divisions": 840,
    }  # one bilinear sample each


@often
@given(
    shapes(),
    st.lists(st.sampled_from([-1, 1, 2, 3, 4, 5, 6]), min_size=1, max_size=4),
    st.randoms(),
)
def test_reshape(x: Shape, sizes: list[int], random: Any) -> None:
    """Sizes that are a shuffle of the input's, with one -1, and any sizes; both refuse two -1."""
    kept = random.sample(x, len(x))
    for new in (sizes, kept, [-1, *kept[1:]], [*x]):
        shapes_agree("reshape", {"shape": new}, lambda t, new=new: t.reshape(1, *new), x)


@often
@given(shapes())
def test_input_flatten_and_position_embedding_take_any_shape(x: Shape) -> None:
    assert Input(x).output() == x
    shapes_agree("flatten", {}, nn.Flatten(), x)
    assert load_operator("position_embedding")().parameters(x) == {"weight": x}
    shapes_agree("position_embedding", {}, lambda t: t + nn.Parameter(torch.zeros(1, *x)), x)
