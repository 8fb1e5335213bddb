"""Translate layers without weights on maps: activations, dropouts, pools, sizes, paddings."""

from functools import cache
from math import inf
from typing import Any

from cnnspec.analyses.flat_calls import FlatCall, Value
from cnnspec.importing.canonical.graph_builder import ImportBuilder, UnsupportedCall
from cnnspec.importing.canonical.layouts import TensorLayout
from cnnspec.importing.canonical.views import Rule
from cnnspec.ops.registry import OPERATORS, load_operator

UPSAMPLINGS = {"nearest": "nearest", "linear": "bilinear"}
UPSAMPLINGS |= {"bilinear": "bilinear", "trilinear": "bilinear"}
UPSAMPLINGS |= {"nearest_exact": "nearest-exact", "bicubic": "bicubic"}


@cache
def activations() -> dict[str, str]:
    """Return the activations without a rule of their own, by PyTorch's name."""
    return {
        name: name
        for name in OPERATORS
        if load_operator(name).role == "activation" and "softmax" not in name
    }


def activate(builder: ImportBuilder, call: FlatCall) -> TensorLayout:
    """Translate an activation; PyTorch's arguments have the names of the operator's fields."""
    kind = activations()[call.name.removesuffix("_")]
    given, operator = call.arguments, load_operator(kind)
    fields = {name: given[name] for name in operator.fields if name in given}
    return append_activation(builder, call, kind, fields)


def append_activation(
    builder: ImportBuilder, call: FlatCall, kind: str, fields: dict[str, Any]
) -> TensorLayout:
    """Append an activation of the argument ``self`` in any layout."""
    x = builder.layout(call.arguments["self"])
    if call.name.endswith("_") and "inplace" in load_operator(kind).fields:
        fields = {**fields, "inplace": True}
    made = builder.append(kind, fields, (x.node,))
    if builder.nodes[made].output != builder.nodes[x.node].output:
        raise UnsupportedCall(f"{kind} changes the shape of its input")
    return TensorLayout(made, x.dims)


def clamp(builder: ImportBuilder, call: FlatCall) -> TensorLayout:
    """Translate clamp, clamp_min and hardtanh where they are a relu or a relu6."""
    given = call.arguments
    low, high = given.get("min", given.get("min_val")), given.get("max", given.get("max_val"))
    if low == 0 and high in (None, 6):
        return append_activation(builder, call, "relu6" if high else "relu", {})
    if low is None or high is None:
        raise UnsupportedCall(f"it limits values to {low} to {high}, which no activation does")
    return append_activation(builder, call, "hardtanh", {"min_val": low, "max_val": high})


def gate_channels(builder: ImportBuilder, call: FlatCall) -> TensorLayout:
    """Translate glu over the channels."""
    x = builder.layout(call.arguments["self"])
    dim = call.arguments["dim"] % len(x.dims)
    x = builder.by_channels(x, dim)
    made = builder.append("glu", {}, (x.node,))
    dims = list(x.dims)
    dims[dim] = builder.channels(made)
    return TensorLayout(made, tuple(dims))


def activate_prelu(builder: ImportBuilder, call: FlatCall) -> TensorLayout:
    x, weight = builder.layout(call.arguments["self"]), call.arguments["weight"]
    x = builder.by_channels(x, 1)
    shared = weight.shape == (1,) and builder.nodes[x.node].output[0] > 1
    return TensorLayout(builder.append("prelu", {"shared": shared}, (x.node,), (weight,)), x.dims)


def drop(builder: ImportBuilder, call: FlatCall) -> TensorLayout:
    """Translate a dropout, or a stochastic depth, which the recorder already names."""
    given, x = call.arguments, builder.layout(call.arguments["self"])
    fields = {name: given[name] for name in load_operator(call.name).fields if name in given}
    return TensorLayout(builder.append(call.name, fields, (x.node,)), x.dims)


