"""Compare built modules that torch.nn does not have with their formulas in loops."""

from itertools import product
from math import log
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.testing import assert_close

from cnnspec.ops.registry import load_operator
from tests.ops.draws import Shape
from tests.ops.modules import Fields, built, random


def positions(x: Tensor) -> Any:
    """Return all spatial positions of a batch of maps."""
    return product(*map(range, x.shape[2:]))


MAPS = pytest.mark.parametrize("x", [(6, 5), (6, 4, 3), (6, 4, 3, 2)], ids=["1-D", "2-D", "3-D"])


@MAPS
def test_norms_of_channels(x: Shape) -> None:
    """Each position is divided by the length of its channels, or standardised over them."""
    values = random(*x)
    l2, layer = built("l2norm", {}, x), built("layernorm", {"eps": 0.1}, x)
    for p in positions(values):
        a = values[(..., *p)]
        assert_close(l2(values)[(..., *p)], a / a.square().sum(1, keepdim=True).sqrt() * l2.weight)
        standard = (a - a.mean(1, keepdim=True)) / (
            a.var(1, correction=0, keepdim=True) + 0.1
        ).sqrt()
        assert_close(layer(values)[(..., *p)], standard * layer.weight + layer.bias)
    assert_close(built("layernorm", {"over": "all"}, x).weight.shape, torch.Size(x))


@pytest.mark.parametrize("x", [(4,), (4, 5), (4, 3, 2), (4, 3, 2, 2)])
def test_what_is_done_to_each_channel(x: Shape) -> None:
    values = random(*x)
    frozen, scale = (
        built("frozen_batchnorm", {"eps": 0.1}, x),
        built("channel_scale", {"bias": True}, x),
    )
    place = built("position_embedding", {}, x)
    assert_close(
        frozen(values),
        functional.batch_norm(
            values, frozen.running_mean, frozen.running_var, frozen.weight, frozen.bias, eps=0.1
        ),
    )
    for c in range(4):
        assert_close(scale(values)[:, c], values[:, c] * scale.weight[c] + scale.bias[c])
        assert_close(place(values)[:, c], values[:, c] + place.weight[c])
    assert_close(built("scale", {"factor": -0.5}, x)(values), values / -2)


@pytest.mark.parametrize("x", [(7,), (7, 4), (7, 2, 3)])
@pytest.mark.parametrize("kind", ["max", "average"])
def test_channel_pool(x: Shape, kind: str) -> None:
    values, y = random(*x), built("channel_pool", {"kernel_size": 3, "stride": 2, "kind": kind}, x)
    for i in range(3):
        part = values[:, 2 * i : 2 * i + 3]
        assert_close(y(values)[:, i], part.max(1).values if kind == "max" else part.sum(1) / 3)


def test_rbf_is_the_squared_distance_from_vectors_of_plus_and_minus_1() -> None:
    op, values = load_operator("rbf")(out_features=3), random(5)
    module = op.build(torch, (5,), y=(3,)).double()
    assert module.weight.abs().eq(1).all()
    for i, j in product(range(2), range(3)):
        expected = torch.stack([(values[i, k] - module.weight[j, k]) ** 2 for k in range(5)]).sum()
        assert_close(module(values)[i, j], expected)


@MAPS
def test_shuffles_and_slices_of_channels(x: Shape) -> None:
    values = random(*x)
    shuffled = built("channel_shuffle", {"groups": 2}, x)(values)
    for row, column in product(range(2), range(3)):
        assert_close(shuffled[:, 2 * column + row], values[:, 3 * row + column])
    assert_close(
        built("slice_channels", {"start": 1, "stop": 5, "step": 3}, x)(values), values[:, [1, 4]]
    )
    padded = built("pad_channels", {"before": 1, "after": 2}, x)(values)
    assert_close(padded[:, 1:7], values)
    assert not padded[:, [0, 7, 8]].any()


@pytest.mark.parametrize("x", [(3, 6), (3, 6, 4), (3, 6, 4, 2)])
def test_space_to_depth_and_back(x: Shape) -> None:
    """Channel c*b**n + i*b + j is channel c at (i, j) in its block, as in PixelUnshuffle."""
    values, n = random(*x), len(x) - 1
    deep = built("space_to_depth", {"block": 2}, x)(values)
    for c, p, place in product(range(3), list(positions(deep)), list(product(range(2), repeat=n))):
        channel = c * 2**n + sum(i * 2**k for k, i in enumerate(reversed(place)))
        assert_close(
            deep[(..., channel, *p)],
            values[(..., c, *(2 * w + i for w, i in zip(p, place, strict=True)))],
        )
    assert_close(built("depth_to_space", {"block": 2}, tuple(deep.shape[1:]))(deep), values)


