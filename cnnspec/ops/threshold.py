"""Threshold: x where x > threshold, ``value`` elsewhere; one comparison for each element.

Source: ``torch.nn.Threshold``."""

from typing import Any

from cnnspec.ops.kit import memory
from cnnspec.ops.kit.elementwise import Activation
from cnnspec.ops.kit.fields import inplace_field, number_field
from cnnspec.ops.kit.operator import Example
from cnnspec.units import Shape


class Threshold(Activation):
    title = "Threshold"
    per_element = {"comparisons": 1}

    threshold: float = number_field("values up to it are replaced", minimum=-1e9)
    value: float = number_field("what replaces them", minimum=-1e9)
    inplace: bool = inplace_field()

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        return memory.saves_input_or_copy(y, self.inplace)

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        return torch.nn.Threshold(self.threshold, self.value, self.inplace)

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        return onnx.Where(onnx.Greater(x, self.threshold), x, self.value)

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        return keras.op("threshold", x, self.threshold, self.value)

    examples = (
        Example(
            "PyTorch's documentation of torch.nn.Threshold: nn.Threshold(0.1, 20) on randn(2)",
            ((2,),),
            {"threshold": 0.1, "value": 20.0},
            (2,),
            work={"comparisons": 2},
        ),
    )
