"""Finds in-place operators that overwrite values that are still needed.

Why: An in-place operator writes its output into the memory of its input. A layer that reads that
input later computes with the wrong values, and PyTorch does not report it. If a backward pass needs
the input, PyTorch raises an error in training, but names neither layer. What a backward pass needs
depends on the operator: a convolution needs its input, a ReLU its output, an addition nothing.

Fix: Set inplace = false on the operator in the message.

Ignore it if: The layer that reads the overwritten values is meant to see the new ones.

Source: PyTorch's notes on autograd, In-place correctness checks.
"""

from collections.abc import Iterator
from math import prod

from cnnspec.analyses.memory.overwriting import find_overwritten
from cnnspec.problems import visible
from cnnspec.rules.rule import ERROR, LintedNetwork, LintRule, Remark
from cnnspec.units import format_count, format_shape


def check(net: LintedNetwork) -> Iterator[Remark]:
    """Report each in-place operator with the first that needs what it overwrites."""
    graph, seen = net.graph, set()
    found = find_overwritten(graph, training=True) + find_overwritten(graph, training=False)
    for overwritten in found:
        node, value = overwritten.node, overwritten.value
        if node.index in seen:
            continue
        seen.add(node.index)
        message = (
            f"{visible(node.name)} ({node.kind}) works in place and overwrites the"
            f" {format_shape(value.output)} values of {visible(value.name)}, which"
            f" {overwritten.who}"
        )
        if overwritten.backwards:
            message += ": PyTorch refuses to train this"
        values = format_count(prod(node.output))
        hint = f"set inplace = false, which needs memory for {values} more values"
        yield Remark(node, message, hint, ("inplace", "activation"), ("inplace", "false"))


rule = LintRule(
    "A010",
    ERROR,
    "in-place operators overwrite nothing that is still needed",
    check,
    bad="""
name = "net"
input = [3, 32, 32]
layers = [
  { name = "conv", op = "conv", out_channels = 16, kernel_size = 3 },
  { name = "relu", op = "relu" },
  { name = "drop", op = "dropout", inplace = true },
]
""",
    finding="""
net.toml:6:46: A010 drop (dropout) works in place and overwrites the 16x30x30 values of relu,
which the backward pass of relu needs: PyTorch refuses to train this
help: set inplace = false, which needs memory for 14,400 more values
""",
    good="""
name = "net"
input = [3, 32, 32]
layers = [
  { name = "conv", op = "conv", out_channels = 16, kernel_size = 3 },
  { name = "relu", op = "relu", inplace = true },
  { name = "drop", op = "dropout" },
]
""",
)
