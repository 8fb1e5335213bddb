"""The work of each operator besides multiply-accumulates, counted by hand.

The map has 6 channels of 4 x 5 positions: 120 values, 20 positions. The counts are the number of
values times what the formula does to each."""

from typing import Any

import pytest

from cnnspec.ops.registry import OPERATORS, load_operator
from cnnspec.units import Shape
from tests.worked_examples import EXAMPLES

MAP: Shape = (6, 4, 5)
WORK: list[tuple[str, dict[str, Any], tuple[Shape, ...], dict[str, int]]] = [
    # a bias is an addition for each value of the output
    ("conv", {"out_channels": 2, "kernel_size": 3}, (MAP,), {"additions": 2 * 2 * 3}),
    ("conv", {"out_channels": 2, "kernel_size": 3, "bias": False}, (MAP,), {}),
    ("depthwise_conv", {"kernel_size": 3}, (MAP,), {"additions": 6 * 2 * 3}),
    ("conv_transpose", {"out_channels": 2, "kernel_size": 2}, (MAP,), {"additions": 2 * 5 * 6}),
    (
        "conv_table",
        {"connections": [[0], [1, 2]], "kernel_size": 3},
        (MAP,),
        {"additions": 2 * 2 * 3},
    ),
    ("linear", {"out_features": 4}, ((6,),), {"additions": 4}),
    ("linear", {"out_features": 4, "bias": False}, ((6,),), {}),
    # four sums of six squared differences
    ("rbf", {"out_features": 4}, ((6,),), {"additions": 4 * (6 + 5), "multiplications": 4 * 6}),
    # 6 x 2 x 2 windows of 4
    ("maxpool", {"kernel_size": 2}, (MAP,), {"comparisons": 24 * 3}),
    ("minpool", {"kernel_size": 2}, (MAP,), {"comparisons": 24 * 3}),
    ("sumpool", {"kernel_size": 2}, (MAP,), {"additions": 24 * 3}),
    ("avgpool", {"kernel_size": 2}, (MAP,), {"additions": 24 * 3, "divisions": 24}),
    ("global_maxpool", {}, (MAP,), {"comparisons": 6 * 19}),
    ("global_avgpool", {}, (MAP,), {"additions": 6 * 19, "divisions": 6}),
    # 4 positions in windows of 2, 2 and 2, 5 positions in windows of 2, 3 and 2
    ("adaptive_maxpool", {"output_size": 3}, (MAP,), {"comparisons": 6 * (6 * 7 - 9)}),
    (
        "adaptive_avgpool",
        {"output_size": 3},
        (MAP,),
        {"additions": 6 * (6 * 7 - 9), "divisions": 6 * 9},
    ),
    ("channel_pool", {"kernel_size": 3}, (MAP,), {"comparisons": 2 * 20 * 2}),
    (
        "channel_pool",
        {"kernel_size": 3, "stride": 1, "kind": "average"},
        (MAP,),
        {"additions": 4 * 20 * 2, "divisions": 4 * 20},
    ),
    # the sum of four, times the channel's weight, plus its bias
    (
        "trainable_subsampling",
        {"kernel_size": 2},
        (MAP,),
        {"additions": 24 * (3 + 1), "multiplications": 24},
    ),
    # square, sum over 3 (and the constant), the power, the quotient
    (
        "lrn",
        {"size": 3},
        (MAP,),
        {"multiplications": 2 * 120, "additions": 3 * 120, "powers": 120, "divisions": 120},
    ),
    (
        "l2norm",
        {},
        (MAP,),
        {"multiplications": 2 * 120, "additions": 20 * 5, "square_roots": 20, "divisions": 120},
    ),
    ("channel_scale", {}, (MAP,), {"multiplications": 120}),
    ("channel_scale", {"bias": True}, (MAP,), {"multiplications": 120, "additions": 120}),
    ("softmax", {}, (MAP,), {"exponentials": 120, "additions": 20 * 5, "divisions": 120}),
    ("softmax", {}, ((7,),), {"exponentials": 7, "additions": 6, "divisions": 7}),
    ("softmax", {"dim": 1}, (MAP,), {"exponentials": 120, "additions": 30 * 3, "divisions": 120}),
    ("log_softmax", {}, (MAP,), {"exponentials": 120, "additions": 20 * 5 + 120, "logarithms": 20}),
    ("add", {}, (MAP, MAP, MAP), {"additions": 2 * 120}),
    ("sub", {}, (MAP, MAP, (6, 1, 1)), {"additions": 2 * 120}),
    ("mul", {}, (MAP, MAP), {"multiplications": 120}),
    ("div", {}, (MAP, (1, 4, 5)), {"divisions": 120}),
    ("maximum", {}, (MAP, MAP, MAP), {"comparisons": 2 * 120}),
    ("minimum", {}, (MAP, MAP), {"comparisons": 120}),
    ("matmul", {}, ((6, 4, 5), (6, 5, 3)), {}),
    ("scale", {"factor": 2}, (MAP,), {"multiplications": 120}),
    ("scale", {"offset": -1}, (MAP,), {"additions": 120}),
    ("scale", {"factor": 2, "offset": -1}, (MAP,), {"multiplications": 120, "additions": 120}),
    ("scale", {"factor": [1, 2, 3, 4, 5, 6]}, (MAP,), {"multiplications": 120}),
    ("affine", {}, (MAP,), {"multiplications": 120, "additions": 120}),
    ("affine", {"per": "layer", "bias": False}, (MAP,), {"multiplications": 120}),
    ("affine", {"per": "element", "weight": False}, (MAP,), {"additions": 120}),
    ("tokens", {"count": 2}, ((6, 5),), {}),
    ("permute", {"order": [2, 0, 1]}, (MAP,), {}),
    ("unfold", {"kernel_size": 3}, (MAP,), {}),
    # 20 positions of 6 channels, 6 x 4 rows of 5, the whole map
    ("reduce_dims", {"dims": [0]}, (MAP,), {"additions": 20 * 5, "divisions": 20}),
    ("reduce_dims", {"dims": [2], "kind": "sum"}, (MAP,), {"additions": 24 * 4}),
    ("reduce_dims", {"dims": [0, 1, 2], "kind": "max"}, (MAP,), {"comparisons": 119}),
    ("reduce_dims", {"dims": [1, 2], "kind": "min"}, (MAP,), {"comparisons": 6 * 19}),
    ("mul", {}, (MAP, (6, 1, 1), MAP), {"multiplications": 2 * 120}),
    ("abs_difference", {}, (MAP, MAP), {"additions": 120}),
    ("upsample", {"scale_factor": 2}, (MAP,), {}),
    # each value is a weighted sum of 4, or of 2 along one dimension
    (
        "upsample",
        {"scale_factor": 2, "mode": "bilinear"},
        (MAP,),
        {"multiplications": 480 * 4, "additions": 480 * 3},
    ),
    (
        "upsample",
        {"size": 9, "mode": "bilinear"},
        ((6, 4),),
        {"multiplications": 54 * 2, "additions": 54},
    ),
    ("maxunpool", {}, ((6, 2, 2), (6, 2, 2)), {"lookups": 24}),
    # of 6 values of 20 positions: the sum of exponentials and its logarithm, minus the class's own,
    # and the mean
    (
        "cross_entropy",
        {},
        (MAP,),
        {"exponentials": 120, "additions": 20 * 5 + 20 + 19, "logarithms": 20, "divisions": 1},
    ),
    # with a probability for each class: minus each value, and 6 products to sum
    (
        "cross_entropy",
        {},
        (MAP, MAP),
        {
            "exponentials": 120,
            "additions": 20 * 5 + 120 + 20 * 5 + 19,
            "logarithms": 20,
            "multiplications": 120,
            "divisions": 1,
        },
    ),
    ("gelu", {}, (MAP,), {"multiplications": 3 * 120, "additions": 120, "exponentials": 120}),
    # 6 and 2, and a tanh
    (
        "gelu",
        {"approximate": "tanh"},
        (MAP,),
        {
            "multiplications": (6 + 1) * 120,
            "additions": (2 + 2) * 120,
            "exponentials": 120,
            "divisions": 120,
        },
    ),
    ("mse", {}, (MAP, MAP), {"additions": 120 + 119, "multiplications": 120, "divisions": 1}),
    # the mean, the squares' mean, eps and the root of 20 sets of 6, of 1 of 120, of 2 of 60; then
    # scale and shift
    (
        "layernorm",
        {},
        (MAP,),
        {
            "additions": 20 * (5 + 6 + 5 + 1) + 120,
            "multiplications": 2 * 120,
            "divisions": 20 * 2 + 120,
            "square_roots": 20,
        },
    ),
    (
        "layernorm",
        {"over": "all", "affine": False},
        (MAP,),
        {
            "additions": 119 + 120 + 119 + 1,
            "multiplications": 120,
            "divisions": 2 + 120,
            "square_roots": 1,
        },
    ),
    (
        "groupnorm",
        {"groups": 2},
        (MAP,),
        {
            "additions": 2 * (59 + 60 + 59 + 1) + 120,
            "multiplications": 2 * 120,
            "divisions": 2 * 2 + 120,
            "square_roots": 2,
        },
    ),
    # 6 channels of 20 positions
    (
        "instancenorm",
        {"affine": True},
        (MAP,),
        {
            "additions": 6 * (19 + 20 + 19 + 1) + 120,
            "multiplications": 2 * 120,
            "divisions": 6 * 2 + 120,
            "square_roots": 6,
        },
    ),
    # each of 6 x 3 x 3 values of 2 regions is the mean of 2 x 2 samples, each interpolated of 4
    (
        "roi_align",
        {"regions": 2, "output_size": 3, "sampling_ratio": 2},
        (MAP,),
        {"multiplications": 108 * 16, "additions": 108 * 15, "divisions": 108},
    ),
    # two heads of 20 x 20 weights; q is scaled, qkv and the projection have a bias each
    (
        "attention",
        {"heads": 2},
        (MAP,),
        {
            "multiplications": 120,
            "exponentials": 800,
            "divisions": 800,
            "additions": (3 + 1) * 120 + 2 * 20 * 19,
        },
    ),
    (
        "attention",
        {"heads": 2, "qkv_bias": False, "relative_position": True},
        (MAP,),
        {
            "multiplications": 120,
            "exponentials": 800,
            "divisions": 800,
            "additions": 120 + 2 * 20 * 19 + 2 * 800,
        },
    ),
]


