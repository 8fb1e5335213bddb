"""A chain of layers in a line, as the table of the VGG networks writes them: Conv3-64, Max pool,
FC-4096."""

from cnnspec.graph.model import Graph, Node
from cnnspec.units import format_shape

NAMES = {
    "maxpool": "Max pool",
    "avgpool": "Avg pool",
    "global_avgpool": "Global avg pool",
    "lrn": "LRN",
    "softmax": "Soft-max",
}
SIZED = {"conv": "Conv", "depthwise_conv": "Depthwise", "conv_transpose": "Deconv"}
UNSAID = ("shape", "regulariser", "norm", "activation")  # roles that such a line leaves out


def chain(graph: Graph) -> str | None:
    """The layers from the input to the output; None where they are no chain, but have branches."""
    parts = []
    before = graph.inputs[0]
    for node in graph.layers():
        if node.inputs != (before,):
            return None
        before = node
        if node.kind in NAMES or node.op.role not in UNSAID:
            parts.append(named(node))
    return ", ".join(["Image", *parts])


def named(node: Node) -> str:
    """A layer: its kind, the size of its kernel, and the channels or features that it makes."""
    if node.kind in SIZED:
        kernel = node.op.parameters(*node.shapes)["weight"][2:]
        size = kernel[0] if len(set(kernel)) == 1 else format_shape(kernel)
        return f"{SIZED[node.kind]}{size}-{node.output[0]}"
    return f"FC-{node.output[0]}" if node.kind == "linear" else NAMES.get(node.kind, node.op.title)
