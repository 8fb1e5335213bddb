"""Depth to space (pixel shuffle): the channels of each position become a block of b x b positions.

C x H x W becomes C/(b*b) x H*b x W*b, with C/b**n channels in n dimensions. The output position y
reads floor(y/b). Nothing is computed.

Source: Shi et al. (2016), Real-time single image and video super-resolution, arXiv 1609.05158,
equation 4; ``torch.nn.PixelShuffle``."""

from math import prod
from typing import Any

from cnnspec.ops.kit import memory, modules, onnx_nodes
from cnnspec.ops.kit.derivation import Step, elements_step, group_equal_axes
from cnnspec.ops.kit.fields import OperatorError, size_field
from cnnspec.ops.kit.input_checks import require_feature_map
from cnnspec.ops.kit.operator import Example, Operator
from cnnspec.ops.kit.windows import Phases, Reach, Window, single_offset
from cnnspec.units import Shape


class DepthToSpace(Operator):
    title = "Depth to Space"
    symbols = {"b": "size of a block"}
    autocast = "follows"
    values_show_settings = True
    recorded_from = ("pixel_shuffle",)

    block: int = size_field("b, the block's size")

    def output(self, x: Shape) -> Shape:
        channels, sizes = require_feature_map("depth_to_space", x)
        places = self.block ** len(sizes)
        if channels % places:
            raise OperatorError(
                "D004",
                f"{channels} channels do not divide into the {places} places of a block of "
                f"{self.block}",
                f"a multiple of {places} channels before it",
                "block",
            )
        return (channels // places, *(w * self.block for w in sizes))

    def window(self, x: Shape, y: Shape) -> Reach:
        return (Window(self.block, 1, Phases(self.block, lambda r: single_offset(0))),) * (
            len(x) - 1
        )

    def derivation(self, x: Shape, y: Shape) -> list[Step]:
        sizes = [
            Step(f"output {name}", "W*b", {"W": w, "b": self.block}, w * self.block)
            for name, w in group_equal_axes(x[1:])
        ]
        return [
            Step("output channels", "C" + "/b" * (len(x) - 1), {"C": x[0], "b": self.block}, y[0]),
            *sizes,
            elements_step(y),
        ]

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        return (memory.Function(prod(y), layout=memory.Layout(copies=memory.COPIES_STRIDED)),)

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        n, b = len(x) - 1, self.block
        if n == 2:
            return torch.nn.PixelShuffle(b)
        order = (0, 1, *range(2 + n, 2 + 2 * n), *range(2, 2 + n))
        return modules.make_stateless_module(
            torch,
            "DepthToSpace",
            lambda x: modules.join_blocks(
                x.reshape(len(x), y[0], *(b,) * n, *x.shape[2:]).permute(order)
            ),
        )

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        n, b = len(y) - 1, self.block
        blocks = onnx.Reshape(x, [0, y[0], *[b] * n, *x.shape[1:]])
        order = [axis for i in range(n) for axis in (2 + n + i, 2 + i)]
        return onnx_nodes.reshape(onnx, onnx.Transpose(blocks, perm=[0, 1, *order]), y)

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        n, b = len(y) - 1, self.block
        blocks = keras.layer("Reshape", x, (*x.shape[1:], y[0], *[b] * n))
        order = [axis for i in range(1, n + 1) for axis in (i, n + 1 + i)]
        mixed = keras.layer("Permute", blocks, (*order, n + 1))
        return keras.layer("Reshape", mixed, (*y[1:], y[0]))

    examples = (
        Example(
            "PyTorch's documentation of torch.nn.PixelShuffle: factor 3 makes 9x4x4 1x12x12",
            ((9, 4, 4),),
            {"block": 3},
            (1, 12, 12),
            work={},
        ),
    )
