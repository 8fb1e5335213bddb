"""The rows of a table: a line of the spec with its norm and activation, or, folded, a whole
block."""

from collections.abc import Iterable
from math import prod

from cnnspec.analyses.receptive_field.receptive_field import Field
from cnnspec.costs import NodeCost, summed
from cnnspec.graph.model import Node
from cnnspec.ops.kit.operator import Operator
from cnnspec.records import Record
from cnnspec.units import Shape


class Row(Record):
    """One row. A folded row has the sums of what it holds and the output of its last node.

    ``tensors`` are the shapes of parameters and buffers by name, those of a norm as
    ``norm.weight``; a folded row names none. ``op`` is the operator, or the block of a folded row;
    ``main`` is the operator's node, or None. ``times`` is how many equal rows in a run the row
    stands for: its numbers are those of one."""

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
    tensors: dict[str, Shape]
    field: Field
    shares: str = ""
    times: int = 1
    last: str = ""

    @property
    def operator(self) -> Operator | None:
        return self.main.op if self.main else None

    def part(self, part: str) -> Node | None:
        """The node of the row's norm or activation, or None."""
        return next((n for n in self.nodes[1:] if n.part == part), None) if self.main else None

    def alike(self, other: "Row") -> bool:
        """Whether two rows show the same numbers, but for their names and their receptive
        fields."""
        same = (
            self.op == other.op
            and self.output == other.output
            and self.shares == other.shares == ""
        )
        same = same and [n.kind for n in self.nodes] == [n.kind for n in other.nodes]
        return same and self.numbers == other.numbers

    @property
    def numbers(self) -> tuple[object, ...]:
        """What a run of equal rows has in common."""
        return self.params, self.buffers, self.macs, self.elementwise


def rows(
    nodes: Iterable[Node],
    costs: dict[int, NodeCost],
    fields: dict[int, Field],
    depth: int | None = None,
) -> list[Row]:
    """The rows of ``nodes`` in execution order.

    With ``depth`` d, blocks called more than d - 1 levels down are one row each (1: every line of
    the network is one row), and equal rows in a run are folded into one."""
    made = [row(name, members, costs, fields) for name, members in grouped(nodes, depth)]
    return made if depth is None else runs(made)


def grouped(nodes: Iterable[Node], depth: int | None = None) -> list[tuple[str, list[Node]]]:
    """The nodes of each row under its name, in execution order."""
    groups: list[tuple[str, list[Node]]] = []
    for node in nodes:
        folded = depth is not None and len(node.call.trail) >= depth
        name = ".".join(node.call.trail[:depth]) if folded else node.row
        if groups and groups[-1][0] == name:
            groups[-1][1].append(node)
        else:
            groups.append((name, [node]))
    return groups


def row(name: str, nodes: list[Node], costs: dict[int, NodeCost], fields: dict[int, Field]) -> Row:
    """One row of the given nodes."""
    main = nodes[0] if nodes[0].row == name else None
    last = nodes[-1]
    params = buffers = macs = 0
    tensors: dict[str, Shape] = {}
    work = []
    for node in nodes:
        cost = costs[node.index]
        params += cost.params
        buffers += cost.buffers
        macs += cost.macs
        work.append(cost.elementwise)
        if main:
            tensors.update(
                {f"{node.part}.{k}": v for k, v in cost.tensors.items()}
                if node.part
                else cost.tensors
            )
    return Row(
        name,
        main.kind if main else block_name(name, nodes[0]),
        main,
        tuple(nodes),
        last.output,
        prod(last.output),
        params,
        buffers,
        macs,
        summed(work),
        tensors,
        fields[last.index],
        costs[nodes[0].index].shares if main else "",
    )


def block_name(name: str, node: Node) -> str:
    """The block whose call a folded row is."""
    call = node.call
    while call.outer is not None and ".".join(call.trail) != name:
        call = call.outer
    return call.block


def runs(made: list[Row]) -> list[Row]:
    """Equal rows in a run, folded: the first, how many there are, the last's name and receptive
    field."""
    folded: list[Row] = []
    for r in made:
        if folded and folded[-1].alike(r):
            folded[-1] = folded[-1].replace(times=folded[-1].times + 1, last=r.name, field=r.field)
        else:
            folded.append(r)
    return folded
