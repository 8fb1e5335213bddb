"""Translate convolutions and linear layers."""

from typing import Any

from cnnspec.analyses.flat_calls import FlatCall
from cnnspec.importing.canonical.graph_builder import ImportBuilder
from cnnspec.importing.canonical.layouts import TensorLayout, whole
from cnnspec.importing.canonical.standardized import StandardizedKernels, read_standardized
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
    standardized = read_standardized(weight)
    if standardized:
        fields |= {"out_channels": weight.shape[0], "groups": groups, "standardize": True}
        return convolve_standardized(builder, node, fields, standardized, given["bias"])
    if groups == channels > 1:
        kind = "depthwise_conv"
        fields["multiplier"] = weight.shape[0] // groups
    else:
        fields |= {"out_channels": weight.shape[0], "groups": groups}
    if fixed := builder.buffer_names(weight):
        fields["fixed"] = True
        return builder.whole_layout(builder.append(kind, fields, (node,), (given["bias"],), fixed))
    made = builder.append(kind, fields, (node,), (weight, given["bias"]))
    return builder.whole_layout(made)


def convolve_standardized(
    builder: ImportBuilder,
    node: int,
    fields: dict[str, Any],
    found: StandardizedKernels,
    bias: Any,
) -> TensorLayout:
    """Append a convolution with standardized kernels.

    A factor and a learned gain of each kernel become those of the output's channels, before the
    bias is added."""
    fields |= {"standardize_eps": found.eps}
    if found.gain is None and found.factor == 1:
        return builder.whole_layout(builder.append("conv", fields, (node,), (found.weight, bias)))
    made = builder.append("conv", {**fields, "bias": False}, (node,), (found.weight,))
    if found.factor != 1:
        made = builder.append("scale", {"factor": found.factor}, (made,))
    if found.gain is not None:
        init = builder.initial.get(found.gain.names[0], 1.0)
        made = builder.append("channel_scale", {"init": init}, (made,), (found.gain,))
    if bias is not None:
        made = builder.append("affine", {"weight": False}, (made,), (bias,))
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


RULES: dict[str, Rule] = {
    **dict.fromkeys(("conv1d", "conv2d", "conv3d", "convolution"), convolve),
    **{f"conv_transpose{n}d": convolve_transposed for n in (1, 2, 3)},
    "linear": apply_linear,
}
