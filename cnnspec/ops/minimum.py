"""Minimum: the smallest of two or more inputs, element by element.

All inputs have the shape C x H x W, or have size 1 in some dimensions. N inputs cost N - 1
comparisons for each element.

Source: ``torch.minimum``."""

from collections.abc import Callable
from typing import Any

from cnnspec.ops.kit import memory
from cnnspec.ops.kit.joins import ElementwiseJoin
from cnnspec.ops.kit.operator import Example


class Minimum(ElementwiseJoin):
    title = "Minimum"
    is_commutative = True
    work = "comparisons"
    gradient = memory.SELECTED
    saves = (0, 1)

    def combine(self, torch: Any) -> Callable[[Any, Any], Any]:
        minimum: Callable[[Any, Any], Any] = torch.minimum
        return minimum

    examples = (
        Example(
            "PyTorch's documentation of torch.minimum: two vectors of 3",
            ((3,), (3,)),
            {},
            (3,),
        ),
    )
