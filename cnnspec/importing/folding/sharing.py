"""Finds lines that use the parameters of a line above, and opens modules where only parts do."""

from cnnspec.importing.folding.absorb import split_parts
from cnnspec.importing.folding.bodies import Body, FoldedLine
from cnnspec.importing.folding.names import make_unique
from cnnspec.importing.imported_graph import ImportedGraph


class SharedWeights:
    """The nodes of a graph that use the same weights as others: by node the first of them."""

    def __init__(self, graph: ImportedGraph):
        self.graph = graph
        first: dict[tuple[str, ...], int] = {}
        self.first = [
            first.setdefault(n.weights, i) if n.weights else i for i, n in enumerate(graph.nodes)
        ]
        later = [i for i, owner in enumerate(self.first) if i != owner]
        self.shared = set(later) | {self.first[i] for i in later}

    def owners(self, line: FoldedLine) -> set[int]:
        """Return the first users of the shared weights that a line uses."""
        return {self.first[i] for i in line.nodes if i in self.shared}

    def are_alike(self, line: FoldedLine, other: FoldedLine) -> bool:
        """Tell whether two lines are the same operators on the same weights, wired the same."""
        if len(line.nodes) != len(other.nodes) or line.training_only != other.training_only:
            return False
        same = dict(zip(line.nodes, other.nodes, strict=True))
        outside: dict[int, int] = {}
        for i, k in same.items():
            node, like = self.graph.nodes[i], self.graph.nodes[k]
            if (node.kind, node.fields, node.weights) != (like.kind, like.fields, like.weights):
                return False
            for read, wanted in zip(node.inputs, like.inputs, strict=True):
                known = same.get(read, outside.setdefault(read, wanted))
                if known != wanted:
                    return False
        return len(set(outside.values())) == len(outside)


def mark_shared_lines(graph: ImportedGraph, body: Body) -> None:
    """Set ``shared`` of all lines that repeat a line above with the same parameters."""
    weights = SharedWeights(graph)
    if weights.shared:
        share_lines(weights, body)


def share_lines(weights: SharedWeights, body: Body) -> None:
    """Set ``shared`` in one body and in those inside.

    Where lines share only a part, they are opened until the part is a line of this body."""
    while opened := find_unlike_line(weights, body.lines):
        at = body.lines.index(opened)
        inner = opened.body.lines if opened.body else split_parts(opened)
        taken = {line.name for line in body.lines if line is not opened}
        for line in inner:
            prefix = f"{opened.name}_" if opened.body else ""
            line.name = make_unique(prefix + line.name, taken)
            taken.add(line.name)
        body.lines[at : at + 1] = inner
    for line in body.lines:
        if line.body and line.shared is None:
            share_lines(weights, line.body)


def find_unlike_line(weights: SharedWeights, lines: list[FoldedLine]) -> FoldedLine | None:
    """Return a line that shares a part with another line, and mark those that share everything."""
    users: dict[int, FoldedLine] = {}
    for line in lines:
        owners = weights.owners(line)
        others = {id(users[i]): users[i] for i in owners if i in users}
        if not others:
            users |= dict.fromkeys(owners, line)
            continue
        other, *more = others.values()
        if not more and weights.are_alike(line, other):
            line.shared = other
            continue
        largest = max([line, other, *more], key=lambda each: (bool(each.body), len(each.nodes)))
        if largest.body or largest.parts:  # one operator cannot be opened
            return largest
    return None
