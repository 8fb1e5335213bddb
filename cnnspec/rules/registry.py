"""The lint rules: each code with the file in this folder that defines it.

S is about the geometry of windows, A about architecture. Files are imported on first use."""

from functools import cache
from importlib import import_module

from cnnspec.rules.rule import LintRule

RULES = {
    "S001": "unread_pixels",
    "S002": "kernel_smaller_than_stride",
    "S003": "even_kernel",
    "S004": "small_receptive_field",
    "S005": "average_counts_padding",
    "A001": "bias_before_norm",
    "A002": "large_kernel",
    "A003": "heavy_linear_head",
    "A004": "channels_not_divisible_by_8",
    "A005": "depthwise_without_pointwise",
    "A006": "repeated_activation",
    "A007": "missing_activation",
    "A008": "dropout_before_norm",
    "A009": "abrupt_shrinking",
    "A010": "inplace_overwrite",
}


@cache
def load_rule(code: str) -> LintRule:
    """Return the rule with a code. Raises KeyError for an unknown code."""
    rule: LintRule = import_module(f"cnnspec.rules.{RULES[code]}").rule
    return rule
