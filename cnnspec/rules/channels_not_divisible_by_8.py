"""Channels that tensor cores cannot use whole.

Matrix units of GPUs multiply tiles: in 16-bit formats their sides are multiples of 8, and channels
that are not are padded up to one or sent to slower units. A layer of 66 channels costs what one of
72 does, which learns more. The scores of an output are as many as there are classes, and are not
meant.

Source: NVIDIA, Deep Learning Performance documentation, Convolutional Layers User's Guide.
"""

from collections.abc import Iterator

from cnnspec.graph.model import Node
from cnnspec.rules.rule import ADVICE, LintedNetwork, LintRule, Remark

TILE = 8


def check(net: LintedNetwork) -> Iterator[Remark]:
    """Every convolution or linear layer between others whose channels do not divide by 8."""
    leads = leading_on(net)
    for node in net.nodes:
        channels = node.output[0]
        if node.op.weight_layout and channels % TILE and node.index in leads:
            down, up = channels // TILE * TILE, -(-channels // TILE) * TILE
            message = (
                f"{channels} channels do not divide by {TILE}: tensor cores work on {up}, with "
                f"{up - channels} of padding"
            )
            yield Remark(
                node,
                message,
                f"{f'{down} or ' if down else ''}{up} channels use all that is computed",
                ("out_channels", "out_features", "multiplier"),
            )


def leading_on(net: LintedNetwork) -> set[int]:
    """The nodes that other layers with weights read, at once or through others."""
    found: set[int] = set()
    for node in reversed(net.nodes):
        if node.op.weight_layout or node.index in found:
            found.update(n.index for n in inputs(node))
    return found


def inputs(node: Node) -> tuple[Node, ...]:
    """The inputs whose values a node reads."""
    return tuple(n for i, n in enumerate(node.inputs) if i not in node.op.size_only)


rule = LintRule(
    "A004",
    ADVICE,
    "channels divide by 8",
    check,
    bad="""
name = "net"
input = [3, 32, 32]
layers = [
  { name = "conv",  op = "conv", out_channels = 30, kernel_size = 3, activation = "relu" },
  { name = "score", op = "conv", out_channels = 10, kernel_size = 1 },
]
""",
    good="""
name = "net"
input = [3, 32, 32]
layers = [
  { name = "conv",  op = "conv", out_channels = 32, kernel_size = 3, activation = "relu" },
  { name = "score", op = "conv", out_channels = 10, kernel_size = 1 },
]
""",
)
