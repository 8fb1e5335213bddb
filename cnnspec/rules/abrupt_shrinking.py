"""Finds maps that lose more than seven eighths of their values in one layer.

Why: The output of a layer is all that later layers know of the input. If its size falls steeply, by
more than a factor of 8 in one convolution or pool, information is lost before it was used. Good
networks halve the height and width and double the channels, which halves the size each time.

Fix: Use a smaller stride, more channels, or two steps instead of one.

Ignore it if: The input is much larger than the details that matter, as in a first layer with a
large stride.

Not reported: branches that keep enough together, as in an Inception block; heads, which make scores
from features by global pooling or linear layers.

Source: Szegedy, Vanhoucke, Ioffe, Shlens & Wojna (2016), Rethinking the Inception architecture,
arXiv 1512.00567, section 2, principle 1."""

from collections.abc import Iterator
from math import prod

from cnnspec.problems import visible
from cnnspec.rules.rule import ADVICE, LintedNetwork, LintRule, Remark
from cnnspec.units import format_count, format_shape

FACTOR = 8


def check(net: LintedNetwork) -> Iterator[Remark]:
    """Report each map of which its readers keep less than an eighth, if the first is a window."""
    windowed = {node.index for node, _ in net.windowed}
    outputs = {node.index for node in net.graph.outputs}
    for above in net.graph.nodes:
        readers = net.readers[above.index]
        if not readers or readers[0].index not in windowed or above.index in outputs:
            continue
        before, after = prod(above.output), sum(prod(reader.output) for reader in readers)
        if before > FACTOR * after and not any(reader.index in outputs for reader in readers):
            node = readers[0]
            kept = f"{format_count(after)} ({format_shape(node.output)})"
            if len(readers) > 1:
                kept = f"{format_count(after)} in {len(readers)} branches"
            message = (
                f"{visible(node.name)} reduces {format_count(before)} values"
                f" ({format_shape(above.output)}) to {kept}: a factor of {before / after:.3g} in"
                f" one layer, more than {FACTOR}"
            )
            hint = "use a smaller stride, more channels, or two steps instead of one"
            yield Remark(node, message, hint, ("stride", "kernel_size", "out_channels"))


rule = LintRule(
    "A009",
    ADVICE,
    "no layer shrinks a map by more than a factor of 8",
    check,
    bad="""
name = "net"
input = [16, 64, 64]
layers = [
  { name = "pool", op = "maxpool", kernel_size = 4 },
  { name = "conv", op = "conv", out_channels = 32, kernel_size = 3, activation = "relu" },
]
""",
    finding="""
net.toml:4:50: A009 pool reduces 65,536 values (16x64x64) to 4,096 (16x16x16): a factor of 16 in
one layer, more than 8
help: use a smaller stride, more channels, or two steps instead of one
""",
    good="""
name = "net"
input = [16, 64, 64]
layers = [
  { name = "pool", op = "maxpool", kernel_size = 2 },
  { name = "conv", op = "conv", out_channels = 32, kernel_size = 3, activation = "relu" },
]
""",
)
