"""The last layers that see only part of the input: what reads them, if anything does, sees all of
it."""

from cnnspec.analyses.receptive_field.receptive_field import Field
from cnnspec.graph.model import Graph, Node
from cnnspec.units import Shape


def last_fields(graph: Graph, fields: dict[int, Field]) -> list[tuple[Node, Shape]]:
    """Those layers with the sizes of their receptive fields, in execution order.

    They are the outputs of the network, or, where an output sees the whole input, the layers before
    the global pooling or flatten through which it does. Fields that could not be followed are left
    out."""
    found: dict[int, tuple[Node, Shape]] = {}
    seen: set[int] = set()
    waiting = list(graph.outputs)
    while waiting:
        node = waiting.pop()
        if node.index in seen or node.kind == "input":
            continue
        seen.add(node.index)
        field = fields[node.index]
        if field.size is not None:
            found[node.index] = (node, field.size)
        elif not field.unknown:
            waiting += node.inputs
    return [found[index] for index in sorted(found)]
