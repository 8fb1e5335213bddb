"""Translate arithmetic between values, parameters and numbers."""

from typing import Any

from cnnspec.analyses.flat_calls import Constant, FlatCall, Value, Weight
from cnnspec.importing.canonical.graph_builder import ImportBuilder, UnsupportedCall
from cnnspec.importing.canonical.layouts import TensorLayout, map_dim, match_dims
from cnnspec.importing.canonical.learned import add_product, apply_weight, find_per
from cnnspec.importing.canonical.views import Rule

OPERATIONS = {"add": "add", "sub": "sub", "subtract": "sub", "rsub": "sub", "mul": "mul"}
OPERATIONS |= {"multiply": "mul", "div": "div", "true_divide": "div"}
OPERATIONS |= {"maximum": "maximum", "minimum": "minimum"}


def combine(builder: ImportBuilder, call: FlatCall) -> TensorLayout:
    """Translate an operation on a value and another value, a parameter or a number."""
    kind = OPERATIONS[call.name.removesuffix("_")]
    a, b = call.arguments["self"], call.arguments["other"]
    if call.name == "rsub":
        a, b = b, a
    if call.arguments.get("rounding_mode"):
        raise UnsupportedCall("it rounds its result")
    alpha = call.arguments.get("alpha", 1)
    x, y = (with_rank(builder, t, len(call.outputs[0])) for t in (a, b))
    if isinstance(x, TensorLayout) and isinstance(y, TensorLayout):
        return join(builder, kind, x, y if alpha == 1 else scale(builder, y, alpha))
    if isinstance(x, TensorLayout):
        return combine_with_fixed(builder, kind, x, b, alpha)
    if not isinstance(y, TensorLayout):
        raise UnsupportedCall("it reads no value")
    if kind == "sub":
        return combine_with_fixed(builder, "add", scale(builder, y, -1.0), a, 1)
    if kind == "div":
        raise UnsupportedCall("it divides by a value")
    return combine_with_fixed(builder, kind, y, a, alpha)


def with_rank(builder: ImportBuilder, operand: Any, rank: int) -> Any:
    """Return the layout of a value with dimensions of 1 before it; anything else as it is."""
    if not isinstance(operand, Value):
        return operand
    x = builder.layout(operand)
    return x.replace(dims=((),) * (rank - len(x.dims)) + x.dims)


def combine_with_fixed(
    builder: ImportBuilder, kind: str, x: TensorLayout, other: Any, alpha: float
) -> TensorLayout:
    """Combine a value with a parameter or a number that comes second."""
    number: Any = other.number if isinstance(other, Constant) else other
    if isinstance(other, Weight) and builder.buffer_names(other):
        number = read_buffer(builder, x, other)
    elif isinstance(other, Weight):
        if alpha != 1:
            raise UnsupportedCall(f"it adds {alpha} times a parameter")
        return apply_weight(builder, kind, x, other)
    if isinstance(number, tuple):
        return scale_channels(builder, kind, x, number, alpha)
    if not isinstance(number, (int, float)):
        raise UnsupportedCall("it combines a value with a constant tensor")
    if kind == "add":
        return scale(builder, x, 1.0, number * alpha)
    if kind == "sub":
        return scale(builder, x, 1.0, -number * alpha)
    if kind == "div" and number == 0:
        raise UnsupportedCall("it divides by zero")
    if kind in ("mul", "div"):
        return scale(builder, x, number if kind == "mul" else 1 / number)
    raise UnsupportedCall(f"it takes the {kind} of a value and a number")


def read_buffer(
    builder: ImportBuilder, x: TensorLayout, buffer: Weight
) -> float | tuple[float, ...]:
    """Return the numbers of a buffer: one, or one for each channel. Raises UnsupportedCall."""
    values = builder.fixed.get(buffer.names[0])
    per = find_per(builder, x, buffer)
    if values is None or per not in ("layer", "channel"):
        raise UnsupportedCall("it combines a value with a buffer that has no value a channel")
    return values[0] if len({*values}) == 1 else values


def scale_channels(
    builder: ImportBuilder, kind: str, x: TensorLayout, numbers: tuple[float, ...], alpha: float
) -> TensorLayout:
    """Combine a value with one number for each channel that comes second."""
    fields: dict[str, Any]
    if kind in ("add", "sub"):
        sign = alpha if kind == "add" else -alpha
        fields = {"offset": tuple([sign * n for n in numbers])}
    elif kind == "mul":
        fields = {"factor": numbers}
    elif kind == "div" and all(numbers):
        fields = {"factor": tuple([1 / n for n in numbers])}
    else:
        raise UnsupportedCall(f"it takes the {kind} of a value and a number for each channel")
    return TensorLayout(builder.append("scale", fields, (x.node,)), x.dims)


def scale(
    builder: ImportBuilder, x: TensorLayout, factor: float, offset: float = 0.0
) -> TensorLayout:
    """Multiply by a number and add one, which may change nothing."""
    if factor == 1 and offset == 0:
        return x
    fields = {"factor": float(factor), "offset": float(offset)}
    return TensorLayout(builder.append("scale", fields, (x.node,)), x.dims)


def negate(builder: ImportBuilder, call: FlatCall) -> TensorLayout:
    return scale(builder, builder.layout(call.arguments["self"]), -1.0)


def join(builder: ImportBuilder, kind: str, a: TensorLayout, b: TensorLayout) -> TensorLayout:
    """Append a join of two values of one rank; one may be broadcast, as a gate is."""
    second_is_full = sum(map(bool, a.dims)) < sum(map(bool, b.dims))
    full, other = (b, a) if second_is_full else (a, b)
    matches = match_dims(full.dims, other.dims)
    dims = [
        None if matches is None else map_dim(i + 1, n, matches)
        for i, n in enumerate(builder.nodes[full.node].output)
    ]
    known = [d for d in dims if d is not None]
    extra = any(y and not x for x, y in zip(full.dims, other.dims, strict=True))
    if len(known) < len(dims) or extra:
        nodes = expand_gate(builder, [builder.arrange_map(a), builder.arrange_map(b)])
        return builder.whole_layout(builder.append(kind, {}, nodes))
    partner = builder.arrange(other, *known)
    inputs = (partner, full.node) if second_is_full else (full.node, partner)
    return TensorLayout(builder.append(kind, {}, inputs), full.dims)


def expand_gate(builder: ImportBuilder, nodes: list[int]) -> tuple[int, ...]:
    """Return the nodes of a join of which each is broadcast over a dimension of the other.

    The one with the channels is repeated at all positions; the other is a gate then."""
    a, b = (builder.nodes[i].output for i in nodes)
    full = tuple(map(max, a, b))
    if len(a) == len(b) > 1 and full not in (a, b):
        i = 0 if a[0] == full[0] else 1
        nodes[i] = builder.append("upsample", {"size": full[1:]}, (nodes[i],))
    return tuple(nodes)


def raise_to_power(builder: ImportBuilder, call: FlatCall) -> TensorLayout:
    """Translate a square, and a power with a small whole exponent, as a product."""
    exponent = call.arguments.get("exponent", 2)
    if exponent not in (2, 3, 4) or not isinstance(call.arguments["self"], Value):
        raise UnsupportedCall(f"it raises to the power {exponent}; 2 to 4 are products")
    x = builder.layout(call.arguments["self"])
    return TensorLayout(builder.append("mul", {}, (x.node,) * int(exponent)), x.dims)


RULES: dict[str, Rule] = {
    **dict.fromkeys(OPERATIONS, combine),
    "neg": negate,
    "addcmul": add_product,
    **dict.fromkeys(("pow", "square"), raise_to_power),
}
