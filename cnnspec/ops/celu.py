"""CELU, the continuously differentiable ELU: x where x > 0, alpha * (exp(x / alpha) - 1) elsewhere.

Counted as if every element were negative: one comparison, one division, one exponential, one
addition and one multiplication.

Source: Barron (2017), Continuously differentiable exponential linear units, arXiv 1704.07483,
equation 2; ``torch.nn.CELU``."""

from typing import Any

from cnnspec.ops.kit import memory
from cnnspec.ops.kit.elementwise import Activation
from cnnspec.ops.kit.fields import inplace_field, number_field
from cnnspec.ops.kit.operator import Example
from cnnspec.units import Shape


class Celu(Activation):
    title = "CELU"
    per_element = {
        "comparisons": 1,
        "divisions": 1,
        "exponentials": 1,
        "additions": 1,
        "multiplications": 1,
    }

    alpha: float = number_field(
        "minus the limit for very negative inputs", default=1.0, minimum=1e-9
    )
    inplace: bool = inplace_field()

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        return memory.saves_output(y, inplace=True) if self.inplace else memory.saves_input(y)

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        return torch.nn.CELU(self.alpha, self.inplace)

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        return onnx.Celu(x, alpha=self.alpha)

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        return keras.op("celu", x, alpha=self.alpha)

    examples = (
        Example(
            "PyTorch's documentation of torch.nn.CELU: on torch.randn(2)",
            ((2,),),
            {},
            (2,),
            work={
                "comparisons": 2,
                "divisions": 2,
                "exponentials": 2,
                "additions": 2,
                "multiplications": 2,
            },
        ),
    )
