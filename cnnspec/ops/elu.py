"""ELU, the exponential linear unit: x where it is positive, alpha * (exp(x) - 1) elsewhere.

Counted as if every element were negative: one comparison, one exponential, one addition and one
multiplication.

Source: Clevert, Unterthiner & Hochreiter (2016), arXiv 1511.07289, section 3; ``torch.nn.ELU``."""

from typing import Any

from cnnspec.ops.kit import memory
from cnnspec.ops.kit.elementwise import Activation
from cnnspec.ops.kit.fields import inplace_field, number_field
from cnnspec.ops.kit.operator import Example
from cnnspec.units import Shape


class Elu(Activation):
    title = "ELU"
    per_element = {"comparisons": 1, "exponentials": 1, "additions": 1, "multiplications": 1}
    autocast = "follows"

    alpha: float = number_field("minus the limit for very negative inputs", default=1.0)
    inplace: bool = inplace_field()

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        return memory.saves_output(y, inplace=True) if self.inplace else memory.saves_input(y)

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        return torch.nn.ELU(self.alpha, self.inplace)

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        return onnx.Elu(x, alpha=self.alpha)

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        return keras.layer("ELU", x, alpha=self.alpha)

    examples = (
        Example(
            "PyTorch's documentation of torch.nn.ELU: nn.ELU() on torch.randn(2)",
            ((2,),),
            {},
            (2,),
            work={"comparisons": 2, "exponentials": 2, "additions": 2, "multiplications": 2},
        ),
    )
