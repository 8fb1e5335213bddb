"""The cost of each node: parameters, buffers, multiply-accumulates and element-wise work."""

from collections.abc import Iterable
from math import prod

from cnnspec.graph.model import Node
from cnnspec.ops.kit.operator import Operator
from cnnspec.records import Record
from cnnspec.units import Shape


class NodeCost(Record):
    """The cost of one node for one example.

    ``params`` are trainable elements, ``buffers`` stored elements that are not trained, and
    ``tensors`` the shapes of both by name. ``macs`` are multiply-accumulates (biases not counted),
    ``elementwise`` the other arithmetic by kind. A node that shares the parameters of another node
    has none of its own; ``shares`` names that node."""

    name: str
    op: str
    output: Shape
    activation_size: int
    params: int
    buffers: int
    macs: int
    elementwise: dict[str, int]
    tensors: dict[str, Shape]
    shares: str = ""


def compute_node_cost(node: Node) -> NodeCost:
    """Compute the cost of one node."""
    op, shapes, y = node.op, node.shapes, node.output
    parameters, buffers = ({}, {}) if node.shares else (op.parameters(*shapes), op.buffers(*shapes))
    return NodeCost(
        node.name,
        node.kind,
        y,
        prod(y),
        sum(map(prod, parameters.values())) if parameters else 0,
        sum(map(prod, buffers.values())) if buffers else 0,
        op.macs(*shapes, y=y),
        op.elementwise(*shapes, y=y),
        parameters | buffers,
        node.shares.name if node.shares else "",
    )


def compute_costs(nodes: Iterable[Node]) -> list[NodeCost]:
    """Compute the costs of nodes, in their order."""
    known: dict[tuple[Operator, tuple[Shape, ...]], NodeCost] = {}  # networks repeat layers
    found = []
    for node in nodes:
        key = (node.op, node.shapes)
        if node.shares:
            found.append(compute_node_cost(node))
            continue
        if key not in known:
            known[key] = compute_node_cost(node)
        found.append(known[key].replace(name=node.name))
    return found


def compute_costs_by_index(nodes: Iterable[Node]) -> dict[int, NodeCost]:
    """Compute the costs of nodes, by each node's index."""
    nodes = [*nodes]
    return {node.index: cost for node, cost in zip(nodes, compute_costs(nodes), strict=True)}


def sum_elementwise(work: Iterable[dict[str, int]]) -> dict[str, int]:
    """Sum element-wise work by kind."""
    found: dict[str, int] = {}
    for each in work:
        for kind, n in each.items():
            found[kind] = found.get(kind, 0) + n
    return found
