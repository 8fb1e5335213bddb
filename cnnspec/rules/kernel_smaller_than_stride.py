"""Finds kernels that are smaller than their stride and so leave gaps between their windows.

Why: With stride S, windows of K < S positions read only K of every S. In two dimensions, a 1x1
convolution with stride 2 reads a quarter of the map, and three quarters of what the layers before
it have computed are discarded. The first ResNets do this in the bottleneck of each stage.

Fix: Move the stride into a layer with a larger kernel. In ResNet v1.5 the 3x3 convolution has the
stride: it reads everything, with the same number of parameters.

Ignore it if: You reproduce a published network that does this, such as the original ResNet-50.

Not reported: a map that another branch reads completely, as with the shortcut of a residual
block."""

from collections.abc import Iterator
from math import gcd, prod

from cnnspec.graph.model import Node
from cnnspec.ops.kit.windows import Axis
from cnnspec.problems import visible
from cnnspec.rules.rule import WARNING, LintedNetwork, LintRule, Remark
from cnnspec.units import format_shape


def check(net: LintedNetwork) -> Iterator[Remark]:
    """Report each map that all its readers read with gaps, at the reader that reads most."""
    readers: dict[int, list[tuple[Node, list[Axis]]]] = {}
    for node, axes in net.windowed:
        if any(count_read(axis) < axis.stride and axis.size > axis.extent for axis in axes):
            readers.setdefault(node.inputs[0].index, []).append((node, axes))
    for index, found in readers.items():
        if net.has_only_readers(index, len(found)):
            yield make_remark(*max(found, key=lambda reader: prod(map(count_read, reader[1]))))


def count_read(axis: Axis) -> int:
    """Return how many of every S positions the windows read; dilation can leave gaps too."""
    return min(axis.kernel, axis.stride // gcd(axis.dilation, axis.stride))


def make_remark(node: Node, axes: list[Axis]) -> Remark:
    """Return the remark, with the part of the map that is read."""
    read, positions = prod(map(count_read, axes)), prod(axis.stride for axis in axes)
    above = node.inputs[0]
    kernel = format_shape(tuple(axis.kernel for axis in axes))
    strides = format_shape(tuple(axis.stride for axis in axes))
    dilation = f" (dilation {axes[0].dilation})" if axes[0].dilation > 1 else ""
    message = (
        f"a kernel of {kernel}{dilation} with a stride of {strides} reads {read} of every"
        f" {positions} positions of {visible(above.row)} ({format_shape(above.output)}), and no"
        " other layer reads the rest"
    )
    largest = max(axis.stride for axis in axes)
    hint = (
        f"use kernel_size = {largest} or more, or move the stride to a layer with a larger kernel"
    )
    change = ("kernel_size", str(largest))
    return Remark(node, message, hint, ("stride", "kernel_size"), change)


rule = LintRule(
    "S002",
    WARNING,
    "kernels are at least as large as their stride",
    check,
    bad="""
name = "net"
input = [64, 56, 56]
layers = [
  { name = "reduce", op = "conv", out_channels = 128, kernel_size = 1, stride = 2 },
]
""",
    finding="""
net.toml:4:81: S002 a kernel of 1x1 with a stride of 2x2 reads 1 of every 4 positions of input
(64x56x56), and no other layer reads the rest
help: use kernel_size = 2 or more, or move the stride to a layer with a larger kernel
""",
    good="""
name = "net"
input = [64, 56, 56]
layers = [
  { name = "reduce", op = "conv", out_channels = 128, kernel_size = 3, stride = 2, padding = 1 },
]
""",
)
