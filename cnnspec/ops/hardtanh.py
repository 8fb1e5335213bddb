"""Hardtanh: x, but at least ``min_val`` and at most ``max_val``; two comparisons for each element.

Source: Collobert (2004), Large scale machine learning, section 6.1; ``torch.nn.Hardtanh``."""

from typing import Any

from cnnspec.ops.kit import memory
from cnnspec.ops.kit.elementwise import Activation
from cnnspec.ops.kit.fields import OperatorError, inplace_field, number_field
from cnnspec.ops.kit.operator import Example
from cnnspec.units import Shape


class Hardtanh(Activation):
    title = "Hardtanh"
    is_composite = True
    per_element = {"comparisons": 2}
    is_idempotent = True

    min_val: float = number_field("the least value", default=-1.0, minimum=-1e9)
    max_val: float = number_field("the largest value", default=1.0, minimum=-1e9)
    inplace: bool = inplace_field()

    def output(self, x: Shape) -> Shape:
        if self.min_val >= self.max_val:
            raise OperatorError(
                "L003",
                f"hardtanh from {self.min_val:g} to {self.max_val:g} keeps nothing",
                "min_val below max_val",
                "max_val",
            )
        return x

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        return memory.saves_input_or_copy(y, self.inplace)

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        return torch.nn.Hardtanh(self.min_val, self.max_val, self.inplace)

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        return onnx.Clip(x, self.min_val, self.max_val)

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        return keras.op("clip", x, self.min_val, self.max_val)

    examples = (
        Example(
            "PyTorch's documentation of torch.nn.Hardtanh: nn.Hardtanh(-2, 2) on torch.randn(2)",
            ((2,),),
            {"min_val": -2.0, "max_val": 2.0},
            (2,),
            work={"comparisons": 4},
        ),
    )
