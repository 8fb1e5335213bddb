"""Translate what a model does with parameters of its own: scales, biases, embeddings, tokens."""

from typing import Any

from cnnspec.analyses.flat_calls import FlatCall, Value, Weight
from cnnspec.importing.canonical.graph_builder import ImportBuilder, UnsupportedCall
from cnnspec.importing.canonical.layouts import Factors, TensorLayout, merge, size_of, whole_dims


def apply_weight(
    builder: ImportBuilder, kind: str, x: TensorLayout, weight: Weight
) -> TensorLayout:
    """Multiply a value by a parameter, or add one, with a value for the layer, a channel and so on.

    ``kind`` is the operation."""
    if kind not in ("mul", "add"):
        raise UnsupportedCall(f"it takes the {kind} of a value and a parameter")
    per = find_per(builder, x, weight)
    if kind == "mul" and per == "channel":
        fields: dict[str, Any] = {"init": builder.initial.get(weight.names[0], 1e-6)}
        made = builder.append("channel_scale", fields, (x.node,), (weight,))
    elif kind == "add" and per == "element":
        made = builder.append("position_embedding", {}, (x.node,), (weight,))
    else:
        fields = {"per": per, "weight": kind == "mul", "bias": kind == "add"}
        if kind == "mul":
            fields["init"] = builder.initial.get(weight.names[0], 1.0)
        made = builder.append("affine", fields, (x.node,), (weight,))
    return TensorLayout(made, x.dims)


def add_product(builder: ImportBuilder, call: FlatCall) -> TensorLayout:
    """Translate addcmul of a bias, a weight and a value: bias + weight * x."""
    given = call.arguments
    bias, factors = given["self"], [given["tensor1"], given["tensor2"]]
    values = [t for t in factors if isinstance(t, Value)]
    weights = [t for t in factors if isinstance(t, Weight)]
    if len(values) != 1 or len(weights) != 1 or not isinstance(bias, Weight):
        raise UnsupportedCall("it is not bias + weight * x")
    x = builder.layout(values[0])
    per = find_per(builder, x, weights[0])
    if given.get("value", 1) != 1 or find_per(builder, x, bias) != per:
        raise UnsupportedCall("its weight and its bias are of different kinds")
    fields = {"per": per, "init": builder.initial.get(weights[0].names[0], 1.0)}
    made = builder.append("affine", fields, (x.node,), (weights[0], bias))
    return TensorLayout(made, x.dims)


def find_per(builder: ImportBuilder, x: TensorLayout, weight: Weight) -> str:
    """Return what has a value of its own in a parameter. Raises UnsupportedCall."""
    rank = max(len(x.dims), len(weight.shape))
    dims = ((),) * (rank - len(x.dims)) + x.dims
    shape = (1,) * (rank - len(weight.shape)) + weight.shape
    named: Factors = ()
    for factors, n in zip(dims, shape, strict=True):
        if n not in (1, size_of(factors)):
            raise UnsupportedCall("it broadcasts a value over a parameter")
        named += factors if n > 1 else ()
    output = builder.nodes[x.node].output
    own = whole_dims(output)
    whole_positions: Factors = sum(own[1:], ())
    if not named:
        return "layer"
    kinds = {"channel": own[0], "position": whole_positions}
    for per, factors in kinds.items():
        if merge(named) == merge(factors):
            return per
    in_order = [f for f in named if f.dim > 1]
    if sorted(named) == sorted(own[0] + whole_positions) and in_order == [*whole_positions]:
        return "element"
    if merge(named) == merge(own[0] + whole_positions):
        return "element"
    raise UnsupportedCall("it has a parameter for a part of the dimensions")


def concatenate_tokens(builder: ImportBuilder, tensors: list[Any], dim: int) -> TensorLayout:
    """Concatenate learned tokens with the positions of a sequence, before or after them."""
    values = [i for i, t in enumerate(tensors) if isinstance(t, Value)]
    if len(values) != 1:
        raise UnsupportedCall("it concatenates values and other tensors")
    x = builder.layout(tensors[values[0]])
    if len(x.dims) != 3 or dim == 0:
        raise UnsupportedCall("it concatenates a parameter with a map")
    builder.require_batch(x)
    node = builder.arrange(x, x.dims[3 - dim], x.dims[dim])
    after = tensors[values[0] + 1 :]
    for weight in [*reversed(tensors[: values[0]]), *after]:
        if not isinstance(weight, Weight):
            raise UnsupportedCall("it concatenates a constant with a value")
        count = weight.shape[dim]
        fields = {"count": count, "after": any(weight is t for t in after)}
        node = builder.append("tokens", fields, (node,), (strip_batch(weight, builder),))
    own = builder.whole_layout(node).dims
    dims = [own[0], own[1], own[2]] if dim == 2 else [own[0], own[2], own[1]]
    return TensorLayout(node, tuple(dims))


def strip_batch(weight: Weight, builder: ImportBuilder) -> Weight:
    """Return a parameter without the batch to which it was expanded."""
    first = weight.shape[0] in (1, size_of(builder.batch))
    return weight.replace(shape=weight.shape[1:]) if len(weight.shape) == 3 and first else weight
