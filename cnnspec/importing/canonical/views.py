"""Translate calls that give a tensor another layout: views, permutations, copies, flattening."""

from collections.abc import Callable
from typing import Any

from cnnspec.analyses.flat_calls import FlatCall
from cnnspec.importing.canonical.channel_order import cut_each_group
from cnnspec.importing.canonical.graph_builder import ImportBuilder, UnsupportedCall
from cnnspec.importing.canonical.layouts import Dims, TensorLayout, regroup, size_of, whole_dims
from cnnspec.ops.kit.windows import per_dimension

Rule = Callable[[ImportBuilder, FlatCall], TensorLayout | list[TensorLayout]]


def keep(builder: ImportBuilder, call: FlatCall) -> TensorLayout:
    """Translate a call that returns the tensor it reads: clone, contiguous, to, expand."""
    return builder.layout(call.arguments["self"])


def change_shape(builder: ImportBuilder, call: FlatCall) -> TensorLayout:
    """Translate view, reshape, flatten, unflatten."""
    x = builder.layout(call.arguments["self"])
    if call.outputs[0] == call.arguments["self"].shape:
        return x
    dims = regroup(x.dims, call.outputs[0])
    if dims is None:
        raise UnsupportedCall("it cuts dimensions at places that are no multiples of each other")
    return settle(builder, TensorLayout(x.node, dims, call))


def settle(builder: ImportBuilder, layout: TensorLayout) -> TensorLayout:
    """Move the elements now where a map becomes a vector, or its channels are shuffled.

    These are complete where models do them. Other layouts may be a step on the way to one."""
    dims, own = layout.dims[1:], whole_dims(builder.nodes[layout.node].output)
    if layout.dims[:1] != (builder.batch,) or dims == own:
        return layout
    is_vector = len(dims) == 1
    is_shuffle = len(dims) == len(own) and dims[1:] == own[1:] and len(dims[0]) == 2
    if not is_vector and not is_shuffle:
        return layout
    return builder.whole_layout(builder.arrange(layout, *dims))


def squeeze(builder: ImportBuilder, call: FlatCall) -> TensorLayout:
    """Translate squeeze: dimensions of size 1 are dropped."""
    value = call.arguments["self"]
    x, given = builder.layout(value), call.arguments.get("dim")
    chosen = list_dims(given, len(x.dims))
    kept = [d for i, d in enumerate(x.dims) if i not in chosen or value.shape[i] != 1]
    return settle(builder, TensorLayout(x.node, tuple(kept), call))


def unsqueeze(builder: ImportBuilder, call: FlatCall) -> TensorLayout:
    x = builder.layout(call.arguments["self"])
    dim = call.arguments["dim"] % (len(x.dims) + 1)
    return TensorLayout(x.node, (*x.dims[:dim], (), *x.dims[dim:]), call)


def permute(builder: ImportBuilder, call: FlatCall) -> TensorLayout:
    """Translate permute, transpose, swapaxes, movedim, t."""
    x, given = builder.layout(call.arguments["self"]), call.arguments
    order = list(range(len(x.dims)))
    if "dims" in given:
        order = [d % len(x.dims) for d in given["dims"]]
    elif "source" in given:
        order = move_dims(given, len(x.dims))
    else:
        a, b = (given.get(f"dim{i}", given.get(f"axis{i}", i)) % len(x.dims) for i in (0, 1))
        order[a], order[b] = order[b], order[a]
    return TensorLayout(x.node, tuple([x.dims[d] for d in order]), call)


def move_dims(given: dict[str, Any], rank: int) -> list[int]:
    """Return the order of the dimensions after movedim."""
    sources, targets = (list_dims(given[name], rank) for name in ("source", "destination"))
    order = [d for d in range(rank) if d not in sources]
    for target, source in sorted(zip(targets, sources, strict=True)):
        order.insert(target, source)
    return order


