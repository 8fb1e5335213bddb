"""Translate attention of given queries, keys and values, among all positions or in windows."""

from math import isclose
from typing import Any

from cnnspec.analyses.flat_calls import FlatCall
from cnnspec.importing.canonical import composed_attention
from cnnspec.importing.canonical.attention_bias import AttentionBias, read_biases
from cnnspec.importing.canonical.channel_order import arrange_channels
from cnnspec.importing.canonical.graph_builder import ImportBuilder, UnsupportedCall
from cnnspec.importing.canonical.layouts import (
    Dims,
    Factor,
    Factors,
    TensorLayout,
    merge,
    merge_sorted,
    size_of,
    whole,
    whole_dims,
)
from cnnspec.importing.canonical.views import Rule
from cnnspec.records import Record
from cnnspec.units import Shape

KIND = "scaled_dot_product_attention"


class HeadLayout(Record):
    """Queries, keys or values as a node: its channels by heads, and where its positions are.

    ``layout`` is the tensor (..., positions, channels) as dimensions of the node. ``windows`` are
    the factors of positions that do not see each other."""

    layout: TensorLayout
    heads: int
    windows: Factors
    positions: Factors

    @property
    def node(self) -> int:
        return self.layout.node


def attend(builder: ImportBuilder, call: FlatCall) -> TensorLayout:
    """Translate scaled_dot_product_attention of (N, heads, positions, channels)."""
    given = call.arguments
    if given.get("is_causal") or given.get("enable_gqa"):
        raise UnsupportedCall("it is causal, or has fewer key heads")
    names = ("query", "key", "value")
    mask = given.get("attn_mask")
    biases = () if mask is None else (mask,)
    return append_attention(builder, [builder.layout(given[n]) for n in names], given, biases)


def attend_composed(builder: ImportBuilder, call: FlatCall) -> TensorLayout:
    """Translate attention that the model computes by its formula."""
    given = call.arguments
    if given["factors"]:
        raise UnsupportedCall("it multiplies the products by a parameter")
    parts = [builder.layout(given[n]) for n in ("query", "key", "value")]
    turned = [turn(x) if n in given["turned"] else x for n, x in zip(NAMES, parts, strict=True)]
    y = append_attention(builder, turned, given, given["biases"])
    return turn(y) if "output" in given["turned"] else y


NAMES = ("query", "key", "value")


def turn(x: TensorLayout) -> TensorLayout:
    """Return the layout of a tensor with its last two dimensions exchanged."""
    return x.replace(dims=(*x.dims[:-2], x.dims[-1], x.dims[-2]))


def append_attention(
    builder: ImportBuilder,
    parts: list[TensorLayout],
    given: dict[str, Any],
    biases: tuple[Any, ...],
) -> TensorLayout:
    """Append the attention of three tensors (..., positions, channels), with what is added."""
    q, k, v = (split_heads(builder, x) for x in parts)
    if q.heads != k.heads or q.heads != v.heads:
        raise UnsupportedCall("its queries, keys and values have other numbers of heads")
    if k.windows != q.windows or v.windows != q.windows or v.positions != k.positions:
        raise UnsupportedCall("its queries, keys and values are in other windows")
    shape = builder.nodes[q.node].output
    fields: dict[str, Any] = {"heads": q.heads, **window_fields(q, shape)}
    if q.windows and builder.nodes[k.node].output[1:] != shape[1:]:
        raise UnsupportedCall("its keys are in windows of another map")
    nodes, factor = [], 1.0
    for x in (q, k, v):
        own, node = unscale(builder, x.node) if x is not v else (1.0, x.node)
        factor *= own
        nodes.append(node)
    scale, each = given.get("scale"), shape[0] // q.heads
    total = (each**-0.5 if scale is None else scale) * factor
    if not isclose(total, each**-0.5, rel_tol=1e-6):
        fields["scale"] = total
    keys = builder.nodes[k.node].output
    at = AttentionBias(q.node, shape, q.heads, q.positions, q.windows, keys)
    found = read_biases(builder, biases, at)
    fields |= found.fields
    fields["dropout"] = given.get("dropout_p") or 0.0
    if found.shift:
        nodes = [append_roll(builder, node, found.shift) for node in nodes]
    made = builder.append(KIND, fields, (*nodes, *found.nodes), found.weights)
    if found.shift:
        made = append_roll(builder, made, -found.shift)
    return TensorLayout(made, output_dims(builder, q.layout.dims, made, q.heads))


