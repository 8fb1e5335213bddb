"""A large kernel where a stack of small ones sees as much for less.

Two 3x3 convolutions see 5x5 pixels, three see 7x7. With C channels in and out a 7x7 layer has
49*C*C weights and the stack 27*C*C, multiplies as much less, and has activations between its
layers. The first layer is excepted: it sees few channels, and its kernel looks for whole edges and
colours; so are layers that change the number of channels so much that the stack would cost more.
Large kernels have come back with depthwise convolutions, so this is advice.

Source: Simonyan & Zisserman (2015), Very deep convolutional networks, arXiv 1409.1556, section 2.3.
"""

from collections.abc import Iterator
from math import prod

from cnnspec.graph.model import Node
from cnnspec.ops.kit.windows import Axis
from cnnspec.rules.rule import ADVICE, LintedNetwork, LintRule, Remark
from cnnspec.units import format_count, format_shape


def check(net: LintedNetwork) -> Iterator[Remark]:
    """Every convolution of 5x5 or more, but for first layers, that a stack of 3x3 would do for
    less."""
    for node, axes in net.windowed:
        if (
            node.op.weight_layout != "out-in"
            or node.inputs[0].kind == "input"
            or not replaceable(axes)
        ):
            continue
        weights, work = stack(node, axes)
        params, macs = (
            prod(node.op.parameters(*node.shapes)["weight"]),
            node.op.macs(*node.shapes, y=node.output),
        )
        if weights < params and work < macs:
            n, kernel = layers(axes[0]), format_shape((3,) * len(axes))
            message = (
                f"{n} layers of {kernel} see the same {format_shape(tuple(a.kernel for a in axes))} with"
                f" {format_count(weights)} weights instead of {format_count(params)} and {format_count(work)} MACs"
                f" instead of {format_count(macs)}"
            )
            yield Remark(
                node,
                message,
                f"{n} convolutions of {kernel}, an activation after each",
                ("kernel_size",),
            )


def replaceable(axes: list[Axis]) -> bool:
    """Whether a stack can stand in place: the kernel is odd and square, goes step by step, and is
    padded all or not."""
    first = axes[0]
    alike = all(a.replace(size=first.size) == first for a in axes)
    padded = (first.before, first.after) in ((0, 0), (first.kernel // 2, first.kernel // 2))
    return (
        alike
        and padded
        and first.kernel >= 5
        and first.kernel % 2 == 1
        and first.stride == first.dilation == 1
    )


def layers(a: Axis) -> int:
    """How many layers with a kernel of 3 see what one with this kernel does."""
    return (a.kernel - 1) // 2


def stack(node: Node, axes: list[Axis]) -> tuple[int, int]:
    """The weights and the multiply-accumulates of the stack that stands in place of a
    convolution."""
    channels, inner, *_ = node.op.parameters(*node.shapes)["weight"]
    groups = node.shapes[0][0] // inner
    weights = work = 0
    for i in range(layers(axes[0])):
        layer = 3 ** len(axes) * channels * (inner if i == 0 else channels // groups)
        shrunk = 0 if axes[0].before else 2 * (i + 1)
        weights, work = weights + layer, work + layer * prod(a.size - shrunk for a in axes)
    return weights, work


rule = LintRule(
    "A002",
    ADVICE,
    "large kernels are stacks of small ones",
    check,
    bad="""
name = "net"
input = [3, 32, 32]
layers = [
  { name = "conv1", op = "conv", out_channels = 64, kernel_size = 7, padding = 3, activation = "relu" },
  { name = "conv2", op = "conv", out_channels = 64, kernel_size = 5, padding = 2, activation = "relu" },
]
""",
    good="""
name = "net"
input = [3, 32, 32]
layers = [
  { name = "conv1", op = "conv", out_channels = 64, kernel_size = 7, padding = 3, activation = "relu" },
  { name = "conv2", op = "conv", out_channels = 64, kernel_size = 3, padding = 1, activation = "relu" },
  { name = "conv3", op = "conv", out_channels = 64, kernel_size = 3, padding = 1, activation = "relu" },
]
""",
)