def list_dims(given: Any, rank: int) -> list[int]:
    """Return dimensions as a list of numbers from 0 on; all of them if none are given."""
    if given is None or given == []:
        return list(range(rank))
    return [d % rank for d in (given if isinstance(given, (list, tuple)) else [given])]


def slice_channels(builder: ImportBuilder, call: FlatCall) -> TensorLayout:
    """Translate slice, narrow and select: a part of one dimension."""
    value = call.arguments["self"]
    dim = (call.arguments.get("dim") or 0) % len(value.shape)
    size = value.shape[dim]
    if call.name == "select":
        start, length, step = call.arguments["index"] % size, 1, 1
    else:
        start, step = call.arguments.get("start") or 0, call.arguments.get("step") or 1
        length = call.outputs[0][dim]
        start = max(start + size, 0) if start < 0 else start
    found = cut(builder, builder.layout(value), dim, start, length, step)
    if call.name == "select":
        return TensorLayout(found.node, (*found.dims[:dim], *found.dims[dim + 1 :]))
    return found


def split_channels(builder: ImportBuilder, call: FlatCall) -> list[TensorLayout]:
    """Translate chunk, split and unbind: all parts of one dimension, as slices."""
    value = call.arguments["self"]
    dim = (call.arguments.get("dim") or 0) % len(value.shape)
    found, start = [], 0
    for shape in call.outputs:
        length = 1 if call.name == "unbind" else shape[dim]
        part = cut(builder, builder.layout(value), dim, start, length, 1)
        if call.name == "unbind":
            part = TensorLayout(part.node, (*part.dims[:dim], *part.dims[dim + 1 :]))
        found.append(part)
        start += length
    return found


def cut(
    builder: ImportBuilder, x: TensorLayout, dim: int, start: int, length: int, step: int
) -> TensorLayout:
    """Cut a part out of one dimension of a tensor: of its channels, or of its positions.

    A dimension that is a part of a node's dimension becomes a whole one before."""
    if length == size_of(x.dims[dim]) and step == 1:
        return x
    own = whole_dims(builder.nodes[x.node].output)
    try:
        return cut_factor(builder, x, dim, start, length, step)
    except UnsupportedCall:
        if step == 1 and dim > 0 and x.dims[dim] not in own and len(own) > 1:
            try:
                return cut_each_group(builder, x, dim, start, length)
            except UnsupportedCall:
                pass
        if dim == 0 or x.dims[:1] != (builder.batch,) or x.dims[dim] in own:
            raise
        x = builder.whole_layout(builder.arrange_map(x))
        return cut_factor(builder, x, dim, start, length, step)


def cut_factor(
    builder: ImportBuilder, x: TensorLayout, dim: int, start: int, length: int, step: int
) -> TensorLayout:
    """Cut a part out of a dimension that is the channels, a part of these, or positions."""
    if len(x.dims[dim]) > 1 and {f.dim for f in x.dims[dim]} == {1}:
        x = builder.by_channels(x, dim)
    factors, node = x.dims[dim], builder.nodes[x.node]
    if len(factors) != 1 or factors[0].dim == 0:
        raise UnsupportedCall("it cuts a dimension that is no dimension of a map")
    f = factors[0]
    whole_size = node.output[f.dim - 1]
    if f.dim == 1 and f.size * f.inner == whole_size and step == 1:
        stop = (start + length) * f.inner
        fields = {"start": start * f.inner, "stop": None if stop == whole_size else stop}
        made = builder.append("slice_channels", fields, (x.node,))
    elif f.dim == 1 and f.inner == 1 and f.size == whole_size:
        fields = {"start": start, "step": step}
        if start + length * step < whole_size:
            fields["stop"] = start + length * step
        made = builder.append("slice_channels", fields, (x.node,))
    elif f.dim == 1 and f.inner == 1 and length == 1:
        made = builder.append("slice_channels", {"start": start, "step": f.size}, (x.node,))
        return TensorLayout(made, drop_inner(x.dims, dim, f.size))
    elif f.size == whole_size:
        made = cut_positions(builder, x.node, f.dim, start, length, step)
    else:
        raise UnsupportedCall("it cuts a part of a dimension that no operator has")
    return TensorLayout(made, cut_dims(x.dims, dim, builder.nodes[made].output, f.dim, f.inner))


