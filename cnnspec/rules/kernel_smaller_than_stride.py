"""A kernel smaller than its stride, which leaves gaps between its windows.

With a stride of S, windows of K < S positions read K of every S; in two dimensions a 1x1
convolution with a stride of 2 reads a quarter of the map, and three quarters of what the layers
above have computed is thrown away. The first ResNets do so in each stage's bottleneck; moving the
stride into the 3x3 convolution (as many say, v1.5) reads everything at the same number of
parameters. A shortcut may skip what the other branch reads: a map is looked at with all its
readers."""

from collections.abc import Iterator
from math import gcd, prod

from cnnspec.graph.model import Node
from cnnspec.ops.kit.windows import Axis
from cnnspec.problems import visible
from cnnspec.rules.rule import WARNING, LintedNetwork, LintRule, Remark
from cnnspec.units import format_shape


def check(net: LintedNetwork) -> Iterator[Remark]:
    """One remark a map: at the first of its readers, where each of them leaves gaps."""
    readers: dict[int, list[tuple[Node, list[Axis]]]] = {}
    for node, axes in net.windowed:
        if any(phases(a) < a.stride and a.size > a.extent for a in axes):
            readers.setdefault(node.inputs[0].index, []).append((node, axes))
    for index, found in readers.items():
        if net.has_only_readers(index, len(found)):
            yield remark(*max(found, key=lambda reader: prod(map(phases, reader[1]))))


def phases(a: Axis) -> int:
    """How many positions of every S the windows read: dilation can leave gaps too."""
    return min(a.kernel, a.stride // gcd(a.dilation, a.stride))


def remark(node: Node, axes: list[Axis]) -> Remark:
    """The remark, with the share of the map that is read."""
    read, steps = prod(map(phases, axes)), prod(a.stride for a in axes)
    above = node.inputs[0]
    strides = format_shape(tuple(a.stride for a in axes))
    spread = f" (dilation {axes[0].dilation})" if axes[0].dilation > 1 else ""
    message = (
        f"a kernel of {format_shape(tuple(a.kernel for a in axes))}{spread} with a stride of {strides}"
        f" reads {read} of every {steps} positions of {visible(above.row)} ({format_shape(above.output)}),"
        " and no other layer the rest"
    )
    largest = max(a.stride for a in axes)
    return Remark(
        node,
        message,
        f"a kernel_size of {largest} or more reads them all; or put the stride into a layer "
        "with a larger kernel",
        ("stride", "kernel_size"),
    )


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
    good="""
name = "net"
input = [64, 56, 56]
layers = [
  { name = "reduce", op = "conv", out_channels = 128, kernel_size = 3, stride = 2, padding = 1 },
]
""",
)
