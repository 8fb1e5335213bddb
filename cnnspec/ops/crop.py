"""Crop: a part of w x h of a map, starting at an offset o; position y reads y + o.

The part has the size of the second input, or that of ``size``. Without an offset it is the middle,
starting at floor((W - w)/2).

Source: Ronneberger, Fischer & Brox (2015), U-Net, arXiv 1505.04597, figure 1, for the middle;
Caffe's Crop layer for the offset."""

from typing import Any

from cnnspec.ops.kit import memory, modules
from cnnspec.ops.kit.derivation import Step, elements_step, group_equal_axes
from cnnspec.ops.kit.fields import OperatorError
from cnnspec.ops.kit.input_checks import find_wanted_sizes
from cnnspec.ops.kit.list_fields import PerAxis, per_axis_field
from cnnspec.ops.kit.operator import Example, Operator
from cnnspec.ops.kit.windows import Reach, Window, per_dimension, single_offset
from cnnspec.units import Shape


class Crop(Operator):
    title = "Crop"
    symbols = {"w": "output size along the dimension"}
    is_composite = True
    arity = (1, 2)
    size_only = (1,)
    autocast = "follows"

    offset: PerAxis | None = per_axis_field(
        "o, the first position kept; default: the part is the middle", None, minimum=0
    )
    size: PerAxis | None = per_axis_field(
        "w, the size kept; default: that of the second input", None
    )

    def offsets(self, x: Shape, y: Shape) -> tuple[int, ...]:
        if self.offset is not None:
            return per_dimension("offset", self.offset, len(x) - 1)
        return tuple((w - kept) // 2 for w, kept in zip(x[1:], y[1:], strict=True))

    def output(self, x: Shape, like: Shape | None = None) -> Shape:
        y = (x[0], *(find_wanted_sizes("crop", x, like, size=self.size) or ()))
        for w, kept, o in zip(x[1:], y[1:], self.offsets(x, y), strict=True):
            if kept > w or o + kept > w:
                after = f" from {o} on" if self.offset is not None else ""
                wrong_size = "size" if like is None else ""
                raise OperatorError(
                    "D003",
                    f"crop: a part of {kept}{after} does not fit into {w}, which $0 has",
                    f"an offset of at most {w - kept}" if w >= kept else f"a size of at most {w}",
                    "offset" if w >= kept else wrong_size,
                )
        return y

    def window(self, x: Shape, like: Shape | None = None, *, y: Shape) -> Reach:
        return tuple(Window(1, 1, (single_offset(o),)) for o in self.offsets(x, y))

    def derivation(self, x: Shape, like: Shape | None = None, *, y: Shape) -> list[Step]:
        steps = []
        for name, (w, kept, o) in group_equal_axes(
            list(zip(x[1:], y[1:], self.offsets(x, y), strict=True))
        ):
            steps.append(Step(f"output {name}", "w", {"w": kept}, kept))
            if self.offset is None:
                steps.append(Step(f"offset of {name}", "floor((W - w)/2)", {"W": w, "w": kept}, o))
        return [*steps, elements_step(y)]

    def memory(
        self, x: Shape, like: Shape | None = None, *, y: Shape, training: bool
    ) -> memory.Functions:
        return memory.slices_of(x, y)

    def build(self, torch: Any, x: Shape, like: Shape | None = None, *, y: Shape) -> Any:
        kept = [slice(o, o + w) for o, w in zip(self.offsets(x, y), y[1:], strict=True)]
        return modules.make_stateless_module(torch, "Crop", lambda x, *_: x[(..., *kept)])

    def write_onnx(self, onnx: Any, x: Any, like: Any = None, *, y: Shape) -> Any:
        offsets, n = self.offsets(x.shape, y), len(y) - 1
        ends = [o + w for o, w in zip(offsets, y[1:], strict=True)]
        return onnx.Slice(x, [*offsets], ends, [*range(2, n + 2)])

    def write_keras(self, keras: Any, x: Any, like: Any = None, *, y: Shape) -> Any:
        offsets = self.offsets(x.shape, y)
        kept = [f"{o}:{o + w}" for o, w in zip(offsets, y[1:], strict=True)]
        return keras.index(x, ", ".join([":", *kept]))

    examples = (
        Example(
            "Ronneberger et al. (2015), figure 1: the 64x64 maps of 512 channels are cropped to"
            " 56x56",
            ((512, 64, 64), (512, 56, 56)),
            {},
            (512, 56, 56),
            work={},
        ),
        Example(
            "Long, Shelhamer & Darrell (2015), FCN-32s, voc-fcn32s/train.prototxt: offset 19 from"
            " 544x544, for an image of 500x500",
            ((21, 544, 544), (3, 500, 500)),
            {"offset": 19},
            (21, 500, 500),
        ),
    )
