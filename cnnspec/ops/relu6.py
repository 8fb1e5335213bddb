"""ReLU6: min(max(0, x), 6), a ReLU whose outputs stay in the range of low-precision arithmetic.

Counted: two comparisons for each element.

Source: Howard et al. (2017), MobileNets, arXiv 1704.04861; ``torch.nn.ReLU6``."""

from typing import Any

from cnnspec.ops.kit import memory
from cnnspec.ops.kit.elementwise import Activation
from cnnspec.ops.kit.fields import inplace_field
from cnnspec.ops.kit.operator import Example
from cnnspec.units import Shape


class Relu6(Activation):
    title = "ReLU6"
    per_element = {"comparisons": 2}
    autocast = "follows"
    value_limits = (0.0, 6.0)
    is_idempotent = True

    inplace: bool = inplace_field()

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        return memory.saves_input_or_copy(y, self.inplace)

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        return torch.nn.ReLU6(self.inplace)

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        return onnx.Clip(x, 0.0, 6.0)

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        return keras.layer("ReLU", x, max_value=6.0)

    examples = (
        Example(
            "Sandler et al. (2018), MobileNetV2, arXiv 1801.04381, table 2: the first layer has"
            " 112x112 outputs of 32 channels",
            ((32, 112, 112),),
            {},
            (32, 112, 112),
            work={"comparisons": 2 * 32 * 112 * 112},
        ),
    )
