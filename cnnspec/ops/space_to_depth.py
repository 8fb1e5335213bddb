"""Space to depth: each block of b x b positions becomes one position with b*b times the channels.

C x H x W becomes C*b*b x H/b x W/b, with C*b**n channels in n dimensions. The output position y
reads b*y to b*y + b - 1. Nothing is computed.

Source: Redmon & Farhadi (2017), YOLO9000, arXiv 1612.08242, section 2, "fine-grained features";
``torch.nn.PixelUnshuffle``."""

from math import prod
from typing import Any

from cnnspec.ops.kit import memory, modules, onnx_nodes
from cnnspec.ops.kit.derivation import Step, elements_step, group_equal_axes
from cnnspec.ops.kit.fields import OperatorError, size_field
from cnnspec.ops.kit.input_checks import require_feature_map
from cnnspec.ops.kit.operator import Example, Operator
from cnnspec.ops.kit.windows import Reach, Window
from cnnspec.units import Shape


class SpaceToDepth(Operator):
    title = "Space to Depth"
    symbols = {"b": "size of a block"}
    recorded_from = ("pixel_unshuffle",)
    autocast = "follows"
    values_show_settings = True

    block: int = size_field("b, the block's size")

    def output(self, x: Shape) -> Shape:
        channels, sizes = require_feature_map("space_to_depth", x)
        for w in sizes:
            if w % self.block:
                raise OperatorError(
                    "D005",
                    f"a size of {w} does not divide into blocks of {self.block}",
                    f"a padding to {-(-w // self.block) * self.block}, or a block that divides {w}",
                    "block",
                )
        return (channels * self.block ** len(sizes), *(w // self.block for w in sizes))

    def window(self, x: Shape, y: Shape) -> Reach:
        return (Window(1, self.block, (range(self.block),)),) * (len(x) - 1)

    def derivation(self, x: Shape, y: Shape) -> list[Step]:
        sizes = [
            Step(f"output {name}", "W/b", {"W": w, "b": self.block}, w // self.block)
            for name, w in group_equal_axes(x[1:])
        ]
        return [
            Step("output channels", "C" + "*b" * (len(x) - 1), {"C": x[0], "b": self.block}, y[0]),
            *sizes,
            elements_step(y),
        ]

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        return (memory.Function(prod(y), layout=memory.Layout(copies=memory.COPIES_STRIDED)),)

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        n, b = len(x) - 1, self.block
        if n == 2:
            return torch.nn.PixelUnshuffle(b)
        order = (0, 1, *range(2 + n, 2 + 2 * n), *range(2, 2 + n))
        return modules.make_stateless_module(
            torch,
            "SpaceToDepth",
            lambda x: modules.cut_into_blocks(x, (b,) * n).permute(order).flatten(1, 1 + n),
        )

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        n, b = len(y) - 1, self.block
        blocks = onnx.Reshape(x, [0, x.shape[0], *(part for w in y[1:] for part in (w, b))])
        order = [0, 1, *range(3, 3 + 2 * n, 2), *range(2, 2 + 2 * n, 2)]
        return onnx_nodes.reshape(onnx, onnx.Transpose(blocks, perm=order), y)

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        n, b = len(y) - 1, self.block
        blocks = keras.layer("Reshape", x, (*(part for w in y[1:] for part in (w, b)), x.shape[0]))
        order = (*range(1, 2 * n, 2), 2 * n + 1, *range(2, 2 * n + 1, 2))
        return keras.layer("Reshape", keras.layer("Permute", blocks, order), (*y[1:], y[0]))

    examples = (
        Example(
            "Redmon & Farhadi (2017), section 2: 26x26x512 becomes 13x13x2048",
            ((512, 26, 26),),
            {"block": 2},
            (2048, 13, 13),
            work={},
        ),
        Example(
            "PyTorch's documentation of torch.nn.PixelUnshuffle: factor 3 makes 1x12x12 9x4x4",
            ((1, 12, 12),),
            {"block": 3},
            (9, 4, 4),
        ),
    )
