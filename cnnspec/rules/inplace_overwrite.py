"""An operator in place that overwrites what is still needed.

In place, an output takes the memory of its input. A layer that reads that input afterwards computes
with other values, and no one is told; a backward pass that needs it is refused by PyTorch, with a
message that names neither layer. What is kept is each operator's matter: a convolution keeps what
it read, a ReLU what it gave, an addition nothing.

Source: PyTorch's notes on autograd, In-place correctness checks.
"""

from collections.abc import Iterator
from math import prod

from cnnspec.analyses.memory.overwriting import clashes
from cnnspec.problems import visible
from cnnspec.rules.rule import ERROR, LintedNetwork, LintRule, Remark
from cnnspec.units import format_count, format_shape


def check(net: LintedNetwork) -> Iterator[Remark]:
    """Every operator in place, with the first who needs what it overwrites, in training or at
    inference."""
    graph, seen = net.graph, set()
    for clash in clashes(graph, training=True) + clashes(graph, training=False):
        node, value = clash.node, clash.value
        if node.index not in seen:
            seen.add(node.index)
            refused = ": PyTorch refuses to train this" if clash.backwards else ""
            message = (
                f"{visible(node.name)} ({node.kind}) works in place and overwrites the"
                f" {format_shape(value.output)} values of {visible(value.name)}, which"
                f" {clash.who}{refused}"
            )
            yield Remark(
                node,
                message,
                f"inplace = false, which takes {format_count(prod(node.output))} values more",
                ("inplace", "activation"),
            )


rule = LintRule(
    "A010",
    ERROR,
    "what works in place overwrites nothing that is still needed",
    check,
    bad="""
name = "net"
input = [3, 32, 32]
layers = [
  { name = "conv", op = "conv", out_channels = 16, kernel_size = 3, activation = "relu" },
  { name = "drop", op = "dropout", inplace = true },
]
""",
    good="""
name = "net"
input = [3, 32, 32]
layers = [
  { name = "conv", op = "conv", out_channels = 16, kernel_size = 3, activation = { op = "relu", inplace = true } },
  { name = "drop", op = "dropout" },
]
""",
)
