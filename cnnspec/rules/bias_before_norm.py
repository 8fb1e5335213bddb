"""A bias that batch normalization takes away again.

Batch normalization subtracts each channel's mean, and with it whatever constant the layer before
has added; its own shift does what the bias was for. The biases are trained, stored and moved about
for nothing: as many as the layer has channels.

Source: Ioffe & Szegedy (2015), Batch normalization, arXiv 1502.03167, section 3.2.
"""

from collections.abc import Iterator

from cnnspec.graph.model import Node
from cnnspec.problems import visible
from cnnspec.rules.rule import WARNING, LintedNetwork, LintRule, Remark
from cnnspec.units import format_count


def check(net: LintedNetwork) -> Iterator[Remark]:
    """Every layer with biases that nothing but batch normalization reads, wherever its parameters
    are used."""
    found: dict[int, tuple[Node, Node]] = {}
    needed: set[int] = set()
    for node in net.nodes:
        if node.op.weight_layout and getattr(node.op, "bias", False):
            owner, readers = node.shares or node, net.readers[node.index]
            if (
                readers
                and all(r.op.uses_batch_statistics for r in readers)
                and net.has_only_readers(node.index, len(readers))
            ):
                found.setdefault(owner.index, (owner, readers[0]))
            else:
                needed.add(owner.index)
    wasted = [(node, norm, biases(node)) for i, (node, norm) in found.items() if i not in needed]
    total = sum(n for _, _, n in wasted)
    params = sum(cost.params for cost in net.costs.values()) if wasted else 0
    for node, norm, n in wasted:
        message = (
            f"the {format_count(n)} biases of {visible(node.name)} are wasted, {visible(norm.name)}"
            f" subtracts the mean: such biases are {format_count(total)} of the network's {format_count(params)}"
            " parameters"
        )
        yield Remark(node, message, "bias = false", ("bias",))


def biases(node: Node) -> int:
    """How many biases a layer has."""
    return node.op.parameters(*node.shapes)["bias"][0]


rule = LintRule(
    "A001",
    WARNING,
    "layers before batch normalization have no bias",
    check,
    bad="""
name = "net"
input = [3, 32, 32]
layers = [
  { name = "conv", op = "conv", out_channels = 64, kernel_size = 3, norm = "batchnorm" },
]
""",
    good="""
name = "net"
input = [3, 32, 32]
layers = [
  { name = "conv", op = "conv", out_channels = 64, kernel_size = 3, bias = false, norm = "batchnorm" },
]
""",
)
