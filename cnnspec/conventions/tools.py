"""What each tool counts: fvcore, thop, torchinfo, ptflops and torchvision."""

from math import prod

from cnnspec.conventions.formats import format_fvcore, format_suffixed, format_torchinfo
from cnnspec.conventions.rules import (
    BY_OUTPUTS,
    FREE,
    MACS,
    MACS_AND_BIAS,
    PARAMETERS,
    Convention,
    CountingRule,
    only_dimensions,
    per_input,
    per_output,
)
from cnnspec.graph.model import Node

# Operators with parameters for which these tools have no rule.
NO_RULE = dict.fromkeys(
    ("frozen_batchnorm", "channel_scale", "scale", "affine", "position_embedding", "tokens"), FREE
)

# fvcore.nn.FlopCountAnalysis: counts the operators of a traced run.
#
# It traces functions, so the way a model is written matters little, with exceptions: its table of
# handles counts an adaptive pooling in two dimensions, but not the same mean by ``x.mean``.
#
# Source: fvcore/nn/flop_count.py and jit_handles.py.

BILINEAR, NEAREST = per_output(4), per_output(1)


def count_fvcore_upsample(node: Node) -> int:
    mode = getattr(node.op, "mode", "")
    if mode in ("bicubic", "nearest-exact"):
        return 0
    return (BILINEAR if mode == "bilinear" else NEAREST).count(node)


def count_fvcore_pool(node: Node) -> int:
    """Count the input's elements if the input has two dimensions, else nothing."""
    return per_input(1).count(node) if len(node.shapes[0]) == 3 else 0


FVCORE_POOL = CountingRule("1 per element of its input, in two dimensions", count_fvcore_pool)
FVCORE = Convention(
    "fvcore",
    "0.1.5",
    "flops",
    "fvcore calls a multiply-accumulate a flop.",
    format_fvcore,
    {
        "conv": MACS,
        "depthwise_conv": MACS,
        "conv_transpose": MACS,
        "matmul": MACS,
        "linear": MACS,
        "batchnorm": per_input(2, 1),
        "layernorm": per_input(5, 4),
        "groupnorm": per_input(5, 4),
        "instancenorm": per_input(5, 4),
        "global_avgpool": FVCORE_POOL,
        "adaptive_avgpool": FVCORE_POOL,
        "upsample": only_dimensions(
            2,
            CountingRule(
                "1 per element of its output, bilinear 4, bicubic 0", count_fvcore_upsample
            ),
        ),
        **NO_RULE,  # it has no handle for products and sums
        "prelu": FREE,
        "l2norm": FREE,
    },
)


# thop.profile: hooks PyTorch modules by their exact type; functions are not counted.
#
# Source: thop/profile.py and thop/vision/basic_hooks.py.


def count_thop_adaptive_pool(node: Node) -> int:
    """Count C*(input positions + output positions): sums of the inputs, one division an output."""
    channels, *sizes = node.shapes[0]
    return channels * (prod(sizes) + prod(node.output[1:]))


def count_thop_softmax(node: Node) -> int:
    """Count n exponentials, n - 1 additions and n divisions for each group of n channels."""
    n = node.shapes[0][getattr(node.op, "dim", 0)]
    return prod(node.shapes[0]) // n * (3 * n - 1)


def count_thop_upsample(node: Node) -> int:
    mode = getattr(node.op, "mode", "")
    if mode in ("nearest", "bicubic", "nearest-exact"):
        return prod(node.output) * {"nearest": 1, "bicubic": 259}.get(mode, 0)
    return prod(node.output) * {2: 5, 3: 11}.get(
        len(node.output), 0
    )  # it has no rule for trilinear


THOP_ADAPTIVE_POOL = CountingRule(
    "1 per element of its input and 1 per element of its output", count_thop_adaptive_pool
)
THOP = Convention(
    "thop",
    "0.1.1",
    "MACs",
    "thop adds element-wise work to multiply-accumulates.",
    lambda n: format_suffixed(
        n, ((1e12, 1e12, "T"), (1e9, 1e9, "G"), (1e6, 1e6, "M"), (1e3, 1e3, "K")), 2
    ),
    {
        "conv": MACS,
        "depthwise_conv": MACS,
        "conv_transpose": BY_OUTPUTS,
        "matmul": FREE,
        "linear": MACS,
        "batchnorm": per_input(4, 2),
        "layernorm": per_input(4, 2),
        "groupnorm": FREE,
        "instancenorm": per_input(4, 2),
        "prelu": per_input(1),
        "softmax": CountingRule("3*n - 1 per n channels", count_thop_softmax),
        "avgpool": per_output(1),
        "global_avgpool": THOP_ADAPTIVE_POOL,
        "adaptive_avgpool": THOP_ADAPTIVE_POOL,
        "upsample": CountingRule(
            "1 per element of its output; linear 5, bilinear 11, bicubic 259", count_thop_upsample
        ),
        **NO_RULE,
        "l2norm": FREE,
    },
)


