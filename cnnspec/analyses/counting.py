"""Why another tool prints another figure: its count of each operator beside the
multiply-accumulates here."""

from collections.abc import Iterable

from cnnspec.conventions import Convention, rule
from cnnspec.conventions.rules import macs
from cnnspec.graph.model import Node
from cnnspec.records import Record


class Part(Record):
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


def parts(nodes: Iterable[Node], convention: Convention) -> list[Part]:
    """A part for each operator, in the order of first occurrence; their sums are both totals.
    Raises Uncounted."""
    found: dict[str, Part] = {}
    for node in nodes:
        of = rule(convention, node)
        before = found.get(node.kind) or Part(node.kind, 0, 0, 0, of.says)
        found[node.kind] = before.replace(
            nodes=before.nodes + 1,
            macs=before.macs + macs(node),
            theirs=before.theirs + of.count(node),
        )
    return list(found.values())
