"""How other tools would count the same nodes: one convention a file, each a table from operators to
rules.

A convention says what a tool gives for a network in which every node is the module or function of
torch that it is named after, called once for each example. That is how most published
implementations are written. Where one is written otherwise (a mean in place of a pooling, a
function in place of a module), a tool that hooks modules may see less of it, or more; that lies in
the implementation, not in the network.

Operators that a convention does not list are free in it, as the tool has no rule for them either;
but of an operator with multiply-accumulates or parameters nothing is said (Uncounted), as it has no
one module in torch."""

from importlib import import_module

from cnnspec.conventions.rules import FREE, Convention, Rule, Uncounted
from cnnspec.graph.model import Graph, Node
from cnnspec.problems import RequestError, did_you_mean, visible

__all__ = ["CONVENTIONS", "Convention", "Rule", "Uncounted", "convention", "count", "rule", "total"]

CONVENTIONS = ("fvcore", "thop", "torchinfo", "ptflops", "torchvision")


def convention(name: str) -> Convention:
    """The convention called ``name``. Raises RequestError where there is none."""
    if name not in CONVENTIONS:
        hint = did_you_mean(name, CONVENTIONS, "there are " + ", ".join(CONVENTIONS))
        raise RequestError(f"there is no convention {visible(name, 40)!r}; {hint}")
    found: Convention = import_module(f"cnnspec.conventions.{name}").CONVENTION
    return found


def rule(of: Convention, node: Node) -> Rule:
    """The rule by which a node is counted. Raises Uncounted where it depends on how the node is
    written."""
    if node.kind in of.rules:
        return of.rules[node.kind]
    if node.op.macs(*node.shapes, y=node.output) or node.op.parameters(*node.shapes):
        raise Uncounted(
            f"what {of.name} counts for {node.kind} ({visible(node.name)}) depends on how it is"
            " written"
        )
    return FREE


def count(of: Convention, node: Node) -> int:
    """What a node counts for one example. Raises Uncounted."""
    return rule(of, node).count(node)


def total(of: Convention, graph: Graph) -> int:
    """What a network counts at inference for one example. Raises Uncounted."""
    return sum(count(of, node) for node in graph.layers())
