"""Translate concatenations: cat along any dimension, and stack."""

from typing import Any

from cnnspec.analyses.flat_calls import Constant, FlatCall, Value
from cnnspec.importing.canonical.graph_builder import ImportBuilder, UnsupportedCall
from cnnspec.importing.canonical.layouts import Factor, TensorLayout
from cnnspec.importing.canonical.learned import concatenate_tokens
from cnnspec.importing.canonical.views import Rule


def concatenate(builder: ImportBuilder, call: FlatCall) -> TensorLayout:
    """Translate cat: along the channels, or of learned tokens with positions."""
    tensors = call.arguments["tensors"]
    values = [t for t in tensors if isinstance(t, Value)]
    dim = (call.arguments.get("dim") or 0) % len(call.outputs[0])
    if dim == 1 and any(is_zero(t) for t in tensors):
        return concatenate_zeros(builder, call, tensors)
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


def is_zero(tensor: Any) -> bool:
    """Tell whether a tensor is a constant of zeros."""
    return isinstance(tensor, Constant) and tensor.number == 0


def concatenate_zeros(builder: ImportBuilder, call: FlatCall, tensors: list[Any]) -> TensorLayout:
    """Translate cat of zeros before and after other channels, which pads these."""
    own = [i for i, tensor in enumerate(tensors) if not is_zero(tensor)]
    inner = tensors[own[0] : own[-1] + 1]
    if any(map(is_zero, inner)):
        raise UnsupportedCall("it concatenates zeros between other channels")
    x = concatenate(builder, call.replace(arguments={"tensors": inner, "dim": 1}))
    before, after = [
        sum(t.shape[1] for t in part) for part in (tensors[: own[0]], tensors[own[-1] + 1 :])
    ]
    node = builder.arrange_map(x)
    return builder.whole_layout(
        builder.append("pad_channels", {"before": before, "after": after}, (node,))
    )


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
