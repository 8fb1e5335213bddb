"""Softsign: x / (1 + abs(x)).

Counted: one addition and one division for each element. Removing the sign is free.

Source: Bergstra et al. (2009), Quadratic polynomials learn better image features, technical report
1337; ``torch.nn.Softsign``."""

from math import prod
from typing import Any

from cnnspec.ops.kit import memory
from cnnspec.ops.kit.elementwise import Activation
from cnnspec.ops.kit.operator import Example
from cnnspec.units import Shape


class Softsign(Activation):
    title = "Softsign"
    keras_op = "softsign"
    onnx_type = "Softsign"
    is_composite = True
    per_element = {"additions": 1, "divisions": 1}

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        n, previous = prod(y), (memory.PREVIOUS,)
        absolute = memory.Function(n, saves=(0,), backward=memory.Backward(elements=n))
        total = memory.Function(
            n, inputs=previous, gradient=memory.INCOMING, saved=memory.Saved(scalar=True)
        )
        quotient = memory.Function(
            n, saves=(0, 1), inputs=(0, memory.PREVIOUS), gradient=memory.QUOTIENT
        )
        return absolute, total, quotient

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        return torch.nn.Softsign()

    examples = (
        Example(
            "PyTorch's documentation of torch.nn.Softsign: on torch.randn(2)",
            ((2,),),
            {},
            (2,),
            work={"additions": 2, "divisions": 2},
        ),
    )
