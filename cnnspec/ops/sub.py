"""Subtraction: the first input minus each of the others, element by element.

All inputs have the shape C x H x W, or have size 1 in some dimensions. N inputs cost N - 1
subtractions for each element, which count as additions.

Source: ``torch.sub``; Yu et al. (2022), MetaFormer is actually what you need for vision, arXiv
2111.11418, equation 4, subtracts the input of its pooling."""

from collections.abc import Callable
from operator import sub
from typing import Any

from cnnspec.ops.kit import memory
from cnnspec.ops.kit.joins import ElementwiseJoin
from cnnspec.ops.kit.operator import Example


class Sub(ElementwiseJoin):
    title = "Subtraction"
    keras_op = "subtract"
    onnx_type = "Sub"
    gradient = memory.DIFFERENCE

    def combine(self, torch: Any) -> Callable[[Any, Any], Any]:
        return sub

    examples = (
        Example(
            "Yu et al. (2022), table 1 and equation 4: the pooling of PoolFormer's stage 1 minus"
            " its input, 64 channels of 56x56",
            ((64, 56, 56), (64, 56, 56)),
            {},
            (64, 56, 56),
        ),
    )
