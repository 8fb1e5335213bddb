"""Absolute difference: |a - b|, element by element; Siamese networks compare embeddings so.

Counted: one subtraction for each element, as an addition. Removing the sign is free.

Source: Koch, Zemel & Salakhutdinov (2015), Siamese neural networks for one-shot image recognition,
section 3.1."""

from math import prod
from typing import Any

from cnnspec.ops.kit import memory, modules
from cnnspec.ops.kit.derivation import Step, elements_step
from cnnspec.ops.kit.input_checks import require_same_shape
from cnnspec.ops.kit.operator import Example, Operator
from cnnspec.units import Shape


class AbsDifference(Operator):
    title = "Absolute Difference"
    is_composite = True
    role = "join"
    arity = (2, 2)

    def output(self, *xs: Shape) -> Shape:
        return require_same_shape("abs_difference", xs)

    def elementwise(self, *xs: Shape, y: Shape) -> dict[str, int]:
        return {"additions": prod(y)}

    def derivation(self, *xs: Shape, y: Shape) -> list[Step]:
        return [elements_step(y)]

    def memory(self, a: Shape, b: Shape, *, y: Shape, training: bool) -> memory.Functions:
        n = prod(y)
        difference = memory.Function(n, inputs=(0, 1), gradient=memory.DIFFERENCE)
        scratch = memory.Backward(elements=n)
        absolute = memory.Function(n, saves=(0,), inputs=(memory.PREVIOUS,), backward=scratch)
        return difference, absolute

    def build(self, torch: Any, *xs: Shape, y: Shape) -> Any:
        return modules.make_stateless_module(torch, "AbsDifference", lambda a, b: (a - b).abs())

    def write_onnx(self, onnx: Any, *xs: Any, y: Shape) -> Any:
        return onnx.Abs(onnx.Sub(*xs))

    def write_keras(self, keras: Any, *xs: Any, y: Shape) -> Any:
        return keras.op("absolute", keras.op("subtract", *xs))

    examples = (
        Example(
            "Koch et al. (2015), figure 4: the L1 distance of two vectors of 4096",
            ((4096,), (4096,)),
            {},
            (4096,),
        ),
    )
