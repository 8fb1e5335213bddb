"""A network's architecture in short: its depth as papers count it, and its layers in one line.

Papers count layers with weights (convolutions and fully connected layers) along the path that has
the most of them; ResNet-50 and VGG-16 have their names from this count. Projections beside a
longer path and the gates of squeeze-and-excitation do not add to it."""

from collections.abc import Callable, Iterable

from cnnspec.graph.model import Graph, Node
from cnnspec.units import format_shape


def has_weights(node: Node) -> bool:
    """Whether papers count a node as a layer: weights, but no norm, activation or scale."""
    if node.op.role != "layer" or not node.inputs or not node.op.counts_as_layer:
        return False
    return bool(node.op.parameters(*node.shapes) or node.op.buffers(*node.shapes))


def is_pool(node: Node) -> bool:
    """Whether a node pools positions; a pooling of channels does not count."""
    return node.op.pools in ("window", "map")


def is_weighted_or_pool(node: Node) -> bool:
    return has_weights(node) or is_pool(node)


def find_longest_path(
    nodes: Iterable[Node], counted: Callable[[Node], bool] = has_weights
) -> list[Node]:
    """Find the counted nodes on the path with most of them; ``nodes`` are in execution order."""
    # by node: the count up to it, itself if it counts, and the node before it on the path
    best: dict[int, tuple[int, Node | None, int | None]] = {}
    read_by: set[int] = set()
    for node in nodes:
        full = [n for n in node.inputs if n.output == node.output] if node.op.takes_gates else []
        read_by.update(n.index for n in node.inputs)
        read = [n.index for n in full or node.inputs if n.index in best]
        before = max(read, key=lambda i: best[i][0], default=None)
        length = best[before][0] if before is not None else 0
        one = counted(node)
        best[node.index] = (length + one, node if one else None, before)
    ends = [i for i in best if i not in read_by]  # a gate that is read is no end
    deepest = max(ends, key=lambda i: best[i][0], default=None)
    path: list[Node] = []
    while deepest is not None:
        _, here, deepest = best[deepest]
        path += [here] if here else []
    return path[::-1]


def count_depth(nodes: Iterable[Node]) -> int:
    """Count a network's layers as papers do."""
    return len(find_longest_path(nodes))


UNSAID = ("shape", "regulariser", "norm", "activation")  # roles left out of a chain


def describe_chain(graph: Graph) -> str | None:
    """Describe a chain of layers as VGG's tables do: ``Conv3-64, Max pool, FC-4096``.

    None if the network has branches."""
    parts = []
    before = graph.inputs[0]
    for node in graph.layers():
        if node.inputs != (before,):
            return None
        before = node
        if node.op.short_title or node.op.role not in UNSAID:
            parts.append(describe_layer(node))
    return ", ".join(["Image", *parts])


def describe_layer(node: Node) -> str:
    """Describe a layer by its kind, kernel size, and number of output channels or features."""
    short = node.op.short_title or node.op.title
    if "{" not in short:
        return short
    kernel = node.op.parameters(*node.shapes).get("weight", ())[2:]
    size = str(kernel[0]) if len(set(kernel)) == 1 else format_shape(kernel)
    return short.format(kernel=size, channels=node.output[0])
