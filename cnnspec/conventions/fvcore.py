"""fvcore.nn.FlopCountAnalysis: counts the operators of a traced run.

It traces functions, so the way a model is written matters little, with exceptions: its table of
handles counts an adaptive pooling in two dimensions, but not the same mean by ``x.mean``.

Source: fvcore/nn/flop_count.py and jit_handles.py."""

from cnnspec.conventions.rules import (
    FREE,
    MACS,
    Convention,
    CountingRule,
    format_suffixed,
    only_dimensions,
    per_input,
    per_output,
)
from cnnspec.graph.model import Node

POOL = only_dimensions(2, per_input(1))
BILINEAR, NEAREST = per_output(4), per_output(1)


def count_upsample(node: Node) -> int:
    return (BILINEAR if getattr(node.op, "mode", "") == "bilinear" else NEAREST).count(node)


def count_pool(node: Node) -> int:
    """Count the input's elements if the input has two dimensions, else nothing."""
    return per_input(1).count(node) if len(node.shapes[0]) == 3 else 0


def format_fvcore(n: int) -> str:
    """Format a count as ``flop_count_table`` does: 4.112G."""
    steps = (
        (1e14, 1e15, "P"),
        (1e11, 1e12, "T"),
        (1e8, 1e9, "G"),
        (1e5, 1e6, "M"),
        (1e2, 1e3, "K"),
    )
    text = format_suffixed(n, steps, 3)
    return text[:-1].rstrip("0").rstrip(".") + text[-1] if text[-1].isalpha() else text


POOL = CountingRule("1 per element of its input, in two dimensions", count_pool)
CONVENTION = Convention(
    "fvcore",
    "0.1.5",
    "flops",
    "fvcore calls a multiply-accumulate a flop.",
    format_fvcore,
    {
        "conv": MACS,
        "depthwise_conv": MACS,
        "conv_transpose": MACS,
        "linear": MACS,
        "batchnorm": per_input(2, 1),
        "layernorm": per_input(5, 4),
        "groupnorm": per_input(5, 4),
        "global_avgpool": POOL,
        "adaptive_avgpool": POOL,
        "upsample": only_dimensions(
            2, CountingRule("1 per element of its output, 4 if bilinear", count_upsample)
        ),
        "frozen_batchnorm": FREE,  # it has no handle for products and sums
        "prelu": FREE,
        "channel_scale": FREE,
        "scale": FREE,
        "position_embedding": FREE,
        "l2norm": FREE,
    },
)
