"""A depthwise convolution without its pointwise one.

A depthwise convolution filters each channel by itself. What lets it replace a full one is the 1x1
convolution that mixes the channels afterwards; without it, no channel ever learns of another,
however many such layers follow, and the network falls into as many independent ones as there are
channels.

Source: Howard et al. (2017), MobileNets, arXiv 1704.04861, section 3.1; Chollet (2017), Xception,
arXiv 1610.02357."""

from collections.abc import Iterator
from math import prod

from cnnspec.graph.model import Node
from cnnspec.problems import visible
from cnnspec.rules.rule import WARNING, LintedNetwork, LintRule, Remark


def check(net: LintedNetwork) -> Iterator[Remark]:
    """Every depthwise convolution whose channels are not mixed before another one, or the end."""
    for node in net.nodes:
        if depthwise(node) and node.shapes[0][0] > 1:
            until = unmixed(net, node)
            if until:
                message = (
                    f"the {node.output[0]} channels of {visible(node.name)} are not mixed before"
                    f" {until}"
                )
                mend = (
                    f"a conv with kernel_size = 1 after it mixes them, with {node.output[0]}"
                    " weights a channel"
                )
                yield Remark(node, message, mend)


def depthwise(node: Node) -> bool:
    """Whether each channel is filtered by itself."""
    return (
        node.op.weight_layout == "out-in"
        and node.op.slides_over == "input"
        and not node.op.mixes_channels(node.shapes[0])
    )


def gates(node: Node) -> bool:
    """Whether a node sees the whole map of each channel: what follows weighs channels only."""
    return node.op.pools == "map" and prod(node.output[1:]) == 1


def unmixed(net: LintedNetwork, node: Node) -> str:
    """What comes before anything mixes the channels of a node: another depthwise layer, or the end;
    "" for nothing."""
    waiting, seen, end = [node], {node.index}, ""
    while waiting:
        last = waiting.pop()
        readers = [r for r in net.readers[last.index] if not gates(r)]
        if not readers:
            end = end or "the end"
        for reader in readers:
            if reader.op.mixes_channels(reader.shapes[0]):
                return ""
            if depthwise(reader):
                end = visible(reader.name)
            elif reader.index not in seen:
                seen.add(reader.index)
                waiting.append(reader)
    return end


rule = LintRule(
    "A005",
    WARNING,
    "a pointwise convolution follows a depthwise one",
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
