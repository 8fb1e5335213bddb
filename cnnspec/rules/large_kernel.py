"""Finds large kernels that a stack of 3x3 kernels could replace at lower cost.

Why: Two 3x3 convolutions see 5x5 pixels, three see 7x7. With C channels in and out, a 7x7 layer has
49*C*C weights and the stack 27*C*C, with as many fewer multiplications. The stack also has
activations between its layers. Only advice, because large depthwise kernels are in use again.

Fix: Use a stack of 3x3 convolutions, each with an activation.

Ignore it if: You reproduce a published network, or use large kernels on purpose.

Not reported: the first layer, which reads few channels and looks for whole edges and colours; a
layer that changes the number of channels so much that the stack would cost more.

Source: Simonyan & Zisserman (2015), Very deep convolutional networks, arXiv 1409.1556, section 2.3.
"""

from collections.abc import Iterator
from math import prod

from cnnspec.graph.model import Node
from cnnspec.ops.kit.windows import Axis
from cnnspec.rules.rule import ADVICE, LintedNetwork, LintRule, Remark
from cnnspec.units import format_count, format_shape


def check(net: LintedNetwork) -> Iterator[Remark]:
    """Report each convolution of 5x5 or more, except first layers, that costs more than a stack."""
    for node, axes in net.windowed:
        if node.op.trained_layout != "out-in" or node.inputs[0].kind == "input":
            continue
        if not is_replaceable(axes):
            continue
        weights, macs = cost_of_stack(node, axes)
        present_weights = prod(node.op.weight_shape(*node.shapes))
        present_macs = node.op.macs(*node.shapes, y=node.output)
        if weights < present_weights and macs < present_macs:
            n, small = count_layers(axes[0]), format_shape((3,) * len(axes))
            message = (
                f"{n} layers of {small} see the same"
                f" {format_shape(tuple(axis.kernel for axis in axes))} with"
                f" {format_count(weights)} weights instead of {format_count(present_weights)}, and"
                f" {format_count(macs)} MACs instead of {format_count(present_macs)}"
            )
            hint = f"use {n} convolutions of {small}, each with an activation"
            yield Remark(node, message, hint, ("kernel_size",))


def is_replaceable(axes: list[Axis]) -> bool:
    """Tell whether a stack gives the same output size and sees the same pixels.

    The kernel must be odd and square, with stride and dilation 1 and full padding or none."""
    first = axes[0]
    half = first.kernel // 2
    return (
        first.kernel >= 5
        and first.kernel % 2 == 1
        and first.stride == first.dilation == 1
        and (first.before, first.after) in ((0, 0), (half, half))
        and all(axis.replace(size=first.size) == first for axis in axes)
    )


def count_layers(axis: Axis) -> int:
    """Return how many layers with a kernel of 3 see as much as this kernel."""
    return (axis.kernel - 1) // 2


def cost_of_stack(node: Node, axes: list[Axis]) -> tuple[int, int]:
    """Return the weights and the MACs of the stack that would replace a convolution."""
    channels, inner, *_ = node.op.weight_shape(*node.shapes)
    groups = node.shapes[0][0] // inner
    weights = macs = 0
    for i in range(count_layers(axes[0])):
        layer = 3 ** len(axes) * channels * (inner if i == 0 else channels // groups)
        shrunk = 0 if axes[0].before else 2 * (i + 1)
        weights += layer
        macs += layer * prod(axis.size - shrunk for axis in axes)
    return weights, macs


rule = LintRule(
    "A002",
    ADVICE,
    "large kernels are replaced by stacks of 3x3 kernels",
    check,
    bad="""
name = "net"
input = [3, 32, 32]
layers = [
  { name = "a", op = "conv", out_channels = 64, kernel_size = 7, padding = 3, activation = "relu" },
  { name = "b", op = "conv", out_channels = 64, kernel_size = 5, padding = 2, activation = "relu" },
]
""",
    finding="""
net.toml:5:63: A002 2 layers of 3x3 see the same 5x5 with 73,728 weights instead of 102,400, and
75,497,472 MACs instead of 104,857,600
help: use 2 convolutions of 3x3, each with an activation
""",
    good="""
name = "net"
input = [3, 32, 32]
layers = [
  { name = "a", op = "conv", out_channels = 64, kernel_size = 7, padding = 3, activation = "relu" },
  { name = "b", op = "conv", out_channels = 64, kernel_size = 3, padding = 1, activation = "relu" },
  { name = "c", op = "conv", out_channels = 64, kernel_size = 3, padding = 1, activation = "relu" },
]
""",
)
