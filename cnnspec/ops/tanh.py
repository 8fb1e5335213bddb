"""Tanh, the hyperbolic tangent: (exp(2x) - 1) / (exp(2x) + 1).

Counted for each element: one multiplication, one exponential, two additions and one division.

Source: LeCun, Bottou, Bengio & Haffner (1998), section II.B and appendix A; ``torch.nn.Tanh``."""

from typing import Any

from cnnspec.ops.kit import memory
from cnnspec.ops.kit.elementwise import Activation
from cnnspec.ops.kit.operator import Example
from cnnspec.units import Shape


class Tanh(Activation):
    title = "tanh"
    keras_op = "tanh"
    onnx_type = "Tanh"
    per_element = {"multiplications": 1, "exponentials": 1, "additions": 2, "divisions": 1}
    autocast = "follows"

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        return memory.saves_output(y)

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        return torch.nn.Tanh()

    examples = (
        Example(
            "course note 004, table of LeNet-5: C1, 6 maps of 28x28, with tanh",
            ((6, 28, 28),),
            {},
            (6, 28, 28),
            work={
                "multiplications": 6 * 28 * 28,
                "exponentials": 6 * 28 * 28,
                "additions": 2 * 6 * 28 * 28,
                "divisions": 6 * 28 * 28,
            },
        ),
    )
