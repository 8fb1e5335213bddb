"""What is remarkable about a network's input: a shape in another order, or of another size."""

from cnnspec.graph.model import Graph, Node
from cnnspec.records import Record
from cnnspec.units import Shape, format_count, format_shape

SMALLEST = 8  # a size that an image has at least, and channels or a batch seldom have
COLORS = (1, 3)
# Heights and widths of cameras and screens. 768x1024 is not among them: it is also 1024 tokens of
# 768 channels.
SCREENS = {(240, 320), (360, 640), (480, 640), (600, 800), (720, 1280), (1080, 1920)}


class LayoutDoubt(Record):
    """An input whose shape looks like another order of sizes: how it is read, and what is meant."""

    node: Node
    message: str
    meant: Shape


def find_layout_doubts(graph: Graph) -> list[LayoutDoubt]:
    """List the inputs whose shape looks like a batch, an image without channels, or (H, W, C).

    An input that is only flattened gives the same numbers in any order, and is left out."""
    found = []
    for node in graph.inputs:
        doubt = doubt_layout(node)
        readers = [n for n in graph.nodes if node in n.inputs]
        if doubt is not None and any(n.op.role != "shape" for n in readers):
            found.append(doubt)
    return found


def doubt_layout(node: Node) -> LayoutDoubt | None:
    """Return the doubt about an input's shape, or None."""
    match node.output:
        case (n, c, h, w) if c in COLORS and n != 3 and min(h, w) >= SMALLEST:
            looks, meant = f"a batch of {n} with {c}x{h}x{w} each", (c, h, w)
        case (h, w) if h == w >= SMALLEST or (min(h, w), max(h, w)) in SCREENS:
            looks, meant = f"an image of {h}x{w} without its channels", (1, h, w)
        case (h, w, c) if c in COLORS and min(h, w) >= SMALLEST:
            looks, meant = "height, width, channels", (c, h, w)
        case _:
            return None
    channels, *sizes = node.output
    size = f"length {sizes[0]}" if len(sizes) == 1 else format_shape(tuple(sizes))
    plural = "s" * (channels > 1)
    return LayoutDoubt(
        node,
        f"{node.name} is read as {format_count(channels)} channel{plural} of {size}, but it looks"
        f" like {looks}",
        meant,
    )


def describe_input(graph: Graph) -> list[str]:
    """Return notes on the input: a doubtful order of sizes, and weights that do not fit."""
    lines = [
        f"{doubt.message[0].upper()}{doubt.message[1:]}: {list(doubt.meant)}?"
        for doubt in find_layout_doubts(graph)
    ]
    if graph.resized:
        first, more = graph.resized[0].message, len(graph.resized) - 1
        others = f"; so have {more} more layers" if more > 1 else "; so has 1 more layer"
        lines.append(
            "Weights for the spec's own input do not fit, because layers have other parameters."
            f" {first}{others * (more > 0)}."
        )
    return lines
