"""The rows of a table: a line of the spec with its norm and activation, or, folded, a whole block."""

from collections.abc import Iterable
from math import prod
from typing import NamedTuple

from cnnspec.analyses.receptive_field import Field
from cnnspec.costs import NodeCost
from cnnspec.graph.model import Node
from cnnspec.ops.operator import Operator
from cnnspec.units import Shape


class Row(NamedTuple):
    """One row. A folded row has the sums of what it holds and the output of its last node.

    ``op`` is the operator, or the block of a folded row; ``main`` is the operator's node, or None. ``times`` is
    how many equal rows in a run the row stands for: its numbers are those of one.
    """

    name: str
    op: str
    main: Node | None
    nodes: tuple[Node, ...]
    output: Shape
    activation_size: int
    params: int
    buffers: int
    macs: int
    elementwise: dict[str, int]
    field: Field
    shares: str = ""
    times: int = 1
    last: str = ""

    @property
    def operator(self) -> Operator | None:
        return self.main.op if self.main else None

    def part(self, part: str) -> str:
        """The title of the row's norm or activation, "" without one."""
        return next((n.op.title for n in self.nodes if n.part == part), "")

    def alike(self, other: "Row") -> bool:
        """Whether two rows show the same numbers, but for their names and their receptive fields."""
        same = self.op == other.op and self.output == other.output and self.shares == other.shares == ""
        return same and (self.params, self.buffers, self.macs) == (other.params, other.buffers, other.macs)


def rows(nodes: Iterable[Node], costs: dict[int, NodeCost], fields: dict[int, Field], depth: int | None = None) -> list[Row]:
    """The rows of ``nodes`` in execution order.

    With ``depth`` d, blocks called more than d - 1 levels down are one row each (1: every line of the network is
    one row), and equal rows in a run are folded into one.
    """
    groups: list[tuple[str, list[Node]]] = []
    for node in nodes:
        trail = node.call.trail
        name = node.row if depth is None or len(trail) < depth else ".".join(trail[:depth])
        if groups and groups[-1][0] == name:
            groups[-1][1].append(node)
        else:
            groups.append((name, [node]))
    made = [row(name, members, costs, fields) for name, members in groups]
    return made if depth is None else runs(made)


def row(name: str, nodes: list[Node], costs: dict[int, NodeCost], fields: dict[int, Field]) -> Row:
    """One row of the given nodes."""
    main = nodes[0] if nodes[0].row == name else None
    parts = [costs[n.index] for n in nodes]
    last = nodes[-1]
    work: dict[str, int] = {}
    for cost in parts:
        for kind, n in cost.elementwise.items():
            work[kind] = work.get(kind, 0) + n
    shares = parts[0].shares if main else ""
    return Row(
        name, main.kind if main else block_name(name, nodes[0]), main, tuple(nodes), last.output, prod(last.output),
        sum(c.params for c in parts), sum(c.buffers for c in parts), sum(c.macs for c in parts), work,
        fields[last.index], shares,
    )


def block_name(name: str, node: Node) -> str:
    """The block whose call a folded row is."""
    call = node.call
    while call.outer is not None and ".".join(call.trail) != name:
        call = call.outer
    return call.block


def runs(made: list[Row]) -> list[Row]:
    """Equal rows in a run, folded: the first, how many there are, the last's name and receptive field."""
    folded: list[Row] = []
    for r in made:
        if folded and folded[-1].alike(r):
            folded[-1] = folded[-1]._replace(times=folded[-1].times + 1, last=r.name, field=r.field)
        else:
            folded.append(r)
    return folded
