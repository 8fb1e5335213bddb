"""Division: the first input divided by each of the others, element by element.

All inputs have the shape C x H x W, or have size 1 in some dimensions, as a norm for each position.
N inputs cost N - 1 divisions for each element.

Source: ``torch.div``; Woo et al. (2023), ConvNeXt V2, arXiv 2301.00808, equation 2, divides norms
by their mean."""

from collections.abc import Callable
from operator import truediv
from typing import Any

from cnnspec.ops.kit import memory
from cnnspec.ops.kit.joins import ElementwiseJoin
from cnnspec.ops.kit.operator import Example


class Div(ElementwiseJoin):
    title = "Division"
    keras_op = "divide"
    onnx_type = "Div"
    takes_gates = True
    work = "divisions"
    gradient = memory.QUOTIENT
    saves = (0, 1)

    def combine(self, torch: Any) -> Callable[[Any, Any], Any]:
        return truediv

    examples = (
        Example(
            "Woo et al. (2023), equation 2: the norms of 96 channels divided by their mean, as"
            " 96x1x1 and 1x1x1",
            ((96, 1, 1), (1, 1, 1)),
            {},
            (96, 1, 1),
        ),
    )
