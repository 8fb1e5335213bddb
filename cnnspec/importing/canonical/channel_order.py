"""Bring the channels of a node into another order, so that a part of each group is one slice."""

from math import gcd

from cnnspec.importing.canonical.graph_builder import ImportBuilder, UnsupportedCall
from cnnspec.importing.canonical.layouts import (
    Factor,
    Factors,
    TensorLayout,
    merge,
    merge_sorted,
    whole_dims,
)


def arrange_channels(builder: ImportBuilder, x: TensorLayout, order: Factors) -> TensorLayout:
    """Return a tensor as the layout of a node with its channels in another order.

    Raises UnsupportedCall where these are not all channels."""
    own = whole_dims(builder.nodes[x.node].output)
    if merge_sorted(order) != own[0]:
        raise UnsupportedCall("it reads its input in blocks that no operator has")
    node = builder.arrange(TensorLayout(x.node, (builder.batch, order, *own[1:])), order, *own[1:])
    inner, places = 1, {}
    for f in reversed(order):
        places[f] = f._replace(inner=inner)
        inner *= f.size
    dims = [tuple([places.get(f, f) for f in factors]) for factors in x.dims]
    return TensorLayout(node, tuple(map(merge, dims)))


def cut_each_group(
    builder: ImportBuilder, x: TensorLayout, dim: int, start: int, length: int
) -> TensorLayout:
    """Cut a part out of each group of channels, as where each head has its q, k and v together.

    Raises UnsupportedCall where the dimension is no part of the channels."""
    if len(x.dims[dim]) != 1 or x.dims[dim][0].dim != 1:
        raise UnsupportedCall("it cuts a part of a dimension that no operator has")
    (f,) = x.dims[dim]
    unit = gcd(start, length, f.size)
    count = f.size // unit
    outer, inner = Factor(1, count, f.inner * unit), Factor(1, unit, f.inner)
    parts = (outer, inner) if unit > 1 else (outer,)
    dims = (*x.dims[:dim], parts, *x.dims[dim + 1 :])
    others = [c for d in dims for c in d if c.dim == 1 and c != outer]
    order = (outer, *sorted(others, key=lambda c: -c.inner))
    y = arrange_channels(builder, x.replace(dims=dims), order)
    each = builder.nodes[y.node].output[0] // count
    fields = {"start": start // unit * each, "stop": (start + length) // unit * each}
    if start + length == f.size:
        del fields["stop"]
    made = builder.append("slice_channels", fields, (y.node,))
    taken = (Factor(1, length // unit, each),) if length > unit else ()
    kept = tuple([c for c in y.dims[dim] if c.inner < each])
    return TensorLayout(made, (*y.dims[:dim], merge(taken + kept), *y.dims[dim + 1 :]))
