"""Finds joins that read the same values more than once.

Why: To add a map to itself doubles it, and to concatenate it with itself doubles its channels and
the parameters behind it; nothing new is joined. Shapes always fit, so nothing else shows it. The
usual cause is a shortcut that `when` leaves out: its name then stands for what it would have read,
which may be the layer that the join reads anyway.

Fix: Name the other layer in `from`. If it is a line with `when`, give that line a `from` of its
own, so that it stands for the right layer where it is left out.

Ignore it if: The network doubles, squares or repeats a map on purpose."""

from collections.abc import Iterator
from typing import Any

from cnnspec.graph.model import Node
from cnnspec.problems import visible
from cnnspec.rules.rule import WARNING, LintedNetwork, LintRule, Remark
from cnnspec.units import format_shape


def check(net: LintedNetwork) -> Iterator[Remark]:
    """Report each join that reads a node more than once."""
    for node in net.nodes:
        if node.op.role == "join" and len(set(node.inputs)) < len(node.inputs):
            twice = next(n for n in node.inputs if node.inputs.count(n) > 1)
            yield make_remark(node, twice)


def make_remark(node: Node, twice: Node) -> Remark:
    """Return the remark, with the names by which the join reads the same node."""
    count = node.inputs.count(twice)
    message = (
        f"{visible(node.row)} ({node.kind}) reads the {format_shape(twice.output)} values of"
        f" {visible(twice.row)} {count} times"
    )
    names = written_names(node, twice)
    if len(names) < 2:
        return Remark(node, message, "name another layer in from", ("from",))
    shown = " and ".join(map(visible, names))
    hint = (
        f"{shown} are the same here: a line that when leaves out stands for what it would have"
        " read; give it a from of its own"
    )
    return Remark(node, message, hint, ("from",))


def written_names(node: Node, twice: Node) -> list[str]:
    """List the different names in `from` that mean ``twice``; none where they are calculated."""
    sources: Any = node.line.sources if node.line is not None else None
    if not isinstance(sources, list) or len(sources) != len(node.inputs):
        return []
    pairs = zip(sources, node.inputs, strict=True)
    return list(dict.fromkeys(name for name, n in pairs if n is twice and isinstance(name, str)))


rule = LintRule(
    "A011",
    WARNING,
    "joins read different layers",
    check,
    bad="""
name = "net"
input = [8, 16, 16]
args.on = false
layers = [
  { name = "conv", op = "conv", out_channels = 8, kernel_size = 3, padding = 1 },
  { name = "skip", op = "conv", out_channels = 8, kernel_size = 1, when = "{on}" },
  { name = "add", op = "add", from = ["conv", "skip"] },
]
""",
    finding="""
net.toml:7:38: A011 add (add) reads the 8x16x16 values of conv 2 times
help: conv and skip are the same here: a line that when leaves out stands for what it would have
read; give it a from of its own
""",
    good="""
name = "net"
input = [8, 16, 16]
args.on = false
layers = [
  { name = "conv", op = "conv", out_channels = 8, kernel_size = 3, padding = 1 },
  { name = "skip", from = "input", op = "conv", out_channels = 8, kernel_size = 1, when = "{on}" },
  { name = "add", op = "add", from = ["conv", "skip"] },
]
""",
)
