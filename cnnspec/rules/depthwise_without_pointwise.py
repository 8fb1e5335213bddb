"""Finds depthwise convolutions after which nothing mixes the channels.

Why: A depthwise convolution filters each channel separately. It can replace a full convolution only
together with a 1x1 convolution that mixes the channels afterwards. Without it, no channel depends
on another, however many such layers follow: the network is as many independent ones as there are
channels.

Fix: Add a 1x1 convolution after it.

Ignore it if: The channels are meant to stay independent, for example to blur each of them.

Source: Howard et al. (2017), MobileNets, arXiv 1704.04861, section 3.1; Chollet (2017), Xception,
arXiv 1610.02357."""

from collections.abc import Iterator
from math import prod

from cnnspec.graph.model import Node
from cnnspec.problems import visible
from cnnspec.rules.rule import WARNING, LintedNetwork, LintRule, Remark


def check(net: LintedNetwork) -> Iterator[Remark]:
    """Report each depthwise convolution that is not mixed before the next one or the end."""
    for node in net.nodes:
        if is_depthwise(node) and node.shapes[0][0] > 1:
            end, channels = find_end(net, node), node.output[0]
            if end:
                name = visible(node.name)
                message = f"the {channels} channels of {name} are not mixed before {end}"
                hint = f"add a conv with kernel_size = 1 after it: {channels} weights per channel"
                yield Remark(node, message, hint)


def is_depthwise(node: Node) -> bool:
    """Tell whether a node is a convolution that filters each channel separately."""
    return (
        node.op.trained_layout == "out-in"
        and node.op.slides_over == "input"
        and not node.op.mixes_channels(node.shapes[0])
    )


def is_gate(node: Node) -> bool:
    """Tell whether a node reduces each channel to one value; what follows only weights channels."""
    return node.op.pools == "map" and prod(node.output[1:]) == 1


def find_end(net: LintedNetwork, node: Node) -> str:
    """Return the next depthwise layer, or the end, if nothing mixes the channels of a node before.

    Returns "" if something mixes them."""
    waiting, seen, end = [node], {node.index}, ""
    while waiting:
        last = waiting.pop()
        readers = [reader for reader in net.readers[last.index] if not is_gate(reader)]
        if not readers:
            end = end or "the end"
        for reader in readers:
            if reader.op.mixes_channels(reader.shapes[0]):
                return ""
            if is_depthwise(reader):
                end = visible(reader.name)
            elif reader.index not in seen:
                seen.add(reader.index)
                waiting.append(reader)
    return end


rule = LintRule(
    "A005",
    WARNING,
    "a depthwise convolution is followed by a pointwise one",
    check,
    bad="""
name = "net"
input = [32, 56, 56]
layers = [
  { name = "dw1", op = "depthwise_conv", kernel_size = 3, padding = 1, activation = "relu" },
  { name = "dw2", op = "depthwise_conv", kernel_size = 3, padding = 1, activation = "relu" },
  { name = "pw",  op = "conv", out_channels = 64, kernel_size = 1, activation = "relu" },
]
""",
    finding="""
net.toml:4:24: A005 the 32 channels of dw1 are not mixed before dw2
help: add a conv with kernel_size = 1 after it: 32 weights per channel
""",
    good="""
name = "net"
input = [32, 56, 56]
layers = [
  { name = "dw1", op = "depthwise_conv", kernel_size = 3, padding = 1, activation = "relu" },
  { name = "pw1", op = "conv", out_channels = 64, kernel_size = 1, activation = "relu" },
  { name = "dw2", op = "depthwise_conv", kernel_size = 3, padding = 1, activation = "relu" },
  { name = "pw2", op = "conv", out_channels = 64, kernel_size = 1, activation = "relu" },
]
""",
)
