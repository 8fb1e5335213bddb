"""The costs of a network: its rows, a table's lines, and their totals."""

from collections.abc import Iterable
from functools import cached_property
from math import prod

from cnnspec.analyses.receptive_field.receptive_field import (
    ReceptiveField,
    compute_receptive_fields,
)
from cnnspec.costs import NodeCost, compute_costs_by_index, sum_elementwise
from cnnspec.garbage import garbage_collection_paused
from cnnspec.graph.model import Graph, Node
from cnnspec.ops.kit.operator import Operator
from cnnspec.records import Record
from cnnspec.units import Shape


class Row(Record):
    """One row of a table: a line of the spec with its norm and activation, or a folded block.

    A folded row has the sums of its nodes and the output of the last one. ``tensors`` are the
    shapes of parameters and buffers by name, those of a norm as ``norm.weight``; a folded row has
    none. ``op`` is the operator, or the block of a folded row; ``main`` is the operator's node, or
    None. A row with ``times`` above 1 stands for a run of equal rows, and its numbers are those of
    one of them."""

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
    field: ReceptiveField
    shares: str = ""
    times: int = 1
    last: str = ""

    @property
    def operator(self) -> Operator | None:
        return self.main.op if self.main else None

    def part(self, part: str) -> Node | None:
        """Return the node of the row's norm or activation, or None."""
        return next((n for n in self.nodes[1:] if n.part == part), None) if self.main else None

    def alike(self, other: "Row") -> bool:
        """Whether two rows differ only in their names and receptive fields."""
        same = (
            self.op == other.op
            and self.output == other.output
            and self.shares == other.shares == ""
        )
        same = same and [n.kind for n in self.nodes] == [n.kind for n in other.nodes]
        return same and self.numbers == other.numbers

    @property
    def numbers(self) -> tuple[object, ...]:
        """The numbers that equal rows have in common."""
        return self.params, self.buffers, self.macs, self.elementwise


def make_rows(
    nodes: Iterable[Node],
    costs: dict[int, NodeCost],
    fields: dict[int, ReceptiveField],
    depth: int | None = None,
    unfold: bool = False,
) -> list[Row]:
    """Make the rows of ``nodes``, in execution order; with ``unfold`` each node is a row.

    With ``depth`` d, each block called more than d - 1 levels down is one row (1: one row per line
    of the network), and runs of equal rows are folded into one row."""
    if unfold:
        return [make_row(node.name, [node], costs, fields, node) for node in nodes]
    made = [
        make_row(name, members, costs, fields) for name, members in group_nodes_by_row(nodes, depth)
    ]
    return made if depth is None else fold_equal_rows(made)


def group_nodes_by_row(
    nodes: Iterable[Node], depth: int | None = None
) -> list[tuple[str, list[Node]]]:
    """Group nodes by the names of their rows, in execution order."""
    groups: list[tuple[str, list[Node]]] = []
    for node in nodes:
        folded = depth is not None and len(node.call.trail) >= depth
        name = ".".join(node.call.trail[:depth]) if folded else node.row
        if groups and groups[-1][0] == name:
            groups[-1][1].append(node)
        else:
            groups.append((name, [node]))
    return groups


def make_row(
    name: str,
    nodes: list[Node],
    costs: dict[int, NodeCost],
    fields: dict[int, ReceptiveField],
    main: Node | None = None,
) -> Row:
    """Make a row; ``main`` is its operator's node, by default the first one of the same name."""
    main = main or (nodes[0] if nodes[0].row == name else None)
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
                if node.part and node is not main
                else cost.tensors
            )
    return Row(
        name,
        main.kind if main else find_block_name(name, nodes[0]),
        main,
        tuple(nodes),
        last.output,
        prod(last.output),
        params,
        buffers,
        macs,
        sum_elementwise(work),
        tensors,
        fields[last.index],
        costs[nodes[0].index].shares if main else "",
    )


def find_block_name(name: str, node: Node) -> str:
    """Find the name of the block that a folded row calls."""
    call = node.call
    while call.outer is not None and ".".join(call.trail) != name:
        call = call.outer
    return call.block


def fold_equal_rows(made: list[Row]) -> list[Row]:
    """Fold runs of equal rows: the first row, with the run's length and its last name and field."""
    folded: list[Row] = []
    for r in made:
        if folded and folded[-1].alike(r):
            folded[-1] = folded[-1].replace(times=folded[-1].times + 1, last=r.name, field=r.field)
        else:
            folded.append(r)
    return folded


class Totals(Record):
    """The sums over all rows for one example.

    ``flops`` is 2 * ``macs``; element-wise work is counted apart, by kind. ``activations`` are the
    elements of the rows' outputs; a layer's norm and activation add none."""

    params: int
    buffers: int
    macs: int
    flops: int
    activations: int
    elementwise: dict[str, int]


def sum_nodes(nodes: Iterable[Node], costs: dict[int, NodeCost]) -> Totals:
    """Sum nodes into the totals of their rows, which takes no receptive fields."""
    groups = group_nodes_by_row(nodes)
    found = [costs[node.index] for _, members in groups for node in members]
    macs = sum([c.macs for c in found])
    return Totals(
        sum([c.params for c in found]),
        sum([c.buffers for c in found]),
        macs,
        2 * macs,
        sum([prod(members[-1].output) for _, members in groups]),
        dict(sorted(sum_elementwise([c.elementwise for c in found]).items())),
    )


class NetworkCosts:
    """The costs and receptive fields of a network's nodes, its rows, and their totals."""

    def __init__(self, graph: Graph):
        self.graph = graph

    @property
    def name(self) -> str:
        return self.graph.name

    @property
    def input(self) -> Shape:
        """The shape of the (first) input, without the batch: (C, H, W)."""
        return self.graph.inputs[0].output

    @cached_property
    def costs(self) -> dict[int, NodeCost]:
        """The cost of every node, training-only nodes included, by the node's index."""
        with garbage_collection_paused():
            return compute_costs_by_index(self.graph.nodes)

    @cached_property
    def fields(self) -> dict[int, ReceptiveField]:
        """The receptive field of every node, by the node's index."""
        with garbage_collection_paused():
            return compute_receptive_fields(self.graph.nodes)

    @cached_property
    def layers(self) -> list[Row]:
        """The rows at full depth and at inference, in execution order."""
        with garbage_collection_paused():
            return make_rows(self.graph.layers(), self.costs, self.fields)

    @cached_property
    def totals(self) -> Totals:
        """The sums of the rows at inference."""
        return self.sums()

    def rows(
        self, depth: int | None = None, training: bool = False, unfold: bool = False
    ) -> list[Row]:
        """Return the rows of the table.

        ``depth`` folds blocks, ``training`` adds training-only rows, and ``unfold`` makes each
        node a row, so that norms and activations have rows of their own."""
        if depth is None and not training and not unfold:
            return [*self.layers]
        with garbage_collection_paused():
            return make_rows(self.graph.layers(training), self.costs, self.fields, depth, unfold)

    def sums(self, training: bool = False) -> Totals:
        """Return the totals; with ``training`` those of the network in training."""
        with garbage_collection_paused():
            return sum_nodes(self.graph.layers(training), self.costs)
