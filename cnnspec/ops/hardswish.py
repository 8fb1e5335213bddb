"""Hardswish: x * min(max(0, x + 3), 6) / 6, a SiLU with the hard sigmoid.

Counted for each element: one addition, two comparisons, one multiplication and one division.

Source: Howard et al. (2019), Searching for MobileNetV3, arXiv 1905.02244, section 5.2;
``torch.nn.Hardswish``."""

from typing import Any

from cnnspec.ops.kit import memory
from cnnspec.ops.kit.elementwise import Activation
from cnnspec.ops.kit.fields import inplace_field
from cnnspec.ops.kit.operator import Example
from cnnspec.units import Shape


class Hardswish(Activation):
    title = "Hardswish"
    keras_op = "hard_silu"
    onnx_type = "HardSwish"
    per_element = {"additions": 1, "comparisons": 2, "multiplications": 1, "divisions": 1}
    autocast = "follows"

    inplace: bool = inplace_field()

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        return memory.saves_input_or_copy(y, self.inplace)

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        return torch.nn.Hardswish(self.inplace)

    examples = (
        Example(
            "Howard et al. (2019), table 1: the first layer of MobileNetV3-Large, 16 channels,"
            " whose 112x112 outputs the next row takes",
            ((16, 112, 112),),
            {},
            (16, 112, 112),
            work={
                "additions": 16 * 112 * 112,
                "comparisons": 2 * 16 * 112 * 112,
                "divisions": 16 * 112 * 112,
                "multiplications": 16 * 112 * 112,
            },
        ),
    )
