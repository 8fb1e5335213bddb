"""The names of all operators: a name in specs is the name of a module in ``cnnspec.ops``.

A module is imported when its operator is first used. Other packages can register operators of their
own under the entry point group ``cnnspec.operators``; they are looked up only where a name is known
neither here nor as a block, or where all operators are listed, because that takes long."""

from functools import cache
from importlib import import_module

from cnnspec.ops.kit.operator import Operator

OPERATORS = {
    "conv": "Conv",
    "depthwise_conv": "DepthwiseConv",
    "conv_transpose": "ConvTranspose",
    "conv_table": "ConvTable",
    "linear": "Linear",
    "rbf": "Rbf",
    "maxpool": "MaxPool",
    "avgpool": "AvgPool",
    "minpool": "MinPool",
    "sumpool": "SumPool",
    "global_avgpool": "GlobalAvgPool",
    "global_maxpool": "GlobalMaxPool",
    "adaptive_avgpool": "AdaptiveAvgPool",
    "adaptive_maxpool": "AdaptiveMaxPool",
    "channel_pool": "ChannelPool",
    "trainable_subsampling": "TrainableSubsampling",
    "maxunpool": "MaxUnpool",
    "batchnorm": "BatchNorm",
    "frozen_batchnorm": "FrozenBatchNorm",
    "layernorm": "LayerNorm",
    "rmsnorm": "RmsNorm",
    "groupnorm": "GroupNorm",
    "instancenorm": "InstanceNorm",
    "lrn": "LocalResponseNorm",
    "l2norm": "L2Norm",
    "global_response_norm": "GlobalResponseNorm",
    "channel_scale": "ChannelScale",
    "scale": "Scale",
    "affine": "Affine",
    "dropout": "Dropout",
    "stochastic_depth": "StochasticDepth",
    "lstm": "Lstm",
    "gru": "Gru",
    "attention": "Attention",
    "scaled_dot_product_attention": "ScaledDotProductAttention",
    "position_embedding": "PositionEmbedding",
    "tokens": "Tokens",
    "matmul": "Matmul",
    "reduce_dims": "ReduceDims",
    "relu": "Relu",
    "relu6": "Relu6",
    "leaky_relu": "LeakyRelu",
    "prelu": "PRelu",
    "elu": "Elu",
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
    "silu": "Silu",
    "gelu": "Gelu",
    "mish": "Mish",
    "selu": "Selu",
    "celu": "Celu",
    "softplus": "Softplus",
    "softsign": "Softsign",
    "logsigmoid": "LogSigmoid",
    "hardtanh": "Hardtanh",
    "threshold": "Threshold",
    "glu": "Glu",
    "hardsigmoid": "Hardsigmoid",
    "hardswish": "Hardswish",
    "softmax": "Softmax",
    "log_softmax": "LogSoftmax",
    "identity": "Identity",
    "add": "Add",
    "sub": "Sub",
    "mul": "Mul",
    "div": "Div",
    "maximum": "Maximum",
    "minimum": "Minimum",
    "abs_difference": "AbsDifference",
    "concat": "Concat",
    "flatten": "Flatten",
    "reshape": "Reshape",
    "permute": "Permute",
    "roll": "Roll",
    "pad": "Pad",
    "pad_channels": "PadChannels",
    "crop": "Crop",
    "upsample": "Upsample",
    "subsample": "Subsample",
    "slice_channels": "SliceChannels",
    "channel_shuffle": "ChannelShuffle",
    "unfold": "Unfold",
    "space_to_depth": "SpaceToDepth",
    "depth_to_space": "DepthToSpace",
    "roi_align": "RoiAlign",
    "box_rows": "BoxRows",
    "cross_entropy": "CrossEntropy",
    "mse": "MeanSquaredError",
}


BUILT_IN = frozenset(OPERATORS)
names_of_installed: dict[type[Operator], str] = {}


@cache
def load_operator(name: str) -> type[Operator]:
    """Return the operator called ``name``. Raises KeyError if there is none.

    Raises RequestError if it is of an installed package and is not right."""
    location = OPERATORS[name]
    if ":" not in location:
        built_in: type[Operator] = getattr(import_module(f"cnnspec.ops.{name}"), location)
        return built_in
    from cnnspec.ops.kit.installed_operators import load_installed_operator

    found = load_installed_operator(name)
    names_of_installed[found] = name
    return found


def find_installed(name: str = "") -> bool:
    """Register the operators of installed packages, and tell whether ``name`` is an operator now.

    An operator of cnnspec keeps its name."""
    from cnnspec.ops.kit.installed_operators import find_entry_points

    for known, points in find_entry_points().items():
        if known not in OPERATORS:
            OPERATORS[known] = points[0].value
            load_operator.cache_clear()
    return name in OPERATORS


def find_operator(kind: str) -> type[Operator]:
    """Return the operator called ``kind``, or the base class for a recorded call of no operator."""
    return load_operator(kind) if kind in OPERATORS else Operator


def operator_name(op: Operator | type[Operator]) -> str:
    """Return the name of an operator in specs."""
    cls = op if isinstance(op, type) else type(op)
    return names_of_installed.get(cls) or op.__module__.rpartition(".")[2]
