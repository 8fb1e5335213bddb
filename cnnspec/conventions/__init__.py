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

from collections.abc import Iterable
from importlib import import_module

from cnnspec.conventions.rules import FREE, Convention, CountingRule, Uncounted, count_macs
from cnnspec.graph.model import Graph, Node
from cnnspec.problems import RequestError, did_you_mean, visible
from cnnspec.records import Record

__all__ = [
    "CONVENTIONS",
    "Convention",
    "OperatorCount",
    "Uncounted",
    "count_by_operator",
    "count_network",
    "count_node",
    "find_counting_rule",
    "load_convention",
]

CONVENTIONS = ("fvcore", "thop", "torchinfo", "ptflops", "torchvision")


def load_convention(name: str) -> Convention:
    """The convention called ``name``. Raises RequestError where there is none."""
    if name not in CONVENTIONS:
        hint = did_you_mean(name, CONVENTIONS, "there are " + ", ".join(CONVENTIONS))
        raise RequestError(f"there is no convention {visible(name, 40)!r}; {hint}")
    found: Convention = import_module(f"cnnspec.conventions.{name}").CONVENTION
    return found


def find_counting_rule(of: Convention, node: Node) -> CountingRule:
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


def count_node(of: Convention, node: Node) -> int:
    """What a node counts for one example. Raises Uncounted."""
    return find_counting_rule(of, node).count(node)


def count_network(of: Convention, graph: Graph) -> int:
    """What a network counts at inference for one example. Raises Uncounted."""
    return sum(count_node(of, node) for node in graph.layers())


class OperatorCount(Record):
    """What all nodes of one operator count: ``macs`` here, ``theirs`` by the rule that ``says``
    how."""

    op: str
    nodes: int
    macs: int
    theirs: int
    says: str

    @property
    def difference(self) -> int:
        return self.theirs - self.macs


def count_by_operator(nodes: Iterable[Node], convention: Convention) -> list[OperatorCount]:
    """A part for each operator, in the order of first occurrence; their sums are both totals.
    Raises Uncounted."""
    found: dict[str, OperatorCount] = {}
    for node in nodes:
        of = find_counting_rule(convention, node)
        before = found.get(node.kind) or OperatorCount(node.kind, 0, 0, 0, of.says)
        found[node.kind] = before.replace(
            nodes=before.nodes + 1,
            macs=before.macs + count_macs(node),
            theirs=before.theirs + of.count(node),
        )
    return list(found.values())
