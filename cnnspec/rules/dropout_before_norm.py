"""Finds dropout before a batch normalization.

Why: In training, dropout multiplies the values it keeps by 1/(1 - p), which increases the variance
of its output. At inference it does nothing. A batch normalization after it has recorded the
variance of training and divides by it at inference, where the variance is smaller: the network is
tested with other statistics than it was trained with.

Fix: Move the dropout behind the last batch normalization, or remove it.

Ignore it if: You reproduce a network that was published and trained this way.

Source: Li, Chen, Hu & Yang (2019), Understanding the disharmony between dropout and batch
normalization by variance shift, arXiv 1801.05134."""

from collections.abc import Iterator

from cnnspec.graph.model import Node
from cnnspec.problems import visible
from cnnspec.rules.rule import WARNING, LintedNetwork, LintRule, Remark


def check(net: LintedNetwork) -> Iterator[Remark]:
    """Report each active dropout with the first batch normalization after it."""
    norms = find_next_norms(net)
    for node in net.nodes:
        norm = norms.get(node.index)
        p = getattr(node.op, "p", 0.0) if node.op.drops_elements else 0.0
        if norm is not None and 0 < p < 1:
            message = (
                f"dropout with p = {p:g} before {visible(norm.name)}: the variance recorded in"
                f" training is up to 1/(1 - {p:g}) = {1 / (1 - p):.3g} times that at inference"
            )
            hint = "move it behind the last batch normalization, or remove it"
            yield Remark(node, message, hint, ("p",))


def find_next_norms(net: LintedNetwork) -> dict[int, Node]:
    """Return, for each node, the first batch normalization that reads it, maybe through others."""
    found: dict[int, Node] = {}
    for node in reversed(net.nodes):
        norm = node if node.op.uses_batch_statistics else found.get(node.index)
        if norm is not None:
            for above in node.inputs:
                known = found.get(above.index)
                found[above.index] = norm if known is None or norm.index < known.index else known
    return found


rule = LintRule(
    "A008",
    WARNING,
    "dropout comes after the last batch normalization",
    check,
    bad="""
name = "net"
input = [3, 32, 32]
layers = [
  { name = "drop", op = "dropout", p = 0.5 },
  { name = "conv", op = "conv", out_channels = 16, kernel_size = 3, bias = false },
  { name = "norm", op = "batchnorm" },
]
""",
    finding="""
net.toml:4:40: A008 dropout with p = 0.5 before norm: the variance recorded in training is up to
1/(1 - 0.5) = 2 times that at inference
help: move it behind the last batch normalization, or remove it
""",
    good="""
name = "net"
input = [3, 32, 32]
layers = [
  { name = "conv", op = "conv", out_channels = 16, kernel_size = 3, bias = false },
  { name = "norm", op = "batchnorm" },
  { name = "drop", op = "dropout", p = 0.5 },
]
""",
)
