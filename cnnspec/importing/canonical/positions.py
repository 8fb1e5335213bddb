"""Translate what moves the positions of a map: unfold and roll."""

from typing import Any

from cnnspec.analyses.flat_calls import FlatCall
from cnnspec.importing.canonical.graph_builder import ImportBuilder, UnsupportedCall
from cnnspec.importing.canonical.layouts import Factors, TensorLayout, whole_dims
from cnnspec.importing.canonical.views import Rule


def unfold(builder: ImportBuilder, call: FlatCall) -> TensorLayout:
    """Translate unfold, whose result has all positions in one dimension."""
    given = call.arguments
    node = builder.arrange_map(builder.layout(given["self"]))
    names = ("kernel_size", "stride", "padding", "dilation")
    made = builder.append("unfold", {name: given[name] for name in names}, (node,))
    _, channels, *positions = builder.whole_layout(made).dims
    merged: Factors = sum(positions, ())
    return TensorLayout(made, (builder.batch, channels, merged))


def roll(builder: ImportBuilder, call: FlatCall) -> TensorLayout:
    """Translate roll of the spatial dimensions of a map."""
    given, x = call.arguments, builder.layout(call.arguments["self"])
    dims = [d % len(x.dims) for d in as_list(given.get("dims"))]
    if not dims:
        raise UnsupportedCall("it rolls all elements as one dimension")
    own = whole_dims(builder.nodes[x.node].output)
    if not all(x.dims[d] in own[1:] and x.dims[d] for d in dims):
        x = builder.whole_layout(builder.arrange_map(x))
        own = x.dims[1:]
    shifts = [0] * (len(own) - 1)
    for d, shift in zip(dims, as_list(given["shifts"]), strict=True):
        if x.dims[d] not in own[1:]:
            raise UnsupportedCall("it rolls the batch, the channels or a dimension of 1")
        shifts[own.index(x.dims[d]) - 1] += shift
    if not any(shifts):
        return x
    return TensorLayout(builder.append("roll", {"shifts": tuple(shifts)}, (x.node,)), x.dims)


def as_list(value: Any) -> list[int]:
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


RULES: dict[str, Rule] = {"im2col": unfold, "roll": roll}
