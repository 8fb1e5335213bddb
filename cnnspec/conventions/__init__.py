"""Counting conventions: what other tools count for the same nodes.

A convention assumes that every node is the PyTorch module or function of the same name, called
once per example. Most published implementations are written so. If one is not (a mean instead of a
pooling module, a function instead of a module), a tool that hooks modules may count more or less.

A convention counts nothing for operators that it does not list, as the tool has no rule for them.
But an unlisted operator with multiply-accumulates or parameters is Uncounted: what the tool counts
depends on how the operator is implemented."""

from collections.abc import Iterable

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
    """Load a convention by its name. Raises RequestError if there is none."""
    if name not in CONVENTIONS:
        hint = did_you_mean(name, CONVENTIONS, "there are " + ", ".join(CONVENTIONS))
        raise RequestError(f"there is no convention {visible(name, 40)!r}; {hint}")
    from cnnspec.conventions.tools import TOOLS

    return TOOLS[name]


def find_counting_rule(of: Convention, node: Node) -> CountingRule:
    """Find the rule that counts a node.

    Raises Uncounted if the count depends on how the node is implemented."""
    if node.kind in of.rules:
        return of.rules[node.kind]
    if node.op.macs(*node.shapes, y=node.output) or node.op.parameters(*node.shapes):
        raise Uncounted(
            f"what {of.name} counts for {node.kind} ({visible(node.name)}) depends on its"
            " implementation"
        )
    return FREE


def count_node(of: Convention, node: Node) -> int:
    """Count a node for one example. Raises Uncounted."""
    return find_counting_rule(of, node).count(node)


def count_network(of: Convention, graph: Graph) -> int:
    """Count a network at inference for one example. Raises Uncounted."""
    return sum(count_node(of, node) for node in graph.layers())


class OperatorCount(Record):
    """The counts of all nodes of one operator: our ``macs``, and the tool's count (``theirs``).

    ``says`` describes the tool's rule."""

    op: str
    nodes: int
    macs: int
    theirs: int
    says: str

    @property
    def difference(self) -> int:
        return self.theirs - self.macs


def count_by_operator(nodes: Iterable[Node], convention: Convention) -> list[OperatorCount]:
    """Count nodes by operator, in the order of first occurrence. Raises Uncounted.

    The sums over the operators are the totals of the nodes."""
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
