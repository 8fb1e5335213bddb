"""SiLU (Swish): x * sigmoid(x) = x / (1 + exp(-x)).

Counted for each element: one exponential, one addition, one division and one multiplication.

Source: Elfwing, Uchibe & Doya (2018), arXiv 1702.03118; Ramachandran, Zoph & Le (2017), arXiv
1710.05941; ``torch.nn.SiLU``."""

from typing import Any

from cnnspec.ops.kit import memory
from cnnspec.ops.kit.elementwise import Activation
from cnnspec.ops.kit.fields import inplace_field
from cnnspec.ops.kit.operator import Example
from cnnspec.units import Shape


class Silu(Activation):
    title = "SiLU"
    keras_op = "silu"
    per_element = {"exponentials": 1, "additions": 1, "divisions": 1, "multiplications": 1}
    autocast = "follows"

    inplace: bool = inplace_field()

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        return memory.saves_input_or_copy(y, self.inplace)

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        return torch.nn.SiLU(self.inplace)

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        return onnx.Mul(x, onnx.Sigmoid(x))

    examples = (
        Example(
            "Tan & Le (2019), EfficientNet, arXiv 1905.11946, table 1: the first stage gives 32"
            " channels of 112x112, with SiLU (section 5.2)",
            ((32, 112, 112),),
            {},
            (32, 112, 112),
            work={
                "exponentials": 32 * 112 * 112,
                "additions": 32 * 112 * 112,
                "divisions": 32 * 112 * 112,
                "multiplications": 32 * 112 * 112,
            },
        ),
    )
