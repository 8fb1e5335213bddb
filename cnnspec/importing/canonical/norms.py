"""Translate norms: over the batch, over channels, over groups of them, and over each channel."""

from typing import Any

from cnnspec.analyses.flat_calls import FlatCall
from cnnspec.importing.canonical.graph_builder import ImportBuilder, UnsupportedCall
from cnnspec.importing.canonical.layouts import TensorLayout
from cnnspec.importing.canonical.views import Rule


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
    weight, bias = given["weight"], given["bias"]
    fields = {"over": over, "eps": given["eps"], "affine": weight is not None}
    if (weight is None) != (bias is None):
        if over == "all":
            raise UnsupportedCall("it is layer normalization of a whole map with a weight alone")
        return scale_normalized(builder, "layernorm", x, fields, (weight, bias))
    return TensorLayout(builder.append("layernorm", fields, (x.node,), (weight, bias)), x.dims)


def scale_normalized(
    builder: ImportBuilder,
    kind: str,
    x: TensorLayout,
    fields: dict[str, Any],
    weights: tuple[Any, Any],
) -> TensorLayout:
    """Append a norm with a weight or a bias alone, which comes after it."""
    weight, bias = weights
    made = builder.append(kind, {**fields, "affine": False}, (x.node,))
    if weight is not None:
        init = builder.initial.get(weight.names[0], 1.0)
        made = builder.append("channel_scale", {"init": init}, (made,), (weight,))
    else:
        made = builder.append("affine", {"weight": False}, (made,), (bias,))
    return TensorLayout(made, x.dims)


def normalize_mean_square(builder: ImportBuilder, call: FlatCall) -> TensorLayout:
    """Translate rms_norm over the channels at each position."""
    given = call.arguments
    x = builder.layout(given["input"])
    if len(given["normalized_shape"]) != 1:
        raise UnsupportedCall("it is RMS normalization over several dimensions")
    if given.get("eps") is None:
        raise UnsupportedCall("its eps depends on the type of its input; give it one")
    x = builder.by_channels(x, len(x.dims) - 1)
    fields = {"eps": given["eps"], "affine": given["weight"] is not None}
    return TensorLayout(builder.append("rmsnorm", fields, (x.node,), (given["weight"],)), x.dims)


def normalize_groups(builder: ImportBuilder, call: FlatCall) -> TensorLayout:
    given = call.arguments
    x = builder.by_channels(builder.layout(given["input"]), 1)
    fields = {"groups": given["num_groups"], "eps": given["eps"]}
    fields["affine"] = given["weight"] is not None
    weights = (given["weight"], given["bias"])
    if (weights[0] is None) != (weights[1] is None):
        return scale_normalized(builder, "groupnorm", x, fields, weights)
    return TensorLayout(builder.append("groupnorm", fields, (x.node,), weights), x.dims)


def normalize_instance(builder: ImportBuilder, call: FlatCall) -> TensorLayout:
    given = call.arguments
    x = builder.by_channels(builder.layout(given["input"]), 1)
    fields = {"eps": given["eps"], "affine": given["weight"] is not None}
    statistics: tuple[str, ...] = ()
    if given["running_mean"] is not None:
        statistics = tuple([given[n].names[0] for n in ("running_mean", "running_var")])
        fields |= {"track_running_stats": True, "momentum": given["momentum"]}
    weights = (given["weight"], given["bias"])
    node = builder.append("instancenorm", fields, (x.node,), weights, statistics)
    return TensorLayout(node, x.dims)


RULES: dict[str, Rule] = {
    "batch_norm": normalize_batch,
    "layer_norm": normalize_layer,
    "rms_norm": normalize_mean_square,
    "group_norm": normalize_groups,
    "instance_norm": normalize_instance,
}
