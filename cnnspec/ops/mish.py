"""Mish: x * tanh(softplus(x)) = x * tanh(log(1 + exp(x))).

Counted: two exponentials, one logarithm, two additions, one division and one multiplication for
each element.

Source: Misra (2019), Mish: a self regularized non-monotonic activation function, arXiv 1908.08681;
``torch.nn.Mish``."""

from typing import Any

from cnnspec.ops.kit import memory
from cnnspec.ops.kit.elementwise import Activation
from cnnspec.ops.kit.fields import inplace_field
from cnnspec.ops.kit.operator import Example
from cnnspec.units import Shape


class Mish(Activation):
    title = "Mish"
    onnx_type = "Mish"
    per_element = {
        "exponentials": 2,
        "logarithms": 1,
        "additions": 2,
        "divisions": 1,
        "multiplications": 1,
    }

    inplace: bool = inplace_field()

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        return memory.saves_input_or_copy(y, self.inplace)

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        return torch.nn.Mish(self.inplace)

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        return keras.layer("Activation", x, "mish")

    examples = (
        Example(
            "Bochkovskiy, Wang & Liao (2020), YOLOv4, arXiv 2004.10934, section 3.4: Mish in the"
            " backbone; the first convolution gives 32 channels of 608x608",
            ((32, 608, 608),),
            {},
            (32, 608, 608),
            work={
                "exponentials": 2 * 32 * 608 * 608,
                "logarithms": 32 * 608 * 608,
                "additions": 2 * 32 * 608 * 608,
                "divisions": 32 * 608 * 608,
                "multiplications": 32 * 608 * 608,
            },
        ),
    )
