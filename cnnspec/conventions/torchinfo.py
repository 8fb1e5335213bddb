"""torchinfo.summary: each module's parameters, those of a convolution at every output position.

Source: torchinfo/layer_info.py, ``calculate_macs``: biases count with the weights, and batch norm
by its parameters."""

from math import prod

from cnnspec.conventions.rules import FREE, PARAMETERS, Convention, CountingRule
from cnnspec.graph.model import Node


def everywhere(node: Node) -> int:
    return PARAMETERS.count(node) * prod(node.output[1:])


def printed(n: int) -> str:
    """As its summary does: 4.09 (G)."""
    size, unit = (1e12, "T") if n >= 1e12 else (1e9, "G") if n >= 1e9 else (1e6, "M")
    return f"{n / size:,.0f} ({unit})" if (n / size).is_integer() else f"{n / size:,.2f} ({unit})"


CONV = CountingRule("its parameters, biases too, at every output position", everywhere)
CONVENTION = Convention(
    "torchinfo",
    "1.8.0",
    "mult-adds",
    "Biases count, and batch norm counts by its parameters.",
    printed,
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