def pool(builder: ImportBuilder, call: FlatCall) -> list[TensorLayout]:
    """Translate max_pool and avg_pool of 1 to 3 dimensions."""
    given = call.arguments
    kind = "maxpool" if call.name.startswith("max") else "avgpool"
    node = builder.arrange_map(builder.layout(given["self"]))
    if given.get("divisor_override"):
        raise UnsupportedCall("it is a pool with a divisor of its own")
    rank = len(builder.nodes[node].output) - 1
    fields: dict[str, Any] = {
        n: given[n] for n in ("kernel_size", "padding", "dilation") if n in given
    }
    stride = per_axis(given.get("stride") or given["kernel_size"], rank)
    fields["stride"] = None if stride == per_axis(given["kernel_size"], rank) else stride
    fields["ceil_mode"] = given["ceil_mode"] and set(stride) != {1}  # 1 leaves no remainder
    if kind == "avgpool" and any(per_axis(given["padding"], rank)):
        fields["count_include_pad"] = given["count_include_pad"]
    return [builder.whole_layout(builder.append(kind, fields, (node,)))]


def unpool(builder: ImportBuilder, call: FlatCall) -> TensorLayout:
    """Translate max_unpool of 2 or 3 dimensions, to the size of the pool's input."""
    given = call.arguments
    indices = given["indices"]
    pooled = builder.layouts.get((indices.call, 0)) if isinstance(indices, Value) else None
    if pooled is None or builder.nodes[pooled.node].kind != "maxpool":
        raise UnsupportedCall("its indices are not those of a max pool")
    node = builder.arrange_map(builder.layout(given["self"]))
    made = builder.append("maxunpool", {}, (node, pooled.node))
    if builder.nodes[made].output[1:] != call.outputs[0][2:]:
        raise UnsupportedCall("it does not give the size that the max pool read")
    return builder.whole_layout(made)


def per_axis(value: Any, rank: int) -> list[int]:
    """Return one number for each dimension."""
    numbers = list(value) if isinstance(value, (list, tuple)) else [value]
    return numbers * rank if len(numbers) == 1 else numbers


def pool_adaptively(builder: ImportBuilder, call: FlatCall) -> list[TensorLayout]:
    """Translate adaptive pools; to one position they are global pools."""
    given, side = call.arguments, "max" if "max" in call.name else "avg"
    node = builder.arrange_map(builder.layout(given["self"]))
    size = per_axis(given["output_size"], len(builder.nodes[node].output) - 1)
    if set(size) == {1}:
        return [builder.whole_layout(builder.append(f"global_{side}pool", {}, (node,)))]
    return [
        builder.whole_layout(builder.append(f"adaptive_{side}pool", {"output_size": size}, (node,)))
    ]


def move_blocks(builder: ImportBuilder, call: FlatCall) -> TensorLayout:
    """Translate pixel_shuffle and pixel_unshuffle."""
    given = call.arguments
    node = builder.arrange_map(builder.layout(given["self"]))
    shuffles = call.name == "pixel_shuffle"
    block = given["upscale_factor" if shuffles else "downscale_factor"]
    kind = "depth_to_space" if shuffles else "space_to_depth"
    return builder.whole_layout(builder.append(kind, {"block": block}, (node,)))


def shuffle_channels(builder: ImportBuilder, call: FlatCall) -> TensorLayout:
    """Translate channel_shuffle."""
    node = builder.arrange_map(builder.layout(call.arguments["self"]))
    fields = {"groups": call.arguments["groups"]}
    return builder.whole_layout(builder.append("channel_shuffle", fields, (node,)))


def upsample(builder: ImportBuilder, call: FlatCall) -> TensorLayout:
    """Translate the interpolations, to a factor where the model gives one, else to a size."""
    given = call.arguments
    name = call.name.removeprefix("_").removeprefix("upsample_").rstrip("123d")
    value = given.get("input", given.get("self"))
    node = builder.arrange_map(builder.layout(value))
    if name not in UPSAMPLINGS:
        raise UnsupportedCall(f"it upsamples by {name}")
    fields: dict[str, Any] = {"mode": UPSAMPLINGS[name]}
    if given.get("align_corners"):
        fields["align_corners"] = True
    factors = set(given.get("scale_factors") or ())
    if len(factors) == 1:
        fields["scale_factor"] = plain_number(factors.pop())
    else:
        fields["size"] = call.outputs[0][2:]
    return builder.whole_layout(builder.append("upsample", fields, (node,)))