def drop_inner(dims: Dims, dim: int, size: int) -> Dims:
    """Return the dimensions after one of ``size`` was taken out, the innermost of the channels."""
    found = []
    for i, factors in enumerate(dims):
        kept = [] if i == dim else factors
        found.append(tuple([f._replace(inner=f.inner // size) if f.dim == 1 else f for f in kept]))
    return tuple(found)


def cut_positions(
    builder: ImportBuilder, node: int, dim: int, start: int, length: int, step: int
) -> int:
    """Crop one dimension of a map and keep every ``step``-th position."""
    sizes = builder.nodes[node].output[1:]
    kept = min((length - 1) * step + 1, sizes[dim - 2] - start) if step > 1 else length
    if step > 1 and start == 0 and -(-sizes[dim - 2] // step) == length:
        kept = sizes[dim - 2]
    if kept < sizes[dim - 2]:
        offset = [start if i == dim - 2 else 0 for i in range(len(sizes))]
        size = [kept if i == dim - 2 else n for i, n in enumerate(sizes)]
        node = append_crop(builder, node, offset, size)
    if step == 1:
        return node
    before = builder.nodes[node]
    stride = [step if i == dim - 2 else 1 for i in range(len(sizes))]
    if before.kind == "subsample":  # of another dimension, or twice of one
        earlier = per_dimension("stride", before.fields["stride"], len(sizes))
        stride, (node,) = [a * b for a, b in zip(earlier, stride, strict=True)], before.inputs
    return builder.append("subsample", {"stride": stride}, (node,))


def append_crop(builder: ImportBuilder, node: int, offset: list[int], size: list[int]) -> int:
    """Crop a map. With a crop before it, as of another dimension, it is one crop."""
    before = builder.nodes[node]
    if before.kind == "crop" and len(before.inputs) == 1:
        earlier = per_dimension("offset", before.fields["offset"], len(size))
        offset, (node,) = [a + b for a, b in zip(earlier, offset, strict=True)], before.inputs
    return builder.append("crop", {"offset": offset, "size": size}, (node,))


def cut_dims(dims: Dims, dim: int, output: tuple[int, ...], node_dim: int, inner: int) -> Dims:
    """Return the dimensions of a tensor after one of them was cut to a node's new size."""
    size = output[node_dim - 1] // inner
    found = []
    for i, factors in enumerate(dims):
        if i == dim:
            cut_ones = [f._replace(size=size) for f in factors]
            found.append(tuple([f for f in cut_ones if f.size > 1]))
        else:
            found.append(factors)
    return tuple(found)


COPIES = ("clone", "contiguous", "to", "_to_copy", "type_as", "float", "double", "detach", "alias")
KEEPING = (*COPIES, "expand", "expand_as", "positive")
RULES: dict[str, Rule] = {
    **dict.fromkeys(KEEPING, keep),
    **dict.fromkeys(("view", "reshape", "flatten", "unflatten", "_unsafe_view"), change_shape),
    **dict.fromkeys(("view_as", "reshape_as", "_reshape_alias"), change_shape),
    "squeeze": squeeze,
    "unsqueeze": unsqueeze,
    **dict.fromkeys(("permute", "transpose", "t", "swapaxes", "movedim", "moveaxis"), permute),
    **dict.fromkeys(("slice", "narrow", "select"), slice_channels),
    **dict.fromkeys(
        ("chunk", "split", "split_with_sizes", "unbind", "tensor_split"), split_channels
    ),
}
