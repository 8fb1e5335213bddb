"""How deep a network is: "layers" as papers count them, those with weights along the longest path,
and otherwise.

ResNet-50 and VGG-16 are called so by this count: convolutions and fully connected layers, from
input to output along the path that has the most of them. Projections beside a longer path do not
add to it, nor do the gates of squeeze-and-excitation."""

from collections.abc import Callable, Iterable

from cnnspec.graph.model import Node

POOLS = (
    "maxpool",
    "avgpool",
    "minpool",
    "sumpool",
    "global_avgpool",
    "global_maxpool",
    "adaptive_avgpool",
    "adaptive_maxpool",
    "trainable_subsampling",
)
FACTORS = (
    "channel_scale",
    "scale",
    "position_embedding",
)  # one factor or one term an element: parts of a layer


def weighted(node: Node) -> bool:
    """Whether papers count a node as a layer: it has weights, and is neither norm nor activation
    nor a mere factor."""
    if node.op.role != "layer" or not node.inputs or node.kind in FACTORS:
        return False
    return bool(node.op.parameters(*node.shapes) or node.op.buffers(*node.shapes))


def pool(node: Node) -> bool:
    return node.kind in POOLS


def weighted_or_pool(node: Node) -> bool:
    return weighted(node) or pool(node)


def longest_path(nodes: Iterable[Node], counted: Callable[[Node], bool] = weighted) -> list[Node]:
    """The counted nodes along the path that has the most of them. ``nodes`` are in execution
    order."""
    best: dict[
        int, tuple[int, Node | None, int | None]
    ] = {}  # nodes so far, the last of them, and the one before
    read_by: set[int] = set()
    for node in nodes:
        full = [n for n in node.inputs if n.output == node.output] if node.kind == "mul" else []
        read_by.update(n.index for n in node.inputs)
        read = [n.index for n in full or node.inputs if n.index in best]
        before = max(read, key=lambda i: best[i][0], default=None)
        length = best[before][0] if before is not None else 0
        one = counted(node)
        best[node.index] = (length + one, node if one else None, before)
    ends = [i for i in best if i not in read_by]  # a gate, even the last, is no end
    deepest = max(ends, key=lambda i: best[i][0], default=None)
    path: list[Node] = []
    while deepest is not None:
        _, here, deepest = best[deepest]
        path += [here] if here else []
    return path[::-1]


def depth(nodes: Iterable[Node]) -> int:
    """The layers of a network as papers count them."""
    return len(longest_path(nodes))