def append_roll(builder: ImportBuilder, node: int, shift: int) -> int:
    """Move all positions of a map."""
    shifts = (shift,) * (len(builder.nodes[node].output) - 1)
    return builder.append("roll", {"shifts": shifts}, (node,))


def unscale(builder: ImportBuilder, node: int) -> tuple[float, int]:
    """Return the factor of a node that only multiplies by a number, and what it reads."""
    made = builder.nodes[node]
    factor = made.fields.get("factor", 1.0)
    if made.kind != "scale" or made.fields.get("offset") or not isinstance(factor, float):
        return 1.0, node
    return factor, made.inputs[0]


def output_dims(builder: ImportBuilder, dims: Dims, made: int, heads: int) -> Dims:
    """Return the dimensions of the result, which are those of the queries with other channels."""
    size = builder.nodes[made].output[0] // heads
    split = (Factor(1, heads, size),) if heads > 1 else ()
    lead = []
    for factors in dims[:-2]:
        found: Factors = ()
        for f in factors:
            found += () if f.dim == 1 else (f,)
            if f.dim == 1 and split:
                found, split = found + split, ()
        lead.append(found)
    return (*lead, dims[-2], (Factor(1, size),) if size > 1 else ())


def split_heads(builder: ImportBuilder, x: TensorLayout) -> HeadLayout:
    """Return queries, keys or values (..., positions, channels) by the node that they are.

    That may be a map, whose positions stay in several dimensions. Otherwise the elements are
    brought into the order channels x positions."""
    lead: Factors = sum(x.dims[:-2], ())
    positions, channels = x.dims[-2:]
    of_heads = tuple([f for f in lead if f.dim == 1])
    windows = tuple([f for f in lead if f.dim > 1])
    own = whole_dims(builder.nodes[x.node].output)
    is_own = (
        builder.batch in (x.dims[0], lead[: len(builder.batch)])
        and merge(of_heads + channels) == own[0]
        and all(f.dim > 1 for f in positions)
        and merge_sorted(windows + positions) == merge_sorted(sum(own[1:], ()))
        and bool(own[1:])
    )
    if is_own:
        return HeadLayout(x, size_of(of_heads), windows, positions)
    if can_reorder(x, of_heads + channels, own[0]):
        return split_heads(builder, arrange_channels(builder, x, of_heads + channels))
    heads = lead[len(builder.batch) :]
    if lead[: len(builder.batch)] != builder.batch:
        raise UnsupportedCall("the first dimension of its input is not the batch")
    node = builder.arrange(x, merge(heads + channels), positions)
    count, shape = size_of(heads), builder.nodes[node].output
    size = shape[0] // count
    dims: list[Factors] = []
    left = (Factor(1, count, size),) if count > 1 else ()
    for factors in x.dims[:-2]:
        if factors == builder.batch:
            dims.append(factors)
        else:
            kept = tuple([f for f in factors if f in builder.batch])
            dims.append(kept + (left if len(factors) > len(kept) else ()))
            left = () if len(factors) > len(kept) else left
    dims += [whole(2, shape[1]), (Factor(1, size),) if size > 1 else ()]
    return HeadLayout(TensorLayout(node, tuple(dims)), count, (), whole(2, shape[1]))


def can_reorder(x: TensorLayout, channels: Factors, own: Factors) -> bool:
    """Tell whether all channels of a node are there, but not in the order of heads."""
    return merge_sorted(channels) == own != merge(channels) and not any(
        f.dim == 1 for f in x.dims[-2]
    )


def window_fields(q: HeadLayout, shape: Shape) -> dict[str, int]:
    """Return the size of the windows in which positions see each other, and how far apart they are.

    Raises UnsupportedCall where windows are no squares."""
    if not q.windows:
        return {}
    found = set()
    for dim, size in enumerate(shape[1:], 2):
        inside = [f for f in q.positions if f.dim == dim]
        if len(inside) > 1:
            raise UnsupportedCall("it attends in windows that no operator has")
        count, step = (inside[0].size, inside[0].inner) if inside else (1, size)
        found.add((0 if count * step == size else count, step))
    if len(found) > 1:
        raise UnsupportedCall("it attends in windows that are no squares")
    size, step = found.pop()
    return {"window_size": size, "dilation": step}


RULES: dict[str, Rule] = {KIND: attend, composed_attention.NAME: attend_composed}