# torchinfo.summary: counts each module's parameters, a convolution's at every output position.
#
# Biases count like weights, and batch normalization counts by its parameters.
#
# Source: torchinfo/layer_info.py, ``calculate_macs``.


def count_everywhere(node: Node) -> int:
    return PARAMETERS.count(node) * prod(node.output[1:])


TORCHINFO_CONV = CountingRule(
    "its parameters, biases too, at every output position", count_everywhere
)
TORCHINFO = Convention(
    "torchinfo",
    "1.8.0",
    "mult-adds",
    "torchinfo counts biases, and batch norm by its parameters.",
    format_torchinfo,
    {
        "conv": TORCHINFO_CONV,
        "depthwise_conv": TORCHINFO_CONV,
        "conv_transpose": TORCHINFO_CONV,
        "matmul": FREE,
        "linear": PARAMETERS,
        "batchnorm": PARAMETERS,
        "layernorm": PARAMETERS,
        "groupnorm": PARAMETERS,
        "instancenorm": PARAMETERS,
        "prelu": PARAMETERS,
        "frozen_batchnorm": FREE,
    },
)


# ptflops.get_model_complexity_info (backend "pytorch"): hooks modules and wraps functions.
#
# It hooks a module such as ReLU and also wraps the function that the module calls, so it counts
# both. (Its backend "aten" counts half of what torch's FlopCounterMode does.)
#
# Source: ptflops/pytorch_ops.py and pytorch_engine.py.

TWICE = per_input(2, why=", as it counts the module and its function")
PTFLOPS = Convention(
    "ptflops",
    "0.7.5",
    "MACs",
    "ptflops also counts biases, activations and poolings.",
    lambda n: f"{round(n / 1e9, 2)} GMac",
    {
        "conv": MACS_AND_BIAS,
        "depthwise_conv": MACS_AND_BIAS,
        "conv_transpose": MACS_AND_BIAS,
        "matmul": MACS,
        "linear": MACS_AND_BIAS,
        "batchnorm": per_input(2, 1),
        "groupnorm": per_input(2, 1),
        "instancenorm": per_input(2, 1),
        "layernorm": per_input(1),
        "relu": TWICE,
        "elu": TWICE,
        "gelu": TWICE,
        "prelu": TWICE,
        "relu6": per_input(1),
        "leaky_relu": per_input(1),
        "silu": per_input(1),
        "softmax": per_input(1),
        "maxpool": TWICE,
        "avgpool": TWICE,
        "global_avgpool": TWICE,
        "global_maxpool": TWICE,
        "adaptive_avgpool": TWICE,
        "adaptive_maxpool": TWICE,
        "upsample": per_output(2, ", as it counts the module and its function"),
        **NO_RULE,
    },
)


# torchvision's ``_ops`` of its weights: multiply-accumulates of matrix products.
#
# torchvision prints them as GFLOPS, but they are MACs.
#
# Source: torchvision's documentation of its classification weights.

TORCHVISION = Convention(
    "torchvision",
    "0.28.0",
    "FLOPS",
    "torchvision prints 1e9 multiply-accumulates as 1 GFLOPS.",
    lambda n: f"{n / 1e9:.2f} GFLOPS",
    {
        **dict.fromkeys(
            ("conv", "depthwise_conv", "conv_transpose", "linear", "attention", "matmul"), MACS
        ),
        **NO_RULE,
        **dict.fromkeys(
            ("batchnorm", "layernorm", "groupnorm", "instancenorm", "prelu", "l2norm"), FREE
        ),
    },
)

TOOLS = {
    convention.name: convention for convention in (FVCORE, THOP, TORCHINFO, PTFLOPS, TORCHVISION)
}
