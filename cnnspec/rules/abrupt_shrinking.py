"""A map that loses most of its values in one layer.

Each layer's output is all that the layers behind it know of the input. Where its size falls
steeply, by more than a factor of 8 in one convolution or pool, information is thrown away before it
has been looked at; good networks halve the sides and double the channels, which halves the size
each time. What all readers of a map make of it is counted together, so that the thin branches of an
Inception block are none. Heads, which make scores of features by global pooling or linear layers,
are not meant.

Source: Szegedy, Vanhoucke, Ioffe, Shlens & Wojna (2016), Rethinking the Inception architecture,
arXiv 1512.00567, section 2, principle 1."""

from collections.abc import Iterator
from math import prod

from cnnspec.problems import visible
from cnnspec.rules.rule import ADVICE, LintedNetwork, LintRule, Remark
from cnnspec.units import format_count, format_shape

FACTOR = 8


def check(net: LintedNetwork) -> Iterator[Remark]:
    """Every map of which its readers, the first of them a convolution or pool, keep less than an
    eighth."""
    windowed = {node.index for node, _ in net.windowed}
    outputs = {n.index for n in net.graph.outputs}
    for above in net.graph.nodes:
        readers = net.readers[above.index]
        if not readers or readers[0].index not in windowed or above.index in outputs:
            continue
        before, after = prod(above.output), sum(prod(r.output) for r in readers)
        if before > FACTOR * after and not any(r.index in outputs for r in readers):
            node = readers[0]
            message = (
                f"{visible(node.name)} makes {format_count(prod(node.output))} values"
                f" ({format_shape(node.output)}) of {format_count(before)} ({format_shape(above.output)}):"
                f" {before / after:.3g} times fewer in one layer, more than {FACTOR}"
            )
            yield Remark(
                node,
                message,
                "a smaller stride, more channels, or two steps instead of one",
                ("stride", "kernel_size", "out_channels"),
            )


rule = LintRule(
    "A009",
    ADVICE,
    "no layer throws away more than seven eighths of a map",
    check,
    bad="""
name = "net"
input = [16, 64, 64]
layers = [
  { name = "pool", op = "maxpool", kernel_size = 4 },
  { name = "conv", op = "conv", out_channels = 32, kernel_size = 3, padding = 1, activation = "relu" },
]
""",
    good="""
name = "net"
input = [16, 64, 64]
layers = [
  { name = "pool", op = "maxpool", kernel_size = 2 },
  { name = "conv", op = "conv", out_channels = 32, kernel_size = 3, padding = 1, activation = "relu" },
]
""",
)
