"""Softplus: log(1 + exp(beta * x)) / beta, and x itself where beta * x is above a threshold.

Counted as if every element were below the threshold: one comparison, one multiplication, one
exponential, one addition, one logarithm and one division.

Source: Dugas et al. (2001), Incorporating second-order functional knowledge for better option
pricing; ``torch.nn.Softplus``."""

from typing import Any

from cnnspec.ops.kit import memory
from cnnspec.ops.kit.elementwise import Activation
from cnnspec.ops.kit.fields import number_field
from cnnspec.ops.kit.operator import Example
from cnnspec.units import Shape


class Softplus(Activation):
    title = "Softplus"
    per_element = {
        "comparisons": 1,
        "multiplications": 1,
        "exponentials": 1,
        "additions": 1,
        "logarithms": 1,
        "divisions": 1,
    }

    beta: float = number_field("how sharply it bends", default=1.0, minimum=1e-9)
    threshold: float = number_field("above it, beta * x counts as linear", default=20.0)

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        return memory.saves_input(y)

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        return torch.nn.Softplus(self.beta, self.threshold)

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        scaled = onnx.Mul(x, self.beta)
        bent = onnx.Div(onnx.Softplus(scaled), self.beta)
        return onnx.Where(onnx.Greater(scaled, self.threshold), x, bent)

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        if self.beta == 1:
            return keras.op("softplus", x)
        bent = keras.op("softplus", keras.op("multiply", x, self.beta))
        return keras.op("divide", bent, self.beta)

    examples = (
        Example(
            "PyTorch's documentation of torch.nn.Softplus: nn.Softplus() on torch.randn(2)",
            ((2,),),
            {},
            (2,),
            work={
                "comparisons": 2,
                "multiplications": 2,
                "exponentials": 2,
                "additions": 2,
                "logarithms": 2,
                "divisions": 2,
            },
        ),
    )
