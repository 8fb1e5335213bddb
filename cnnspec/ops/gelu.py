"""GELU, the Gaussian error linear unit: x * P(X <= x) = 0.5 * x * (1 + erf(x / sqrt(2))).

Counted: three multiplications, one addition, and one exponential in place of erf. With
``approximate`` "tanh" it is 0.5*x*(1 + tanh(c*(x + 0.044715*x^3))): six multiplications, two
additions, and the operations of a tanh.

Source: Hendrycks & Gimpel (2016), arXiv 1606.08415, section 2; ``torch.nn.GELU``."""

from math import prod
from typing import Any

from cnnspec.ops.kit import memory
from cnnspec.ops.kit.elementwise import Activation
from cnnspec.ops.kit.fields import choice_field
from cnnspec.ops.kit.operator import Example
from cnnspec.units import Shape


class Gelu(Activation):
    title = "GELU"
    per_element = {"multiplications": 3, "additions": 1, "exponentials": 1}
    per_element_tanh = {"multiplications": 7, "additions": 4, "exponentials": 1, "divisions": 1}
    autocast = "follows"

    approximate: str = choice_field(
        "the formula: exact, or with tanh", "none", "tanh", default="none"
    )

    def elementwise(self, x: Shape, y: Shape) -> dict[str, int]:
        counts = self.per_element_tanh if self.approximate == "tanh" else self.per_element
        return {kind: n * prod(y) for kind, n in counts.items()}

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        layout = memory.Layout(copies=memory.COPIES_GRADIENT_ONLY)
        return (memory.Function(prod(y), saves=(0,), layout=layout),)

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        return torch.nn.GELU(self.approximate)

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        return onnx.Gelu(x, approximate=self.approximate)

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        return keras.op("gelu", x, approximate=self.approximate == "tanh")

    examples = (
        Example(
            "Liu et al. (2022), A ConvNet for the 2020s, arXiv 2201.03545, figure 4 and table 9:"
            " between the 1x1 layers of a ConvNeXt-T block of stage 1, 384 channels of 56x56",
            ((384, 56, 56),),
            {},
            (384, 56, 56),
        ),
    )
