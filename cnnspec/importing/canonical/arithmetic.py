"""Translate arithmetic between values, parameters and numbers, and concatenation."""

from typing import Any

from cnnspec.analyses.flat_calls import Constant, FlatCall, Value, Weight
from cnnspec.importing.canonical.graph_builder import ImportBuilder, UnsupportedCall
from cnnspec.importing.canonical.layouts import (
    Dims,
    TensorLayout,
    map_dim,
    match_dims,
    size_of,
    whole,
)
from cnnspec.importing.canonical.views import Rule


def add(builder: ImportBuilder, call: FlatCall) -> TensorLayout:
    """Translate add: of two values, of a learned value for each element, or of nothing."""
    x, other, both = read_operands(builder, call)
    if call.arguments.get("alpha", 1) != 1:
        raise UnsupportedCall(f"it adds {call.arguments['alpha']} times a value")
    if both:
        return join(builder, "add", x, builder.layout(other))
    if isinstance(other, Weight):
        return add_weight(builder, x, other)
    if number_of(other) == 0:
        return x  # Python's sum starts with 0
    raise UnsupportedCall("it adds a constant")


def add_weight(builder: ImportBuilder, x: TensorLayout, weight: Weight) -> TensorLayout:
    """Add a parameter with a value for each element: a position embedding."""
    made = builder.whole_layout(builder.arrange(x, *find_order(builder, x)))
    if squeeze_ones(weight.shape) != squeeze_ones(tuple(map(size_of, x.dims[1:]))):
        raise UnsupportedCall("it adds a parameter that is broadcast")
    if made.dims[1:] != tuple(x.dims[1:]):
        raise UnsupportedCall("it adds a parameter whose dimensions are in another order")
    return TensorLayout(builder.append("position_embedding", {}, (made.node,), (weight,)), x.dims)


def find_order(builder: ImportBuilder, x: TensorLayout) -> Dims:
    """Return the dimensions of a tensor's node in the node's own order."""
    output = builder.nodes[x.node].output
    return tuple([whole(i + 1, n) for i, n in enumerate(output)])


def multiply(builder: ImportBuilder, call: FlatCall) -> TensorLayout:
    """Translate mul: of two values, by a learned factor for each channel, or by a number."""
    x, other, both = read_operands(builder, call)
    if both:
        return join(builder, "mul", x, builder.layout(other))
    if isinstance(other, Weight):
        return scale_channels(builder, x, other)
    return scale(builder, x, number_of(other))


def scale(builder: ImportBuilder, x: TensorLayout, factor: float | None) -> TensorLayout:
    if factor is None:
        raise UnsupportedCall("it multiplies by a constant tensor")
    if factor == 1:
        return x
    return TensorLayout(builder.append("scale", {"factor": factor}, (x.node,)), x.dims)


def scale_channels(builder: ImportBuilder, x: TensorLayout, weight: Weight) -> TensorLayout:
    """Multiply by a parameter with a factor for each channel."""
    shape = (1,) * (len(x.dims) - len(weight.shape)) + weight.shape
    places = [i for i, n in enumerate(shape) if n > 1]
    if len(places) != 1 or x.dims[places[0]] != builder.channels(x.node):
        raise UnsupportedCall("it multiplies by a parameter that has not a factor for each channel")
    return TensorLayout(builder.append("channel_scale", {}, (x.node,), (weight,)), x.dims)


def divide(builder: ImportBuilder, call: FlatCall) -> TensorLayout:
    """Translate a division by a number as a product."""
    number = number_of(call.arguments["other"])
    if not number or call.arguments.get("rounding_mode"):
        raise UnsupportedCall("it divides by a value, or rounds")
    return scale(builder, builder.layout(call.arguments["self"]), 1 / number)


def read_operands(builder: ImportBuilder, call: FlatCall) -> tuple[TensorLayout, Any, bool]:
    """Return the layout of a value, the other operand, and whether that is a value too.

    The layout has the dimensions that the other operand lets it have."""
    first, second = call.arguments["self"], call.arguments["other"]
    both = isinstance(first, Value) and isinstance(second, Value)
    if not isinstance(first, Value):
        first, second = second, first
    x = builder.layout(first)
    missing = len(call.outputs[0]) - len(x.dims)
    return TensorLayout(x.node, ((),) * missing + x.dims), second, both


def number_of(operand: Any) -> float | None:
    """Return the number that an operand is, None if it is none."""
    if isinstance(operand, Constant):
        return operand.number
    return operand if isinstance(operand, (int, float)) else None


def join(builder: ImportBuilder, kind: str, a: TensorLayout, b: TensorLayout) -> TensorLayout:
    """Append an add or a mul of two values; one may be broadcast, as a gate is."""
    rank = max(len(a.dims), len(b.dims))
    a, b = (TensorLayout(x.node, ((),) * (rank - len(x.dims)) + x.dims) for x in (a, b))
    gates_first = sum(map(bool, a.dims)) < sum(map(bool, b.dims))
    full, other = (b, a) if gates_first else (a, b)
    matches = match_dims(full.dims, other.dims)
    dims = [
        None if matches is None else map_dim(i + 1, n, matches)
        for i, n in enumerate(builder.nodes[full.node].output)
    ]
    known = [d for d in dims if d is not None]
    if len(known) < len(dims) or any(
        y and not x for x, y in zip(full.dims, other.dims, strict=True)
    ):
        raise UnsupportedCall("it joins values of which each is broadcast to the other")
    partner = builder.arrange(other, *known)
    inputs = (partner, full.node) if gates_first else (full.node, partner)
    return TensorLayout(builder.append(kind, {}, inputs), full.dims)


def concatenate(builder: ImportBuilder, call: FlatCall) -> TensorLayout:
    """Translate cat along the channels."""
    tensors = call.arguments["tensors"]
    if not all(isinstance(t, Value) for t in tensors):
        raise UnsupportedCall("it concatenates a tensor that does not depend on the input")
    parts = [builder.layout(t) for t in tensors]
    dim = (call.arguments.get("dim") or 0) % len(parts[0].dims)
    if len(parts) == 1:
        return parts[0]
    parts = [builder.by_channels(part, dim) for part in parts]
    others = [[d for i, d in enumerate(part.dims) if i != dim] for part in parts]
    if any(o != others[0] for o in others):
        whole_parts = [builder.whole_layout(builder.arrange_map(part)) for part in parts]
        parts, moved = whole_parts, dim != 1
        if moved:
            raise UnsupportedCall("it concatenates values in different layouts")
    made = builder.append("concat", {}, tuple([part.node for part in parts]))
    dims = list(parts[0].dims)
    dims[dim] = builder.channels(made)
    return TensorLayout(made, tuple(dims))


def squeeze_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple([n for n in shape if n > 1])


RULES: dict[str, Rule] = {
    **dict.fromkeys(("add", "__radd__"), add),
    "mul": multiply,
    "div": divide,
    "cat": concatenate,
    "concat": concatenate,
}
