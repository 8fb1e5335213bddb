"""How much has to be moved for the arithmetic of a network: the other half of its arithmetic
intensity."""

from collections.abc import Iterable
from math import prod

from cnnspec.analyses.network_costs import Row
from cnnspec.graph.model import Node

MOVES_NOTHING = (
    "shape",
    "regulariser",
)  # roles: views of what is there, and what only training does


def count_memory_traffic(rows: Iterable[Row], batch: int = 1) -> int:
    """The elements that are moved at inference if each layer reads its inputs and writes its output
    once.

    A layer's norm and activation are taken to be done on the way; its parameters and buffers are
    read once for the whole batch."""
    elements = 0
    for row in rows:
        if row.operator is None or row.operator.role in MOVES_NOTHING or row.main is None:
            continue
        read = [n for i, n in enumerate(row.main.inputs) if i not in row.operator.size_only]
        elements += batch * (sum(prod(n.output) for n in read) + prod(row.output))
        elements += sum(prod(shape) for node in row.nodes for shape in tensor_shapes(node))
    return elements


def tensor_shapes(node: Node) -> list[tuple[int, ...]]:
    """The shapes of a node's parameters and buffers, shared ones too."""
    return [*node.op.parameters(*node.shapes).values(), *node.op.buffers(*node.shapes).values()]