def plain_number(number: float) -> int | float:
    """Return a whole number as an integer."""
    return int(number) if number == int(number) else number


def pad(builder: ImportBuilder, call: FlatCall) -> TensorLayout:
    """Translate pad: of positions in three modes, of channels with zeros."""
    given, value = call.arguments, call.arguments["self"]
    if not isinstance(value, Value):
        raise UnsupportedCall("it pads a tensor that does not depend on the input")
    amounts: list[int] = given["pad"] if "pad" in given else given["padding"]
    mode = given.get("mode", "constant")
    if not any(amounts):
        return builder.layout(value)
    pairs = [(amounts[i], amounts[i + 1]) for i in range(0, len(amounts), 2)][::-1]
    pairs = [(0, 0)] * (len(value.shape) - len(pairs)) + pairs
    number = given.get("value") or 0.0
    if any(pairs[1]) and number:
        raise UnsupportedCall(f"it pads channels with {number}; zeros are known")
    node = cut_off(builder, builder.arrange_map(builder.layout(value)), pairs)
    pairs = [(max(a, 0), max(b, 0)) for a, b in pairs]
    if any(pairs[1]):
        fields = {"before": pairs[1][0], "after": pairs[1][1]}
        node = builder.append("pad_channels", fields, (node,))
    if any(n for pair in pairs[2:] for n in pair):
        sides = tuple([a if a == b else (a, b) for a, b in pairs[2:]])
        padding = sides[0] if len(set(sides)) == 1 and isinstance(sides[0], int) else sides
        given = {"padding": padding, "mode": mode, "value": float(number)}
        if number == -inf:
            node = append_infinite(builder, given, node)
        else:
            node = builder.append("pad", given, (node,))
    return builder.whole_layout(node)


def append_infinite(builder: ImportBuilder, fields: dict[str, Any], node: int) -> int:
    """Append a padding with minus infinity, which only the max pool that reads it has."""
    made = builder.append("pad", {**fields, "value": 0.0}, (node,))
    kept = builder.nodes[made]
    builder.nodes[made] = kept.replace(fields={**kept.fields, "value": -inf})
    return made


def cut_off(builder: ImportBuilder, node: int, pairs: list[tuple[int, int]]) -> int:
    """Return the node of a map without the positions that a padding by negative amounts drops."""
    cut = [(max(-a, 0), max(-b, 0)) for a, b in pairs]
    if not any(n for pair in cut for n in pair):
        return node
    if any(cut[1]):
        raise UnsupportedCall("it pads channels by a negative amount")
    sizes = builder.nodes[node].output[1:]
    fields = {
        "offset": [a for a, _ in cut[2:]],
        "size": [n - a - b for n, (a, b) in zip(sizes, cut[2:], strict=True)],
    }
    return builder.append("crop", fields, (node,))


ADAPTIVE = [f"adaptive_{side}_pool{n}d" for side in ("avg", "max") for n in (1, 2, 3)]
RULES: dict[str, Rule] = {
    **dict.fromkeys(activations(), activate),
    **dict.fromkeys(("clamp", "clamp_min", "hardtanh"), clamp),
    **dict.fromkeys(("dropout", "stochastic_depth"), drop),
    **{f"{side}_pool{n}d": pool for side in ("avg", "max") for n in (1, 2, 3)},
    **{f"max_pool{n}d_with_indices": pool for n in (2, 3)},
    **dict.fromkeys(ADAPTIVE, pool_adaptively),
    **{f"upsample_{name}{n}d": upsample for name in ("nearest", "bilinear") for n in (1, 2, 3)},
    **{f"_upsample_nearest_exact{n}d": upsample for n in (1, 2, 3)},
    **dict.fromkeys(("upsample_linear1d", "upsample_trilinear3d", "upsample_bicubic2d"), upsample),
    "glu": gate_channels,
    **dict.fromkeys(("pixel_shuffle", "pixel_unshuffle"), move_blocks),
    "channel_shuffle": shuffle_channels,
    **dict.fromkeys(("pad", "constant_pad_nd"), pad),
    "prelu": activate_prelu,
    **dict.fromkeys(("max_unpool2d", "max_unpool3d"), unpool),
}
