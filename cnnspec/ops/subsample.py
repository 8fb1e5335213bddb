"""Subsampling: every S-th position of each dimension, from the first on; ceil(W/S) remain.

Nothing is computed. It is the same as max pooling with a window of one.

Source: He, Zhang, Ren & Sun (2016), Deep residual learning for image recognition, section 3.3,
option A."""

from typing import Any

from cnnspec.ops.kit import memory, modules
from cnnspec.ops.kit.derivation import Step, elements_step, group_equal_axes
from cnnspec.ops.kit.input_checks import require_feature_map
from cnnspec.ops.kit.list_fields import PerAxis, per_axis_field
from cnnspec.ops.kit.operator import Example, Operator
from cnnspec.ops.kit.windows import Reach, Window, per_dimension, single_offset
from cnnspec.units import Shape


class Subsample(Operator):
    title = "Subsampling"
    is_composite = True
    autocast = "follows"

    stride: PerAxis = per_axis_field("S, the step from one position kept to the next")

    def strides(self, x: Shape) -> tuple[int, ...]:
        return per_dimension("stride", self.stride, len(x) - 1)

    def output(self, x: Shape) -> Shape:
        channels, sizes = require_feature_map("subsample", x)
        return (channels, *(-(-w // s) for w, s in zip(sizes, self.strides(x), strict=True)))

    def window(self, x: Shape, y: Shape) -> Reach:
        return tuple(Window(1, s, (single_offset(0),)) for s in self.strides(x))

    def derivation(self, x: Shape, y: Shape) -> list[Step]:
        parts = list(zip(x[1:], self.strides(x), y[1:], strict=True))
        return [
            *(
                Step(f"output {name}", "ceil(W/S)", {"W": w, "S": s}, size)
                for name, (w, s, size) in group_equal_axes(parts)
            ),
            elements_step(y),
        ]

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        return memory.slices_of(x, y, steps=True)

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        kept = [slice(None, None, s) for s in self.strides(x)]
        return modules.make_stateless_module(torch, "Subsample", lambda x: x[(..., *kept)])

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        n = len(y) - 1
        ends = [2**31 - 1] * n
        return onnx.Slice(x, [0] * n, ends, [*range(2, n + 2)], [*self.strides(x.shape)])

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        return keras.index(x, ", ".join([":", *(f"::{s}" for s in self.strides(x.shape))]))

    examples = (
        Example(
            "He et al. (2016), section 4.2: from 32x32 to 16x16 maps of the CIFAR-10 nets by a"
            " stride of 2",
            ((16, 32, 32),),
            {"stride": 2},
            (16, 16, 16),
            work={},
        ),
    )
