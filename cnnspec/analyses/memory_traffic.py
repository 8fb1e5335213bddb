"""Memory traffic of a network, the denominator of its arithmetic intensity."""

from collections.abc import Iterable
from math import prod

from cnnspec.analyses.network_costs import Row
from cnnspec.graph.model import Node

MOVES_NOTHING = ("shape", "regulariser")  # roles: views, and what only acts in training


def count_memory_traffic(rows: Iterable[Row], batch: int = 1) -> int:
    """Count the elements that all layers move at inference.

    Each layer reads its inputs and writes its output once. A layer's norm and activation are
    assumed to be fused with it. Parameters and buffers are read once per batch."""
    elements = 0
    for row in rows:
        if row.operator is None or row.operator.role in MOVES_NOTHING or row.main is None:
            continue
        read = [n for i, n in enumerate(row.main.inputs) if i not in row.operator.size_only]
        elements += batch * (sum(prod(n.output) for n in read) + prod(row.output))
        elements += sum(prod(shape) for node in row.nodes for shape in tensor_shapes(node))
    return elements


def tensor_shapes(node: Node) -> list[tuple[int, ...]]:
    """Return the shapes of a node's parameters and buffers, shared ones included."""
    return [*node.op.parameters(*node.shapes).values(), *node.op.buffers(*node.shapes).values()]