@MAPS
def test_what_moves_positions(x: Shape) -> None:
    values, n = random(*x), len(x) - 1
    assert_close(
        built("subsample", {"stride": 2}, x)(values), values[(..., *[slice(0, None, 2)] * n)]
    )
    crop = built("crop", {}, x, (1, *(w - 1 for w in x[1:-1]), x[-1]))
    assert_close(
        crop(values, random(1)), values[(..., *(slice(0, w - 1) for w in x[1:-1]), slice(None))]
    )
    assert_close(
        built("crop", {"offset": 1, "size": 1}, x)(values), values[(..., *[slice(1, 2)] * n)]
    )
    pads = [[i, i + 1] for i in range(n)]
    padded = built("pad", {"padding": pads}, x)(values)
    assert_close(padded[(..., *(slice(i, i + w) for i, w in enumerate(x[1:])))], values)
    assert_close(padded.abs().sum(), values.abs().sum())
    larger = built("upsample", {}, x, (1, *(3 * w for w in x[1:])))(values, random(1))
    assert_close(larger[(..., *[slice(1, None, 3)] * n)], values)


def test_box_rows_run_over_positions_and_then_over_boxes() -> None:
    values = random(6, 3, 4)
    rows = built("box_rows", {"values": 2}, (6, 3, 4))(values)
    for h, w, box, k in product(range(3), range(4), range(3), range(2)):
        assert_close(rows[:, (h * 4 + w) * 3 + box, k], values[:, 2 * box + k, h, w])


def test_joins() -> None:
    full, channels, places = random(3, 4, 5), random(3, 1, 1), random(1, 4, 5)
    gated = built("mul", {}, (3, 1, 1), (3, 4, 5), (1, 4, 5))(channels, full, places)
    for c, h, w in product(range(3), range(4), range(5)):
        assert_close(
            gated[:, c, h, w], full[:, c, h, w] * channels[:, c, 0, 0] * places[:, 0, h, w]
        )
    same = [(3, 4, 5)] * 3
    assert_close(built("add", {}, *same)(full, gated, full), 2 * full + gated)
    assert_close(
        built("abs_difference", {}, *same[:2])(full, gated),
        torch.maximum(full - gated, gated - full),
    )
    laid = built("concat", {}, *same[:2], (1, 4, 5))(full, gated, places)
    for first, part in ((0, full), (3, gated), (6, places)):
        assert_close(laid[:, first : first + part.shape[1]], part)


def test_losses_of_each_example() -> None:
    x, classes = random(3, 2, 2), torch.tensor([[[[0, 2], [1, 1]]], [[[2, 0], [0, 1]]]]).double()
    shape, one_hot = (3, 2, 2), functional.one_hot(classes[:, 0].long(), 3).movedim(-1, 1).double()
    expected = torch.zeros(2, 1).double()
    for i, h, w in product(range(2), range(2), range(2)):
        true = int(classes[i, 0, h, w])
        expected[i] += (log(sum(x[i, :, h, w].exp().tolist())) - x[i, true, h, w]) / 4
    assert_close(built("cross_entropy", {}, shape, (1, 2, 2))(x, classes), expected)
    assert_close(built("cross_entropy", {}, shape, shape)(x, one_hot), expected)
    assert_close(
        built("cross_entropy", {}, shape)(x),
        built("cross_entropy", {}, shape, (1, 2, 2))(x, 0 * classes),
    )
    for i, error in enumerate(built("mse", {}, shape, shape)(x, one_hot)):
        assert_close(error, (x[i] - one_hot[i]).square().sum().reshape(1) / 12)
        assert_close(built("mse", {}, shape)(x)[i], x[i].square().sum().reshape(1) / 12)


def test_what_drops_is_active_in_training_only() -> None:
    """The units that are dropped: an element, a channel, an example, or the batch."""
    x, values = (3, 4, 5), torch.ones(64, 3, 4, 5)
    whole = {"dropout": (0, 1, 2, 3), "channels": (0, 1), "row": (0,), "batch": ()}
    for kind, own in whole.items():
        fields = {"dropout": {}, "channels": {"channels": True}}.get(kind, {"mode": kind})
        op = load_operator("dropout" if kind in ("dropout", "channels") else "stochastic_depth")(
            p=0.25, **fields
        )
        module = op.build(torch, x, y=x)
        assert module.eval()(values) is values
        torch.manual_seed(1)
        factors = torch.stack([module.train()(values) for _ in range(40)])
        assert_close(factors.unique(), torch.tensor([0, 1 / 0.75]))
        assert 0.1 < factors.eq(0).double().mean() < 0.4
        varies = [i for i in range(4) if (factors != factors.narrow(i + 1, 0, 1)).any()]
        assert tuple(varies) == own
    assert not load_operator("stochastic_depth")(p=1.0).build(torch, x, y=x)(values).any()


