"""Dropout in front of batch normalization.

In training, dropout scales what it keeps by 1/(1 - p), and so the variance of its output; at
inference it does nothing. Batch normalization behind it has recorded the variance of training, and
divides by it at inference, where it is another one: the network is tested with statistics that it
was not trained for. Dropout belongs behind the last normalization.

Source: Li, Chen, Hu & Yang (2019), Understanding the disharmony between dropout and batch
normalization by variance shift, arXiv 1801.05134."""

from collections.abc import Iterator

from cnnspec.graph.model import Node
from cnnspec.problems import visible
from cnnspec.rules.rule import WARNING, LintedNetwork, LintRule, Remark


def check(net: LintedNetwork) -> Iterator[Remark]:
    """Every dropout that acts, with the first batch normalization behind it."""
    behind = first_norms(net)
    for node in net.nodes:
        norm = behind.get(node.index)
        p = getattr(node.op, "p", 0.0) if node.op.drops_elements else 0.0
        if norm is not None and 0 < p < 1:
            message = (
                f"dropout with p = {p:g} before {visible(norm.name)}: the variance recorded in"
                f" training is up to 1/(1 - {p:g}) = {1 / (1 - p):.3g} times that at inference"
            )
            yield Remark(
                node, message, "put it behind the last batch normalization, or take it out", ("p",)
            )


def first_norms(net: LintedNetwork) -> dict[int, Node]:
    """For each node, the first batch normalization that reads it, at once or through others."""
    found: dict[int, Node] = {}
    for node in reversed(net.nodes):
        norm = node if node.op.uses_batch_statistics else found.get(node.index)
        if norm is not None:
            for n in node.inputs:
                known = found.get(n.index)
                found[n.index] = norm if known is None or norm.index < known.index else known
    return found


rule = LintRule(
    "A008",
    WARNING,
    "dropout stands behind the last batch normalization",
    check,
    bad="""
name = "net"
input = [3, 32, 32]
layers = [
  { name = "drop", op = "dropout", p = 0.5 },
  { name = "conv", op = "conv", out_channels = 16, kernel_size = 3, bias = false, norm = "batchnorm" },
]
""",
    good="""
name = "net"
input = [3, 32, 32]
layers = [
  { name = "conv", op = "conv", out_channels = 16, kernel_size = 3, bias = false, norm = "batchnorm" },
  { name = "drop", op = "dropout", p = 0.5 },
]
""",
)
