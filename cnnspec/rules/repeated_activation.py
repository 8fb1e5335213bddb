"""An activation of what has just been activated.

A ReLU of a ReLU changes nothing; a sigmoid of a sigmoid squeezes what lies between 0 and 1 into 0.5
to 0.73, and its gradients with it. Either way a line too many was written, often an ``activation``
key on a layer in front of an activation of its own, or a softmax in the network and another in the
loss."""

from collections.abc import Iterator
from math import prod

from cnnspec.graph.model import Node
from cnnspec.problems import visible
from cnnspec.rules.rule import WARNING, LintedNetwork, LintRule, Remark
from cnnspec.units import format_count


def check(net: LintedNetwork) -> Iterator[Remark]:
    """Every activation whose input is an activation's output."""
    for node in net.nodes:
        if node.op.role == "activation":
            before = source(node)
            if before.op.role == "activation":
                nothing = (
                    ", and changes none"
                    if node.kind == before.kind and node.op.is_idempotent
                    else ""
                )
                message = (
                    f"{visible(node.name)} ({node.kind}) activates the {format_count(prod(node.output))}"
                    f" values that {visible(before.name)} ({before.kind}) has activated{nothing}"
                )
                yield Remark(node, message, "take one of them out", ("activation",))


def source(node: Node) -> Node:
    """What gives a node its values."""
    above = node.inputs[0]
    while above.op.keeps_values:
        above = above.inputs[0]
    return above


rule = LintRule(
    "A006",
    WARNING,
    "values are activated once",
    check,
    bad="""
name = "net"
input = [3, 32, 32]
layers = [
  { name = "conv", op = "conv", out_channels = 16, kernel_size = 3, activation = "relu" },
  { name = "relu", op = "relu" },
]
""",
    good="""
name = "net"
input = [3, 32, 32]
layers = [
  { name = "conv", op = "conv", out_channels = 16, kernel_size = 3 },
  { name = "relu", op = "relu" },
]
""",
)
