"""The functions of expressions, and the limits of the values that expressions have."""

import math
from collections.abc import Callable
from typing import Any

from cnnspec.ops.kit.fields import describe_value
from cnnspec.records import Record
from cnnspec.spec.scope import ExpressionError, Scope

MAX_INT = 2**63
MAX_TEXT = 200  # characters of a text that an expression makes
MAX_NESTED = 100  # lists and tables inside each other: Python compares and prints them recursively


def check_limits(value: Any) -> Any:
    """Return ``value`` if it is finite and not too large. Raises ExpressionError."""
    if type(value) is int and not -MAX_INT <= value <= MAX_INT:
        raise ExpressionError("an expression's integers stay below 2**63")
    if type(value) is float and not math.isfinite(value):
        raise ExpressionError("an expression's numbers are finite")
    return value


def check_length(text: str) -> str:
    """Return a text that an expression made, if it is not too long. Raises ExpressionError."""
    if len(text) > MAX_TEXT:
        raise ExpressionError(f"a text with expressions has at most {MAX_TEXT} characters")
    return text


def count_values(value: Any, scope: Scope) -> None:
    """Count the values inside ``value`` as work: nested lists can be larger than any file.

    Raises ExpressionError also where they nest too deeply.
    """
    inside = [(value, 0)]
    while inside:
        v, depth = inside.pop()
        if isinstance(v, list | dict):
            if depth > MAX_NESTED:
                raise ExpressionError(f"a value nests at most {MAX_NESTED} deep")
            scope.spend(len(v) + 1)
            inside.extend((x, depth + 1) for x in (v.values() if isinstance(v, dict) else v))
        elif isinstance(v, str):
            scope.spend(len(v) // 16)


def round_channels(value: float, divisor: int = 8) -> int:
    """Return the multiple of ``divisor`` nearest to ``value``, but not below 90% of it.

    Source: make_divisible of the MobileNet reference implementations.
    """
    rounded = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * value else rounded


def _round(value: Any, digits: int = 0) -> Any:
    """Round half to even, as Python does, with a limit of 15 digits to bound the time."""
    if type(digits) is not int or not 0 <= digits <= 15:
        raise ExpressionError(f"round keeps 0 to 15 digits, not {digits}")
    return round(value, digits) if digits else round(value)


def _sum(values: Any, start: Any = 0) -> Any:
    """Add numbers. Lists are joined with +, which counts the work."""
    if not all(isinstance(v, int | float) for v in (*values, start)):
        raise TypeError
    return sum(values, start)


def make_text(value: Any) -> str:
    """Return an integer or a text as text, as in texts with expressions."""
    if type(value) not in (int, str):
        raise TypeError
    return str(value)


class ExpressionFunction(Record):
    """A function of expressions, with the least and the largest number of its arguments."""

    call: Callable[..., Any]
    fewest: int = 1
    most: int = 1

    def check_arguments(self, name: str, given: int) -> None:
        """Check the number of arguments. Raises ExpressionError."""
        if not self.fewest <= given <= self.most:
            takes = f"{self.fewest} to {self.most}"
            if self.most in (self.fewest, MANY):
                takes = f"{'at least ' * (self.most == MANY)}{self.fewest}"
            plural = "s" * (takes != "1" and not takes.endswith(" 1"))
            raise ExpressionError(f"{name} takes {takes} value{plural}, not {given}")


MANY = 1000  # no expression is long enough for more
FUNCTIONS = {
    "min": ExpressionFunction(min, 1, MANY),
    "max": ExpressionFunction(max, 1, MANY),
    "ceil": ExpressionFunction(math.ceil),
    "floor": ExpressionFunction(math.floor),
    "round": ExpressionFunction(_round, 1, 2),
    "len": ExpressionFunction(len),
    "sum": ExpressionFunction(_sum, 1, 2),
    "range": ExpressionFunction(range, 1, 3),
    "str": ExpressionFunction(make_text),
    "round_channels": ExpressionFunction(round_channels, 1, 2),
}


def call_function(name: str, args: list[Any], scope: Scope) -> Any:
    """Return what a function gives, and count its work. Raises ExpressionError, TypeError."""
    scope.spend(sum(len(a) for a in args if isinstance(a, list | str)))
    try:
        result = FUNCTIONS[name].call(*args)
    except TypeError:
        shown = ", ".join(map(describe_value, args))
        raise TypeError(f"{name} does not take {shown}") from None
    if isinstance(result, range):
        scope.spend(len(result))
        return list(result)
    return result
