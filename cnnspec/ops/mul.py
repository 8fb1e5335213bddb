"""Multiplication: the product, element by element, of two or more inputs, which may be gates.

All inputs have the shape C x H x W, or are gates: C x 1 x 1 with a factor for each channel, as in
squeeze-and-excitation, 1 x H x W with a factor for each position, or of size 1 in other dimensions.
N inputs cost N - 1 multiplications for each element.

Source: Hu, Shen & Sun (2018), Squeeze-and-excitation networks, arXiv 1709.01507, equation 4; Woo et
al. (2018), CBAM, arXiv 1807.06521, equation 1, for positions; Hou, Zhou & Feng (2021), Coordinate
attention, arXiv 2103.02907, equation 6, for rows and columns."""

from collections.abc import Callable
from operator import mul
from typing import Any

from cnnspec.ops.kit import memory
from cnnspec.ops.kit.joins import ElementwiseJoin
from cnnspec.ops.kit.operator import Example


class Mul(ElementwiseJoin):
    title = "Multiplication"
    keras_layer = "Multiply"
    onnx_type = "Mul"
    takes_gates = True
    is_commutative = True
    work = "multiplications"
    gradient = memory.PRODUCT
    saves = (0, 1)

    def combine(self, torch: Any) -> Callable[[Any, Any], Any]:
        return mul

    examples = (
        Example(
            "Hu, Shen & Sun (2018), figure 3 and table 1: the first stage of SE-ResNet-50 scales"
            " 256 channels of 56x56 by 1x1x256 gates",
            ((256, 56, 56), (256, 1, 1)),
            {},
            (256, 56, 56),
        ),
    )
