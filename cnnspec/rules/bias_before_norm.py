"""Finds biases that a batch normalization cancels.

Why: Batch normalization subtracts the mean of each channel, and with it any constant that the layer
before it adds. Its own shift does what the bias was meant to do. The biases are trained and stored
without effect: one per channel.

Fix: Set bias = false.

Ignore it if: You load published weights that include these biases, such as torchvision's VGG with
batch normalization.

Source: Ioffe & Szegedy (2015), Batch normalization, arXiv 1502.03167, section 3.2.
"""

from collections.abc import Iterator

from cnnspec.graph.model import Node
from cnnspec.problems import visible
from cnnspec.rules.rule import WARNING, LintedNetwork, LintRule, Remark
from cnnspec.units import format_count


def check(net: LintedNetwork) -> Iterator[Remark]:
    """Report each layer whose biases only a batch normalization reads, wherever it is shared."""
    found: dict[int, tuple[Node, Node]] = {}
    needed: set[int] = set()
    for node in net.nodes:
        if node.op.weight_layout and getattr(node.op, "bias", False):
            owner, readers = node.shares or node, net.readers[node.index]
            if (
                readers
                and all(reader.op.uses_batch_statistics for reader in readers)
                and net.has_only_readers(node.index, len(readers))
            ):
                found.setdefault(owner.index, (owner, readers[0]))
            else:
                needed.add(owner.index)
    wasted = [
        (node, norm, node.op.parameters(*node.shapes)["bias"][0])
        for index, (node, norm) in found.items()
        if index not in needed
    ]
    total = sum(biases for _, _, biases in wasted)
    params = sum(cost.params for cost in net.costs.values()) if wasted else 0
    for node, norm, biases in wasted:
        message = (
            f"the {format_count(biases)} biases of {visible(node.name)} have no effect, because"
            f" {visible(norm.name)} subtracts the mean; such biases are {format_count(total)} of"
            f" the network's {format_count(params)} parameters"
        )
        yield Remark(node, message, "set bias = false", ("bias",), ("bias", "false"))


rule = LintRule(
    "A001",
    WARNING,
    "layers before batch normalization have no bias",
    check,
    bad="""
name = "net"
input = [3, 32, 32]
layers = [
  { name = "conv", op = "conv", out_channels = 64, kernel_size = 3 },
  { name = "norm", op = "batchnorm" },
]
""",
    finding="""
net.toml:4:25: A001 the 64 biases of conv have no effect, because norm subtracts the mean; such
biases are 64 of the network's 1,920 parameters
help: set bias = false
""",
    good="""
name = "net"
input = [3, 32, 32]
layers = [
  { name = "conv", op = "conv", out_channels = 64, kernel_size = 3, bias = false },
  { name = "norm", op = "batchnorm" },
]
""",
)
