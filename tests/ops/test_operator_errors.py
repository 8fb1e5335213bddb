"""The errors of operators for inputs that do not fit, with all numbers and hints."""

from typing import Any

import pytest

from cnnspec.ops.kit.fields import OperatorError, describe_value
from cnnspec.ops.registry import load_operator
from cnnspec.units import Shape

VECTORS = "linear", {"out_features": 2}
SAID: list[tuple[tuple[str, dict[str, Any]], tuple[Shape, ...], str, str, str]] = [
    (
        VECTORS,
        ((8, 3, 2),),
        "D001",
        "linear takes a vector, but $0 is 8x3x2",
        "a flatten before it gives a vector of 48",
    ),
    (
        VECTORS,
        ((8, 1, 1),),
        "D001",
        "linear takes a vector, but $0 is 8x1x1",
        "a flatten before it gives a vector of 8 (so does keepdim = false on a global pooling)",
    ),
    (
        VECTORS,
        ((8, 1, 2),),
        "D001",
        "linear takes a vector, but $0 is 8x1x2",
        "a flatten before it gives a vector of 16",
    ),
    (
        ("maxpool", {"kernel_size": 2}),
        ((8,),),
        "D001",
        "pooling takes channels and at least one spatial dimension, but $0 is a vector of 8",
        "put it before the flatten, or reshape the vector to (channels, height, width)",
    ),
    (
        ("conv", {"out_channels": 6, "kernel_size": 1, "groups": 3, "standardize": True}),
        ((3, 5, 5),),
        "L003",
        "standardize needs kernels of 2 weights or more, and these have 1, without a deviation",
        "a larger kernel_size, fewer groups, or standardize = false",
    ),
    (
        ("conv", {"out_channels": 2, "kernel_size": [3, 3, 3]}),
        ((8, 5, 5),),
        "D001",
        "kernel_size has 3 values, but $0 has 2 spatial dimensions",
        "give one number for all, or 2",
    ),
    (
        ("conv", {"out_channels": 2, "kernel_size": [3, 3]}),
        ((8, 5),),
        "D001",
        "kernel_size has 2 values, but $0 has 1 spatial dimension",
        "give one number for all, or 1",
    ),
    (
        ("conv", {"out_channels": 2, "kernel_size": 7, "padding": [[0, 1]]}),
        ((8, 5),),
        "D002",
        "a window of 7 does not fit into 5 + 0 + 1 of padding: the output would be empty",
        "a kernel_size of at most 6, padding = 1, or a larger input ($0 gives 5)",
    ),
    (
        ("conv", {"out_channels": 2, "kernel_size": 4, "dilation": 3}),
        ((8, 9),),
        "D002",
        "a window of 10 (kernel 4, dilation 3) does not fit into 9: the output would be empty",
        "a kernel_size of at most 3, padding = 1, or a larger input ($0 gives 9)",
    ),
    (
        ("conv", {"out_channels": 6, "kernel_size": 1, "groups": 4}),
        ((8, 5),),
        "D004",
        "6 output channels do not divide into 4 groups",
        "groups must divide both the input's channels and out_channels",
    ),
    (
        ("avgpool", {"kernel_size": 3, "padding": 2}),
        ((8, 9),),
        "D002",
        "a padding of 2 is more than half the window of 3: some windows would contain only padding",
        "padding of at most 1",
    ),
    (
        ("channel_pool", {"kernel_size": 9}),
        ((8, 5),),
        "D002",
        "a window of 9 channels does not fit into 8: the output would be empty",
        "a kernel_size of at most 8",
    ),
    (
        ("conv_table", {"connections": [[0, 2, 2]], "kernel_size": 1}),
        ((8, 5),),
        "L003",
        "row 0 reads channel 2 more than once",
        "list each channel once",
    ),
    (
        ("conv_transpose", {"out_channels": 2, "kernel_size": 2, "stride": 2, "padding": 1}),
        ((8, 1),),
        "D002",
        "a padding of 1 on each side cuts off all 2 positions: the output would be empty",
        "a padding of at most 0",
    ),
    (
        ("crop", {"size": 4, "offset": 3}),
        ((8, 6),),
        "D003",
        "crop: a part of 4 from 3 on does not fit into 6, which $0 has",
        "an offset of at most 2",
    ),
    (
        ("crop", {"size": 7}),
        ((8, 6),),
        "D003",
        "crop: a part of 7 does not fit into 6, which $0 has",
        "a size of at most 6",
    ),
    (
        ("add", {}),
        ((8, 8, 8), (8, 8, 8), (8, 4, 4)),
        "D003",
        "add: $0 is 8x8x8 but $2 is 8x4x4",
        "$0 lacks stride = 2",
    ),
    (
        ("add", {}),
        ((8, 4, 5), (6, 7, 5)),
        "D003",
        "add: $0 is 8x4x5 but $1 is 6x7x5",
        (
            "the sizes 4x5 and 7x5 differ by no whole stride: check the padding of $0, or crop $1;"
            " and $1 needs 8 channels instead of 6"
        ),
    ),
]


@pytest.mark.parametrize(("op", "inputs", "rule", "message", "hint"), SAID)
def test_an_error_says_its_numbers(
    op: tuple[str, dict[str, Any]], inputs: tuple[Shape, ...], rule: str, message: str, hint: str
) -> None:
    with pytest.raises(OperatorError) as caught:
        load_operator(op[0])(**op[1]).output(*inputs)
    assert (caught.value.rule, caught.value.message, caught.value.hint) == (rule, message, hint)


def test_an_error_reads_as_its_message() -> None:
    assert str(OperatorError("L003", "what is wrong", "what would mend it")) == "what is wrong"


def test_lists_within_lists_are_quoted_three_deep() -> None:
    assert [describe_value(x) for x in ([[[1]]], [[[[1]]]], [[[[[1]]]]])] == [
        "[[[1]]]",
        "[[[[…]]]]",
        "[[[[…]]]]",
    ]


def test_a_table_has_at_most_as_many_rows_as_the_largest_map_channels() -> None:
    table = load_operator("conv_table").fields["connections"]
    assert table.accept([[0]] * 65536) is not None
    assert table.accept([[0]] * 65537) is None


def test_what_just_fits_is_no_error() -> None:
    assert load_operator("conv")(out_channels=2, kernel_size=6, padding=[[0, 1]]).output(
        (8, 5)
    ) == (
        2,
        1,
    )
    assert load_operator("conv")(out_channels=2, kernel_size=3, dilation=4).output((8, 9)) == (2, 1)
    assert load_operator("avgpool")(kernel_size=4, padding=2).output((8, 9)) == (8, 3)
    assert load_operator("channel_pool")(kernel_size=8).output((8, 5)) == (1, 5)
