"""Finds layers whose number of channels is not divisible by 8.

Why: Tensor cores of GPUs multiply tiles, whose sides are multiples of 8 in 16-bit formats. Other
numbers of channels are padded to the next multiple, or use slower units. A layer of 66 channels
costs as much as one of 72, which can learn more.

Fix: Use a multiple of 8.

Ignore it if: The network does not run in 16 bits on a GPU, or you reproduce a published one.

Not reported: the last layer, whose outputs are as many as there are classes.

Source: NVIDIA, Deep Learning Performance documentation, Convolutional Layers User's Guide.
"""

from collections.abc import Iterator

from cnnspec.rules.rule import ADVICE, LintedNetwork, LintRule, Remark

TILE = 8


def check(net: LintedNetwork) -> Iterator[Remark]:
    """Report each layer with weights that another one reads, and that is not divisible by 8."""
    inner = find_inner_nodes(net)
    for node in net.nodes:
        channels = node.output[0]
        if node.op.weight_layout and channels % TILE and node.index in inner:
            down, up = channels // TILE * TILE, -(-channels // TILE) * TILE
            message = (
                f"{channels} channels are not divisible by {TILE}: tensor cores compute {up},"
                f" {up - channels} of them for nothing"
            )
            hint = f"use {down} or {up} channels" if down else f"use {up} channels"
            yield Remark(node, message, hint, ("out_channels", "out_features", "multiplier"))


def find_inner_nodes(net: LintedNetwork) -> set[int]:
    """Return the nodes whose values a layer with weights reads, directly or through others."""
    inner: set[int] = set()
    for node in reversed(net.nodes):
        if node.op.weight_layout or node.index in inner:
            inner.update(n.index for n in node.value_inputs)
    return inner


rule = LintRule(
    "A004",
    ADVICE,
    "channel counts are divisible by 8",
    check,
    bad="""
name = "net"
input = [3, 32, 32]
layers = [
  { name = "conv",  op = "conv", out_channels = 30, kernel_size = 3, activation = "relu" },
  { name = "score", op = "conv", out_channels = 10, kernel_size = 1 },
]
""",
    finding="""
net.toml:4:49: A004 30 channels are not divisible by 8: tensor cores compute 32, 2 of them for
nothing
help: use 24 or 32 channels
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
