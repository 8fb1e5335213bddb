"""Hardsigmoid: min(max(0, x + 3), 6) / 6, a sigmoid made of three straight lines.

Counted for each element: one addition, two comparisons and one division.

Source: Howard et al. (2019), Searching for MobileNetV3, arXiv 1905.02244, section 5.2;
``torch.nn.Hardsigmoid``."""

from typing import Any

from cnnspec.ops.kit import memory
from cnnspec.ops.kit.elementwise import Activation
from cnnspec.ops.kit.fields import inplace_field
from cnnspec.ops.kit.operator import Example
from cnnspec.units import Shape


class Hardsigmoid(Activation):
    title = "Hardsigmoid"
    keras_op = "hard_sigmoid"
    per_element = {"additions": 1, "comparisons": 2, "divisions": 1}
    autocast = "follows"
    value_limits = (0.0, 1.0)

    inplace: bool = inplace_field()

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        return memory.saves_input_or_copy(y, self.inplace)

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        return torch.nn.Hardsigmoid(self.inplace)

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        return onnx.HardSigmoid(x, alpha=1 / 6, beta=0.5)

    examples = (
        Example(
            "Howard et al. (2019), table 1: the first squeeze-and-excite block of MobileNetV3-Large"
            " gates 72 channels",
            ((72, 1, 1),),
            {},
            (72, 1, 1),
            work={"additions": 72, "comparisons": 2 * 72, "divisions": 72},
        ),
    )
