"""Min pooling: the smallest value of each window, for each channel; it has no parameters.

It is max pooling of the negative, min(x) = -max(-x), and has the same sizes: floor((W - K + 2P)/S)
+ 1. The padding counts as plus infinity. An output costs K*K - 1 comparisons.

Source: He, Sun & Tang (2009), Single image haze removal using dark channel prior, equation 5, whose
dark channel is a minimum over patches; mathematical morphology knows it as erosion."""

from math import prod
from typing import Any

from cnnspec.ops.kit import memory, modules
from cnnspec.ops.kit.list_fields import PerAxis, per_axis_field
from cnnspec.ops.kit.operator import Example
from cnnspec.ops.kit.pooling import Pool
from cnnspec.units import Shape


class MinPool(Pool):
    title = "Min Pooling"
    is_composite = True
    takes = "smallest"

    dilation: PerAxis = per_axis_field(
        "D, the distance between the positions that a window reads", default=1
    )

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        indices = memory.Saved(indices=prod(y), indices_for_gradient=len(x) == 2)
        pooled = self.pool_functions(x, y, indices)
        return (
            memory.Function(prod(x), held_for=len(pooled)),
            *memory.reads_previous(pooled),
            memory.Function(prod(y), inputs=(memory.PREVIOUS,)),
        )

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        largest = self.largest(torch, x, y)
        return modules.make_stateless_module(torch, "MinPool", lambda x: -largest(-x))

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        return onnx.Neg(self.write_largest(onnx, onnx.Neg(x), x.shape))

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        negative = keras.op("negative", x)
        pooled = keras.pool(negative, self.covering(x.shape, y), "Max")
        return keras.op("negative", pooled)

    examples = (
        Example(
            "He, Sun & Tang (2009), section 5: patches of 15x15, one around each pixel of a 600x400"
            " image",
            ((1, 400, 600),),
            {"kernel_size": 15, "stride": 1, "padding": "half"},
            (1, 400, 600),
        ),
    )
