"""Translate layers with weights: convolutions, linear layers and norms."""

from typing import Any

from cnnspec.analyses.flat_calls import FlatCall
from cnnspec.importing.canonical.graph_builder import ImportBuilder, UnsupportedCall
from cnnspec.importing.canonical.layouts import TensorLayout, whole
from cnnspec.importing.canonical.views import Rule


def convolve(builder: ImportBuilder, call: FlatCall) -> TensorLayout:
    """Translate conv1d, conv2d, conv3d and their general form."""
    given = call.arguments
    if given.get("transposed"):
        return convolve_transposed(builder, call)
    x, weight = builder.layout(given["input"]), given["weight"]
    node = builder.arrange_map(x)
    channels, groups = builder.nodes[node].output[0], given["groups"]
    fields = window_fields(given, "stride", "padding", "dilation")
    fields |= {"kernel_size": weight.shape[2:], "bias": given["bias"] is not None}
    kind = "conv"
    if groups == channels > 1:
        kind = "depthwise_conv"
        fields["multiplier"] = weight.shape[0] // groups
    else:
        fields |= {"out_channels": weight.shape[0], "groups": groups}
    made = builder.append(kind, fields, (node,), (weight, given["bias"]))
    return builder.whole_layout(made)


def convolve_transposed(builder: ImportBuilder, call: FlatCall) -> TensorLayout:
    given = call.arguments
    node, weight = builder.arrange_map(builder.layout(given["input"])), given["weight"]
    fields = window_fields(given, "stride", "padding", "output_padding", "dilation")
    fields |= {"kernel_size": weight.shape[2:], "bias": given["bias"] is not None}
    fields |= {"out_channels": weight.shape[1] * given["groups"], "groups": given["groups"]}
    return builder.whole_layout(
        builder.append("conv_transpose", fields, (node,), (weight, given["bias"]))
    )


def window_fields(given: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return the arguments of a window that are one number or one for each dimension."""
    return {name: given[name] for name in names}


def apply_linear(builder: ImportBuilder, call: FlatCall) -> TensorLayout:
    """Translate linear. At each position of a map it is a convolution with a kernel of 1."""
    given = call.arguments
    x, weight = builder.layout(given["input"]), given["weight"]
    if len(x.dims) == 2 and x.dims[0] == builder.batch:
        x = builder.whole_layout(builder.arrange_map(x))
    x = builder.by_channels(x, len(x.dims) - 1)
    out, inputs = weight.shape[0], (x.node,)
    fields: dict[str, Any] = {"bias": given["bias"] is not None}
    if len(builder.nodes[x.node].output) == 1:
        kind, fields = "linear", {**fields, "out_features": out}
    else:
        kind, fields = "conv", {**fields, "out_channels": out, "kernel_size": 1}
    made = builder.append(kind, fields, inputs, (weight, given["bias"]))
    return TensorLayout(made, (*x.dims[:-1], whole(1, out)))


def normalize_batch(builder: ImportBuilder, call: FlatCall) -> TensorLayout:
    """Translate batch_norm. Without running statistics no operator does the same."""
    given = call.arguments
    x = builder.by_channels(builder.layout(given["input"]), 1)
    if given["running_mean"] is None:
        raise UnsupportedCall("it is batch normalization without running statistics")
    statistics = tuple([given[n].names[0] for n in ("running_mean", "running_var")])
    fields = {"eps": given["eps"], "momentum": given["momentum"]}
    fields["affine"] = given["weight"] is not None
    weights = (given["weight"], given["bias"])
    return TensorLayout(builder.append("batchnorm", fields, (x.node,), weights, statistics), x.dims)


def normalize_layer(builder: ImportBuilder, call: FlatCall) -> TensorLayout:
    """Translate layer_norm: over the channels at each position, or over the whole map."""
    given = call.arguments
    x, count = builder.layout(given["input"]), len(given["normalized_shape"])
    over = "channels"
    if count == 1:
        x = builder.by_channels(x, len(x.dims) - 1)
    elif count == len(x.dims) - 1:
        x, over = builder.whole_layout(builder.arrange_map(x)), "all"
    else:
        raise UnsupportedCall("it is layer normalization over a part of the dimensions")
    weights = (given["weight"], given["bias"])
    fields = {"over": over, "eps": given["eps"], "affine": given["weight"] is not None}
    return TensorLayout(builder.append("layernorm", fields, (x.node,), weights), x.dims)


def normalize_groups(builder: ImportBuilder, call: FlatCall) -> TensorLayout:
    given = call.arguments
    x = builder.by_channels(builder.layout(given["input"]), 1)
    fields = {"groups": given["num_groups"], "eps": given["eps"]}
    fields["affine"] = given["weight"] is not None
    weights = (given["weight"], given["bias"])
    return TensorLayout(builder.append("groupnorm", fields, (x.node,), weights), x.dims)


def normalize_instance(builder: ImportBuilder, call: FlatCall) -> TensorLayout:
    given = call.arguments
    if given["running_mean"] is not None:
        raise UnsupportedCall("it is instance normalization with running statistics")
    x = builder.by_channels(builder.layout(given["input"]), 1)
    fields = {"eps": given["eps"], "affine": given["weight"] is not None}
    weights = (given["weight"], given["bias"])
    return TensorLayout(builder.append("instancenorm", fields, (x.node,), weights), x.dims)


RULES: dict[str, Rule] = {
    **dict.fromkeys(("conv1d", "conv2d", "conv3d", "convolution"), convolve),
    **{f"conv_transpose{n}d": convolve_transposed for n in (1, 2, 3)},
    "linear": apply_linear,
    "batch_norm": normalize_batch,
    "layer_norm": normalize_layer,
    "group_norm": normalize_groups,
    "instance_norm": normalize_instance,
}
