"""Compare layers with PyTorch: sizes, parameters, buffers, MACs and refusals."""

from math import prod

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import nn

from cnnspec.ops.kit.fields import OperatorError
from cnnspec.ops.registry import load_operator
from tests.ops.agreement import Apply, Fields, dims, layers_agree
from tests.ops.draws import Drawn, Shape, drawn, maps, often, shapes

CONV: Fields = {"kernel_size": (1, 4), "stride": (1, 3), "dilation": (1, 3), "bias": st.booleans()}
GROUPS: Fields = {"out_channels": st.integers(1, 6), "groups": st.integers(1, 3)}


@often
@given(drawn(**CONV, **GROUPS, padding=(0, 3)))
def test_conv(d: Drawn) -> None:
    layers_agree("conv", d.x, d.fields, lambda: dims("Conv", d.x)(d.x[0], **d.fields))


@often
@given(drawn(**CONV | {"stride": st.just(1)}, **GROUPS, padding=st.sampled_from(["same", "valid"])))
def test_conv_padded_by_a_word(d: Drawn) -> None:
    """PyTorch allows "same" with a stride of 1 only."""
    layers_agree("conv", d.x, d.fields, lambda: dims("Conv", d.x)(d.x[0], **d.fields))


@often
@given(drawn(**CONV, padding=(0, 3)), st.integers(1, 3))
def test_depthwise_conv(d: Drawn, multiplier: int) -> None:
    c = d.x[0]
    layers_agree(
        "depthwise_conv",
        d.x,
        d.fields | {"multiplier": multiplier},
        lambda: dims("Conv", d.x)(c, c * multiplier, groups=c, **d.fields),
    )


@often
@given(drawn(5, **CONV, **GROUPS, padding=(0, 3), output_padding=(0, 3)))
def test_conv_transpose(d: Drawn) -> None:
    layers_agree(
        "conv_transpose", d.x, d.fields, lambda: dims("ConvTranspose", d.x)(d.x[0], **d.fields)
    )


@often
@given(drawn(**CONV | {"dilation": st.just(1)}, padding=(0, 2)), st.integers(1, 4))
def test_a_conv_table_of_all_connections_is_a_convolution(d: Drawn, k: int) -> None:
    fields = {name: value for name, value in d.fields.items() if name != "dilation"}
    table = load_operator("conv_table")(connections=[list(range(d.x[0]))] * k, **fields)
    conv = load_operator("conv")(out_channels=k, **fields)
    try:
        y = conv.output(d.x)
    except OperatorError:
        with pytest.raises(OperatorError):
            table.output(d.x)
        return
    assert (table.output(d.x), table.macs(d.x, y), table.window(d.x, y)) == (
        y,
        conv.macs(d.x, y),
        conv.window(d.x, y),
    )


@often
@given(shapes(), st.integers(1, 9), st.booleans())
def test_linear(x: Shape, k: int, bias: bool) -> None:
    """PyTorch applies a Linear to the last dimension; the operator takes vectors only."""
    if len(x) == 1:
        layers_agree(
            "linear", x, {"out_features": k, "bias": bias}, lambda: nn.Linear(x[0], k, bias)
        )
    else:
        with pytest.raises(OperatorError):
            load_operator("linear")(out_features=k, bias=bias).output(x)


@often
@given(shapes(), st.booleans())
def test_batchnorm(x: Shape, affine: bool) -> None:
    kind = getattr(nn, f"BatchNorm{max(len(x) - 1, 1)}d")
    layers_agree("batchnorm", x, {"affine": affine}, lambda: kind(x[0], affine=affine))


@often
@given(shapes(), st.booleans())
def test_layernorm(x: Shape, affine: bool) -> None:
    over_all, norm = (
        nn.LayerNorm(x, elementwise_affine=affine),
        nn.LayerNorm(x[0], elementwise_affine=affine),
    )
    layers_agree("layernorm", x, {"over": "all", "affine": affine}, lambda: over_all)
    layers_agree(
        "layernorm",
        x,
        {"affine": affine},
        lambda: Apply(lambda z: norm(z.movedim(1, -1)).movedim(-1, 1), norm),
    )


@often
@given(shapes(), st.integers(1, 4), st.booleans())
def test_groupnorm(x: Shape, groups: int, affine: bool) -> None:
    """Two examples, because PyTorch refuses a group that has one value in the whole batch."""
    layers_agree(
        "groupnorm",
        x,
        {"groups": groups, "affine": affine},
        lambda: nn.GroupNorm(groups, x[0], affine=affine),
        batch=2,
    )


@often
@given(maps(5), st.booleans(), st.booleans())
def test_instancenorm(x: Shape, affine: bool, tracked: bool) -> None:
    assume(prod(x[1:]) > 1)  # one position has no variance
    kind = getattr(nn, f"InstanceNorm{len(x) - 1}d")
    fields = {"affine": affine, "track_running_stats": tracked}
    layers_agree("instancenorm", x, fields, lambda: kind(x[0], **fields))


@often
@given(shapes(), st.integers(1, 7))
def test_lrn(x: Shape, size: int) -> None:
    layers_agree("lrn", x, {"size": size}, lambda: nn.LocalResponseNorm(size))


@often
@given(maps(5), st.floats(0, 1), st.booleans())
def test_dropout(x: Shape, p: float, inplace: bool) -> None:
    layers_agree("dropout", x, {"p": p, "inplace": inplace}, lambda: nn.Dropout(p, inplace))
    layers_agree("dropout", x, {"p": p, "channels": True}, lambda: dims("Dropout", x)(p))


@often
@given(maps(5))
def test_what_torchvision_has(x: Shape) -> None:
    try:
        from torchvision.ops import FrozenBatchNorm2d, StochasticDepth
    except (ImportError, RuntimeError) as reason:  # RuntimeError: built for another torch
        pytest.skip(f"torchvision: {reason}")
    layers_agree("stochastic_depth", x, {"p": 0.2}, lambda: StochasticDepth(0.2, "row"))
    if len(x) == 3:  # FrozenBatchNorm2d takes images only; ours any number of dimensions
        layers_agree("frozen_batchnorm", x, {}, lambda: FrozenBatchNorm2d(x[0]))


@pytest.mark.parametrize(
    ("rows", "says"), [([[0, 3]], "channel 3, but"), ([[0], [1, 1]], "1 more than once")]
)
def test_a_connection_table_is_checked(rows: list[list[int]], says: str) -> None:
    with pytest.raises(OperatorError, match=says) as error:
        load_operator("conv_table")(connections=rows, kernel_size=1).output((3, 4, 4))
    assert (error.value.rule, error.value.field) == ("L003", "connections")
