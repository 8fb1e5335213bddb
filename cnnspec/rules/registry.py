"""Every lint rule: its code, and its module in this room. Imported on first use.

S001 to S009 are about the geometry of windows, A001 and on about architecture.
"""

from functools import cache
from importlib import import_module

from cnnspec.rules.rule import Rule

RULES = {
    "S001": "unread_pixels",
    "S002": "kernel_below_stride",
}


@cache
def rule(code: str) -> Rule:
    """The rule with a code. Raises KeyError where there is none."""
    found: Rule = import_module(f"cnnspec.rules.{RULES[code]}").rule
    return found
