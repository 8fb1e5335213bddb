"""Translate products of values, softmax, and reductions."""

from typing import Any

from cnnspec.analyses.flat_calls import FlatCall, Value
from cnnspec.importing.canonical.graph_builder import ImportBuilder, UnsupportedCall
from cnnspec.importing.canonical.layouts import (
    Factor,
    Factors,
    TensorLayout,
    merge,
    whole_dims,
)
from cnnspec.importing.canonical.views import Rule, list_dims

KINDS = {"mean": "mean", "sum": "sum", "amax": "max", "max": "max", "amin": "min", "min": "min"}
JOINS = {"mean": "add", "sum": "add", "max": "maximum", "min": "minimum"}
GLOBAL = {"mean": "global_avgpool", "max": "global_maxpool"}


def multiply_matrices(builder: ImportBuilder, call: FlatCall) -> TensorLayout:
    """Translate matmul and bmm of two values."""
    given = call.arguments
    a, b = given["self"], given.get("other", given.get("mat2"))
    if not isinstance(a, Value) or not isinstance(b, Value):
        raise UnsupportedCall("it is a product of a value and a parameter")
    nodes = [builder.arrange_map(builder.layout(t)) for t in (a, b)]
    return builder.whole_layout(builder.append("matmul", {}, tuple(nodes)))


def apply_softmax(builder: ImportBuilder, call: FlatCall) -> TensorLayout:
    """Translate softmax over any dimension, and log_softmax over the channels."""
    x, kind = builder.layout(call.arguments["self"]), call.name.removeprefix("_")
    dim = call.arguments["dim"] % len(x.dims)
    if kind == "log_softmax":
        x = builder.by_channels(x, dim)
        return TensorLayout(builder.append(kind, {}, (x.node,)), x.dims)
    own = whole_dims(builder.nodes[x.node].output)
    if x.dims[dim] not in own or not x.dims[dim]:
        x = builder.whole_layout(builder.arrange_map(x))
        own = whole_dims(builder.nodes[x.node].output)
    fields = {"dim": own.index(x.dims[dim])}
    return TensorLayout(builder.append(kind, fields, (x.node,)), x.dims)


def reduce_values(builder: ImportBuilder, call: FlatCall) -> list[TensorLayout]:
    """Translate mean, sum, max and min; over all positions a mean or a max is a global pool."""
    given, kind = call.arguments, KINDS[call.name]
    x = builder.layout(given["self"])
    reduced = list_dims(given.get("dim"), len(x.dims))
    keepdim = bool(given.get("keepdim"))
    if any(x.dims[d] == builder.batch for d in reduced):
        raise UnsupportedCall("it computes across the examples of the batch")
    if len(reduced) == 1 and (joined := join_stacked(builder, kind, x, reduced[0], keepdim)):
        return [joined]
    own = whole_dims(builder.nodes[x.node].output)
    factors = merge(tuple(sorted(f for d in reduced for f in x.dims[d])))
    if not factors:
        return [x.replace(dims=drop_dims(x.dims, reduced, keepdim))]
    places = [i for i, d in enumerate(own) if d and d[0] in factors]
    if sorted(sum([own[i] for i in places], ())) != sorted(factors):
        x = builder.whole_layout(builder.arrange_map(x))
        places = [d - 1 for d in reduced]
    positions = [i for i, d in enumerate(own) if i and d]
    dims = drop_dims(x.dims, reduced, keepdim)
    if kind in GLOBAL and places and places == positions:
        made = builder.append(GLOBAL[kind], {"keepdim": keepdim}, (x.node,))
        return [TensorLayout(made, dims)]
    made = builder.append("reduce_dims", {"kind": kind, "dims": places}, (x.node,))
    return [TensorLayout(made, dims)]


def join_stacked(
    builder: ImportBuilder, kind: str, x: TensorLayout, dim: int, keepdim: bool
) -> TensorLayout | None:
    """Return the sum, mean or extreme of tensors that were stacked, as a join of these.

    None if the dimension is not the one that counts them."""
    inputs = builder.nodes[x.node].inputs
    shapes = {builder.nodes[i].output for i in inputs}
    if builder.nodes[x.node].kind != "concat" or len(shapes) > 1:
        return None
    if x.dims[dim] != (Factor(1, len(inputs), shapes.pop()[0]),):
        return None
    made = builder.append(JOINS[kind], {}, inputs)
    if kind == "mean":
        made = builder.append("scale", {"factor": 1 / len(inputs)}, (made,))
    return TensorLayout(made, drop_dims(x.dims, [dim], keepdim))


def drop_dims(dims: tuple[Factors, ...], reduced: list[int], keepdim: bool) -> Any:
    """Return the dimensions of a tensor after a reduction."""
    kept = [() if i in reduced else d for i, d in enumerate(dims)]
    return tuple([d for i, d in enumerate(kept) if keepdim or i not in reduced])


RULES: dict[str, Rule] = {
    **dict.fromkeys(("matmul", "bmm", "__matmul__"), multiply_matrices),
    **dict.fromkeys(("softmax", "log_softmax", "_softmax", "_log_softmax"), apply_softmax),
    **dict.fromkeys(KINDS, reduce_values),
}
