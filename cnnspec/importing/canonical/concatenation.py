"""Translate concatenations: cat along any dimension, and stack."""

from cnnspec.analyses.flat_calls import FlatCall, Value
from cnnspec.importing.canonical.graph_builder import ImportBuilder, UnsupportedCall
from cnnspec.importing.canonical.layouts import Factor, TensorLayout
from cnnspec.importing.canonical.learned import concatenate_tokens
from cnnspec.importing.canonical.views import Rule


def concatenate(builder: ImportBuilder, call: FlatCall) -> TensorLayout:
    """Translate cat: along the channels, or of learned tokens with positions."""
    tensors = call.arguments["tensors"]
    values = [t for t in tensors if isinstance(t, Value)]
    dim = (call.arguments.get("dim") or 0) % len(call.outputs[0])
    if len(values) < len(tensors):
        return concatenate_tokens(builder, tensors, dim)
    parts = [builder.layout(t) for t in values]
    if len(parts) == 1:
        return parts[0]
    others = [[d for i, d in enumerate(part.dims) if i != dim] for part in parts]
    alike = all(o == others[0] for o in others)
    channels = [part.dims[dim] == builder.channels(part.node) for part in parts]
    if not alike or not all(channels):
        parts = [move_first(builder, part, dim) for part in parts]
    made = builder.append("concat", {}, tuple([part.node for part in parts]))
    dims = list(parts[0].dims)
    dims[dim] = builder.channels(made)
    return TensorLayout(made, tuple(dims))


def stack(builder: ImportBuilder, call: FlatCall) -> TensorLayout:
    """Translate stack: the channels of all tensors, and a dimension that counts the tensors."""
    parts = [builder.layout(t) for t in call.arguments["tensors"]]
    dim = (call.arguments.get("dim") or 0) % len(call.outputs[0])
    if len(parts[0].dims) < 2:
        raise UnsupportedCall("it stacks single numbers of each example")
    nodes = tuple([builder.arrange_map(part) for part in parts])
    dims = list(builder.whole_layout(nodes[0]).dims)
    if len(nodes) == 1:
        return TensorLayout(nodes[0], (*dims[:dim], (), *dims[dim:]))
    made = builder.append("concat", {}, nodes)
    count = (Factor(1, len(nodes), builder.nodes[nodes[0]].output[0]),)
    return TensorLayout(made, (*dims[:dim], count, *dims[dim:]))


def move_first(builder: ImportBuilder, x: TensorLayout, dim: int) -> TensorLayout:
    """Return the layout of a node whose channels are one dimension, then the others in order."""
    builder.require_batch(x)
    others = [i for i in range(1, len(x.dims)) if i != dim]
    node = builder.arrange(x, x.dims[dim], *[x.dims[i] for i in others])
    own = builder.whole_layout(node).dims
    order = [dim, *others]
    dims = [own[order.index(i) + 1] for i in range(1, len(x.dims))]
    return TensorLayout(node, (builder.batch, *dims))


RULES: dict[str, Rule] = {
    **dict.fromkeys(("cat", "concat"), concatenate),
    "stack": stack,
}