@pytest.mark.parametrize(
    ("name", "fields", "inputs", "work"), WORK, ids=[f"{w[0]}-{i}" for i, w in enumerate(WORK)]
)
def test_the_work_of_an_operator(
    name: str, fields: dict[str, Any], inputs: tuple[Shape, ...], work: dict[str, int]
) -> None:
    op = load_operator(name)(**fields)
    if op.undoes:
        op = op.undoing(load_operator("maxpool")(kernel_size=2), MAP)  # type: ignore[attr-defined]
    assert op.elementwise(*inputs, y=op.output(*inputs)) == work


COUNTED = [(name, i) for name, i in EXAMPLES if load_operator(name).examples[i].work is not None]


@pytest.mark.parametrize(("name", "number"), COUNTED)
def test_the_work_of_a_worked_example(name: str, number: int) -> None:
    cls = load_operator(name)
    example = cls.examples[number]
    found = cls.of(example).elementwise(*example.inputs, y=example.output)
    assert found == example.work


def test_every_operator_has_its_work_counted() -> None:
    """In WORK, or by the key ``work`` of one of its examples."""
    assert {w[0] for w in WORK} | {name for name, _ in COUNTED} == set(OPERATORS)


def test_a_transposed_convolution_in_groups_has_a_part_of_the_weights() -> None:
    op = load_operator("conv_transpose")(out_channels=4, kernel_size=3, groups=2)
    assert op.parameters(MAP) == {
        "weight": (6, 4 // 2, 3, 3),
        "bias": (4,),
    }  # as PyTorch's ConvTranspose2d
    assert op.macs(MAP, y=(4, 6, 7)) == 6 * 2 * 9 * 20


def test_a_whole_scale_factor_needs_no_floor() -> None:
    for factor, formula in ((2, "W*s"), (1.5, "floor(W*s/t)")):
        op = load_operator("upsample")(scale_factor=factor)
        assert {s.formula for s in op.derivation(MAP, y=op.output(MAP))[:2]} == {formula}
