"""thop.profile: hooks PyTorch modules by their exact type; functions are not counted.

Source: thop/profile.py and thop/vision/basic_hooks.py."""

from math import prod

from cnnspec.conventions.rules import (
    BY_OUTPUTS,
    FREE,
    MACS,
    Convention,
    CountingRule,
    format_suffixed,
    per_input,
    per_output,
)
from cnnspec.graph.model import Node


def count_adaptive_pool(node: Node) -> int:
    """Count C*(input positions + output positions): sums of the inputs, one division an output."""
    channels, *sizes = node.shapes[0]
    return channels * (prod(sizes) + prod(node.output[1:]))


def count_softmax(node: Node) -> int:
    """Count n exponentials, n - 1 additions and n divisions for each group of n channels."""
    n = node.shapes[0][0]
    return prod(node.shapes[0]) // n * (3 * n - 1)


def count_upsample(node: Node) -> int:
    if getattr(node.op, "mode", "") == "nearest":
        return prod(node.output)
    return prod(node.output) * {2: 5, 3: 11}.get(
        len(node.output), 0
    )  # it has no rule for trilinear


ADAPTIVE = CountingRule(
    "1 per element of its input and 1 per element of its output", count_adaptive_pool
)
CONVENTION = Convention(
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
        "linear": MACS,
        "batchnorm": per_input(4, 2),
        "layernorm": per_input(4, 2),
        "groupnorm": FREE,
        "prelu": per_input(1),
        "softmax": CountingRule("3*n - 1 per n channels", count_softmax),
        "avgpool": per_output(1),
        "global_avgpool": ADAPTIVE,
        "adaptive_avgpool": ADAPTIVE,
        "upsample": CountingRule(
            "1 per element of its output; linear 5, bilinear 11", count_upsample
        ),
        "frozen_batchnorm": FREE,
        "channel_scale": FREE,
        "scale": FREE,
        "position_embedding": FREE,
        "l2norm": FREE,
    },
)
