"""Channel shuffle: the channels, read as g rows of C/g, are reordered column by column.

This mixes the groups. Nothing is computed, and the shape C x H x W stays the same.

Source: Zhang, Zhou, Lin & Sun (2018), ShuffleNet, arXiv 1707.01083, section 3.1;
``torch.nn.ChannelShuffle``."""

from math import prod
from typing import Any

from cnnspec.ops.kit import memory, onnx_nodes
from cnnspec.ops.kit.derivation import Step, elements_step
from cnnspec.ops.kit.fields import size_field
from cnnspec.ops.kit.input_checks import require_divisible, require_feature_map
from cnnspec.ops.kit.operator import Example, Operator
from cnnspec.units import Shape


class ChannelShuffle(Operator):
    title = "Channel Shuffle"
    autocast = "follows"
    values_show_settings = True

    groups: int = size_field("g, the groups whose channels are mixed")

    def output(self, x: Shape) -> Shape:
        channels, _ = require_feature_map("channel_shuffle", x)
        require_divisible(self.groups, channels)
        return x

    def derivation(self, x: Shape, y: Shape) -> list[Step]:
        return [elements_step(y)]

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        return (memory.Function(prod(y), layout=memory.Layout(copies=memory.COPIES_STRIDED)),)

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        return torch.nn.ChannelShuffle(self.groups)

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        n = x.shape[0] // self.groups
        groups = onnx.Reshape(x, [0, self.groups, n, -1])
        mixed = onnx.Transpose(groups, perm=[0, 2, 1, 3])
        return onnx_nodes.reshape(onnx, mixed, y)

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        n = x.shape[0] // self.groups
        groups = keras.layer("Reshape", x, (*x.shape[1:], self.groups, n))
        k = len(y)
        mixed = keras.layer("Permute", groups, (*range(1, k), k + 1, k))
        return keras.layer("Reshape", mixed, (*y[1:], y[0]))

    examples = (
        Example(
            "PyTorch's documentation of torch.nn.ChannelShuffle: 2 groups of a 1x4x2x2 tensor",
            ((4, 2, 2),),
            {"groups": 2},
            (4, 2, 2),
            work={},
        ),
    )
