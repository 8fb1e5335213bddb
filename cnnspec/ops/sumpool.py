"""Sum pooling: the sum of each window, for each channel; it has no parameters.

The sizes are those of max pooling, floor((W - K + 2P)/S) + 1. The padding counts as zeros. An
output costs K*K - 1 additions.

Source: ``torch.nn.LPPool2d``, which at p = 1 is sum pooling."""

from math import prod
from typing import Any

from cnnspec.ops.kit import memory, modules, onnx_nodes
from cnnspec.ops.kit.operator import Example
from cnnspec.ops.kit.pooling import Pool
from cnnspec.ops.kit.window_memory import window_sums
from cnnspec.units import Shape


class SumPool(Pool):
    title = "Sum Pooling"
    is_composite = True
    takes = "sum"

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        return window_sums(x, y, self.covering(x, y))

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        return modules.make_stateless_module(
            torch, "SumPool", modules.make_window_sum_function(torch, self.covering(x, y))
        )

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        return onnx_nodes.sum_windows(onnx, x, self.covering(x.shape, y))

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        axes = self.covering(x.shape, y)
        means = keras.pool(x, axes, "Average", 0.0)
        return keras.op("multiply", means, prod(a.kernel for a in axes))

    examples = (
        Example(
            "LeCun et al. (1998), section II.B: a unit of S2 adds 2x2 inputs of C1's 6 maps of"
            " 28x28",
            ((6, 28, 28),),
            {"kernel_size": 2},
            (6, 14, 14),
        ),
    )
