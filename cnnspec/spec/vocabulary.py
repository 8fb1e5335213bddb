"""What Keras, PyTorch and habit call things that have another name here: for hints, on the error
path only."""

from collections.abc import Iterable

from cnnspec.problems import did_you_mean, nearest_name

OPERATORS = {
    "dense": "linear",
    "fc": "linear",
    "fullyconnected": "linear",
    "bn": "batchnorm",
    "gap": "global_avgpool",
    "batchnormalization": "batchnorm",
    "batchnorm2d": "batchnorm",
    "layernormalization": "layernorm",
    "conv2d": "conv",
    "conv1d": "conv",
    "conv3d": "conv",
    "convolution": "conv",
    "deconv": "conv_transpose",
    "conv2dtranspose": "conv_transpose",
    "convtranspose2d": "conv_transpose",
    "separableconv": "depthwise_conv",
    "separableconv2d": "depthwise_conv",
    "depthwiseconv2d": "depthwise_conv",
    "maxpooling2d": "maxpool",
    "maxpool2d": "maxpool",
    "averagepooling2d": "avgpool",
    "avgpool2d": "avgpool",
    "globalaveragepooling": "global_avgpool",
    "globalaveragepooling2d": "global_avgpool",
    "adaptiveavgpool2d": "adaptive_avgpool",
    "concatenate": "concat",
    "cat": "concat",
    "multiply": "mul",
    "upsampling2d": "upsample",
    "zeropadding2d": "pad",
    "zeropadding": "pad",
    "instancenorm": "groupnorm",
    "swish": "silu",
    "leakyrelu": "leaky_relu",
    "hardswish": "hardswish",
    "dropout2d": "dropout",
}
FIELDS = {
    "filters": "out_channels",
    "channels": "out_channels",
    "kernels": "out_channels",
    "units": "out_features",
    "strides": "stride",
    "kernel": "kernel_size",
    "pool_size": "kernel_size",
    "dilation_rate": "dilation",
    "use_bias": "bias",
    "inputs": "from",
    "rate": "p",
    "scale": "scale_factor",
    "num_groups": "groups",
    "epsilon": "eps",
    "alpha": "negative_slope",
    "input_shape": "input",
    "type": "op",
    "act": "activation",
}
INFERRED = {
    "in_channels": "the line before gives it: leave it out",
    "in_features": "the line before gives it: leave it out",
    "dim": "channels are joined: leave it out",
    "axis": "channels are joined: leave it out",
}


def operator_hint(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """The hint for an operator that there is not: its name here, or the nearest one."""
    names = list(known)
    plain = name.lower().replace("_", "").replace("-", "")
    here = OPERATORS.get(plain) or next((n for n in names if n.replace("_", "") == plain), None)
    return f"that is {here} here" if here in names else did_you_mean(name, names, otherwise)


def field_hint(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """The hint for a key that there is not: its name here, why it is not needed, or the nearest
    one."""
    names = list(known)
    if name in INFERRED and name not in names:
        return INFERRED[name]
    here = FIELDS.get(name.lower())
    return f"that is {here} here" if here in names else did_you_mean(name, names, otherwise)


def field_meant(name: str, known: Iterable[str]) -> str:
    """The key that is meant by one that there is not: the one that :func:`field_hint` names, or
    nothing."""
    names = list(known)
    here = FIELDS.get(name.lower(), "")
    return here if here in names else nearest_name(name, names)
