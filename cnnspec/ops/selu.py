"""SELU, the scaled ELU: 1.0507 * x where x is positive, 1.7581 * (exp(x) - 1) elsewhere.

Counted as if every element were negative: one comparison, one exponential, one addition and one
multiplication.

Source: Klambauer, Unterthiner, Mayr & Hochreiter (2017), Self-normalizing neural networks, arXiv
1706.02515, equation 2; ``torch.nn.SELU``."""

from typing import Any

from cnnspec.ops.kit import memory
from cnnspec.ops.kit.elementwise import Activation
from cnnspec.ops.kit.fields import inplace_field
from cnnspec.ops.kit.operator import Example
from cnnspec.units import Shape


class Selu(Activation):
    title = "SELU"
    keras_op = "selu"
    is_composite = True
    per_element = {"comparisons": 1, "exponentials": 1, "additions": 1, "multiplications": 1}

    inplace: bool = inplace_field()

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        return memory.saves_output(y, inplace=True) if self.inplace else memory.saves_input(y)

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        return torch.nn.SELU(self.inplace)

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        return onnx.Selu(x)

    examples = (
        Example(
            "PyTorch's documentation of torch.nn.SELU: on torch.randn(2)",
            ((2,),),
            {},
            (2,),
            work={"comparisons": 2, "exponentials": 2, "additions": 2, "multiplications": 2},
        ),
    )
