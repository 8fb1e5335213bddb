"""Every lint rule: its code, and its module in this room. Imported on first use.

S001 to S009 are about the geometry of windows, A001 and on about architecture.
"""

from functools import cache
from importlib import import_module

from cnnspec.rules.rule import Rule

RULES = {
    "S001": "unread_pixels",
    "S002": "kernel_below_stride",
    "S003": "even_kernel",
    "S004": "small_field",
    "S005": "averaged_padding",
    "A001": "bias_before_norm",
    "A002": "large_kernel",
    "A003": "heavy_head",
    "A004": "channels_of_eight",
    "A005": "lone_depthwise",
    "A006": "doubled_activation",
    "A007": "missing_activation",
    "A008": "dropout_before_norm",
    "A009": "sudden_drop",
    "A010": "overwritten",
}


@cache
def rule(code: str) -> Rule:
    """The rule with a code. Raises KeyError where there is none."""
    found: Rule = import_module(f"cnnspec.rules.{RULES[code]}").rule
    return found