def test_first_values_are_those_that_the_fields_state() -> None:
    x = (4, 3, 3)
    assert load_operator("l2norm")(scale=20.0).build(torch, x, y=x).weight.eq(20).all()
    scale = load_operator("channel_scale")(init=0.5, bias=True).build(torch, x, y=x)
    assert scale.weight.eq(0.5).all()
    assert not scale.bias.any()
    frozen = load_operator("frozen_batchnorm")(eps=0.0).build(torch, x, y=x)
    assert_close(frozen(values := torch.randn(2, *x)), values)
    table = load_operator("conv_table")(connections=[[0], [0, 1, 2, 3]], kernel_size=5).build(
        torch, (4, 9, 9), y=(2, 5, 5)
    )
    conv = nn.Conv2d(4, 1, 5)
    assert 0.9 * 4**0.5 / 10 < table.weight[:1].abs().max() <= 1 / 5
    assert 0.9 / 10 < table.weight[1:].abs().max() <= 1 / 10
    assert 0.9 / 10 < conv.weight.abs().max() <= 1 / 10


FIELDS: dict[str, tuple[Fields, Any]] = {
    "leaky_relu": ({"negative_slope": 0.3}, lambda x: functional.leaky_relu(x, 0.3)),
    "elu": ({"alpha": 0.3}, lambda x: functional.elu(x, 0.3)),
    "softplus": ({"beta": 2.0, "threshold": 1.0}, lambda x: functional.softplus(x, 2, 1)),
    "gelu": ({"approximate": "tanh"}, lambda x: functional.gelu(x, approximate="tanh")),
    "softmax": ({}, lambda x: x.softmax(1)),
    "log_softmax": ({}, lambda x: x.log_softmax(1)),
    "lrn": (
        {"size": 3, "alpha": 0.5, "beta": 0.6, "k": 2.0},
        lambda x: functional.local_response_norm(x, 3, 0.5, 0.6, 2),
    ),
    "instancenorm": (
        {"eps": 0.1},
        lambda x: functional.instance_norm(x, eps=0.1),
    ),
    "groupnorm": (
        {"groups": 2, "eps": 0.1, "affine": False},
        lambda x: functional.group_norm(x, 2, eps=0.1),
    ),
    "adaptive_avgpool": (
        {"output_size": [2, 3]},
        lambda x: functional.adaptive_avg_pool2d(x, (2, 3)),
    ),
    "adaptive_maxpool": (
        {"output_size": [2, 3]},
        lambda x: functional.adaptive_max_pool2d(x, (2, 3)),
    ),
    "global_avgpool": ({"keepdim": False}, lambda x: x.mean((2, 3))),
    "global_maxpool": ({"keepdim": False}, lambda x: x.amax((2, 3))),
    "flatten": ({}, lambda x: x.flatten(1)),
    "reshape": ({"shape": [8, -1]}, lambda x: x.reshape(2, 8, 10)),
}


@pytest.mark.parametrize("name", FIELDS)
def test_fields_are_handed_on(name: str) -> None:
    (fields, function), x = FIELDS[name], random(4, 5, 4)
    assert_close(built(name, fields, (4, 5, 4))(x), function(x))


def test_batchnorm_takes_its_statistics_by_its_momentum() -> None:
    op, x = load_operator("batchnorm")(eps=0.1, momentum=0.25, affine=False), random(4, 5, 4)
    module = op.build(torch, (4, 5, 4), y=(4, 5, 4)).double()
    mean, var = x.mean((0, 2, 3), keepdim=True), x.var((0, 2, 3), correction=0, keepdim=True)
    assert_close(module(x), (x - mean) / (var + 0.1).sqrt())
    assert_close(module.running_mean, 0.25 * mean.flatten())


@pytest.mark.parametrize(
    "how", [{"mode": "nearest"}, {"mode": "bilinear"}, {"mode": "bilinear", "align_corners": True}]
)
def test_upsample_by_a_factor(how: Fields) -> None:
    x, mode = random(1, 3, 4), how["mode"]
    corners = None if mode == "nearest" else how.get("align_corners", False)
    expected = functional.interpolate(x, scale_factor=2.5, mode=mode, align_corners=corners)
    assert_close(built("upsample", {"scale_factor": 2.5, **how}, (1, 3, 4))(x), expected)
