"""torchinfo.summary: counts each module's parameters, a convolution's at every output position.

Biases count like weights, and batch normalization counts by its parameters.

Source: torchinfo/layer_info.py, ``calculate_macs``."""

from math import prod

from cnnspec.conventions.rules import FREE, PARAMETERS, Convention, CountingRule
from cnnspec.graph.model import Node


def count_everywhere(node: Node) -> int:
    return PARAMETERS.count(node) * prod(node.output[1:])


def format_torchinfo(n: int) -> str:
    """Format a count as the summary does: 4.09 (G)."""
    steps = ((1e12, "T"), (1e9, "G"))
    size, unit = next((step for step in steps if n >= step[0]), (1e6, "M"))
    return f"{n / size:,.0f} ({unit})" if (n / size).is_integer() else f"{n / size:,.2f} ({unit})"


CONV = CountingRule("its parameters, biases too, at every output position", count_everywhere)
CONVENTION = Convention(
    "torchinfo",
    "1.8.0",
    "mult-adds",
    "torchinfo counts biases, and batch norm by its parameters.",
    format_torchinfo,
    {
        "conv": CONV,
        "depthwise_conv": CONV,
        "conv_transpose": CONV,
        "linear": PARAMETERS,
        "batchnorm": PARAMETERS,
        "layernorm": PARAMETERS,
        "groupnorm": PARAMETERS,
        "prelu": PARAMETERS,
        "frozen_batchnorm": FREE,
    },
)
