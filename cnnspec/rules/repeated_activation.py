"""Finds activations of values that were just activated.

Why: A second ReLU changes nothing. A second sigmoid maps values between 0 and 1 to 0.5 to 0.73, and
its gradients are smaller. Usually one is too many: an ``activation`` key on a layer that is
followed by an activation of its own, or a softmax in the network as well as in the loss.

Fix: Remove one of them.

Ignore it if: Two different activations in a row are what the paper describes."""

from collections.abc import Iterator
from math import prod

from cnnspec.graph.model import Node
from cnnspec.problems import visible
from cnnspec.rules.rule import WARNING, LintedNetwork, LintRule, Remark
from cnnspec.units import format_count


def check(net: LintedNetwork) -> Iterator[Remark]:
    """Report each activation that reads the output of an activation."""
    for node in net.nodes:
        if node.op.role != "activation":
            continue
        before = find_source(node)
        if before.op.role == "activation":
            useless = node.kind == before.kind and node.op.is_idempotent
            message = (
                f"{visible(node.name)} ({node.kind}) activates the"
                f" {format_count(prod(node.output))} values that {visible(before.name)}"
                f" ({before.kind}) has just activated{', and changes nothing' if useless else ''}"
            )
            yield Remark(node, message, "remove one of them", ("activation",))


def find_source(node: Node) -> Node:
    """Return the node that computes the values that a node reads."""
    above = node.inputs[0]
    while above.op.keeps_values:
        above = above.inputs[0]
    return above


rule = LintRule(
    "A006",
    WARNING,
    "values are activated only once",
    check,
    bad="""
name = "net"
input = [3, 32, 32]
layers = [
  { name = "conv", op = "conv", out_channels = 16, kernel_size = 3, activation = "relu" },
  { name = "relu", op = "relu" },
]
""",
    finding="""
net.toml:5:25: A006 relu (relu) activates the 14,400 values that conv.activation (relu) has just
activated, and changes nothing
help: remove one of them
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
