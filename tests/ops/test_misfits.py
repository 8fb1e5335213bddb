"""What operators say of inputs that do not fit, with every number and hint."""

from typing import Any

import pytest

from cnnspec.ops.fields import Misfit
from cnnspec.ops.registry import operator
from cnnspec.units import Shape

VECTORS = "linear", {"out_features": 2}
SAID: list[tuple[tuple[str, dict[str, Any]], tuple[Shape, ...], str, str, str]] = [
    (VECTORS, ((8, 3, 2),), "S010", "linear takes a vector, but $0 is 8x3x2",
     "a flatten before it gives a vector of 48"),
    (VECTORS, ((8, 1, 1),), "S010", "linear takes a vector, but $0 is 8x1x1",
     "a flatten before it gives a vector of 8 (so does keepdim = false on a global pooling)"),
    (VECTORS, ((8, 1, 2),), "S010", "linear takes a vector, but $0 is 8x1x2",
     "a flatten before it gives a vector of 16"),
    (("maxpool", {"kernel_size": 2}), ((8,),), "S010",
     "pooling takes channels and at least one spatial dimension, but $0 is a vector of 8",
     "put it before the flatten, or reshape the vector to (channels, height, width)"),
    (("conv", {"out_channels": 2, "kernel_size": [3, 3, 3]}), ((8, 5, 5),), "S010",
     "kernel_size has 3 values, but $0 has 2 spatial dimensions", "give one number for all, or 2"),
    (("conv", {"out_channels": 2, "kernel_size": [3, 3]}), ((8, 5),), "S010",
     "kernel_size has 2 values, but $0 has 1 spatial dimension", "give one number for all, or 1"),
    (("conv", {"out_channels": 2, "kernel_size": 7, "padding": [[0, 1]]}), ((8, 5),), "S011",
     "a window of 7 does not fit into 5 + 0 + 1 of padding: the output would be empty",
     "a kernel_size of at most 6, padding = 1, or a larger input ($0 gives 5)"),
    (("conv", {"out_channels": 2, "kernel_size": 4, "dilation": 3}), ((8, 9),), "S011",
     "a window of 10 (kernel 4, dilation 3) does not fit into 9: the output would be empty",
     "a kernel_size of at most 3, padding = 1, or a larger input ($0 gives 9)"),
    (("conv", {"out_channels": 6, "kernel_size": 1, "groups": 4}), ((8, 5),), "S013",
     "6 output channels do not divide into 4 groups", "groups must divide both the input's channels and out_channels"),
    (("avgpool", {"kernel_size": 3, "padding": 2}), ((8, 9),), "S011",
     "a padding of 2 is more than half the window of 3: some windows would hold padding only", "padding of at most 1"),
    (("channel_pool", {"kernel_size": 9}), ((8, 5),), "S011",
     "a window of 9 channels does not fit into 8: the output would be empty", "a kernel_size of at most 8"),
]


@pytest.mark.parametrize(("op", "inputs", "rule", "message", "hint"), SAID)
def test_a_misfit_says_its_numbers(op: tuple[str, dict[str, Any]], inputs: tuple[Shape, ...], rule: str, message: str,
                                   hint: str) -> None:
    with pytest.raises(Misfit) as caught:
        operator(op[0])(**op[1]).output(*inputs)
    assert (caught.value.rule, caught.value.message, caught.value.hint) == (rule, message, hint)


def test_what_just_fits_is_no_misfit() -> None:
    assert operator("conv")(out_channels=2, kernel_size=6, padding=[[0, 1]]).output((8, 5)) == (2, 1)
    assert operator("conv")(out_channels=2, kernel_size=3, dilation=4).output((8, 9)) == (2, 1)
    assert operator("avgpool")(kernel_size=4, padding=2).output((8, 9)) == (8, 3)
    assert operator("channel_pool")(kernel_size=8).output((8, 5)) == (1, 5)
