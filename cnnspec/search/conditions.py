"""Conditions that no candidate can meet, which are found before anything is tried."""

from collections.abc import Sequence
from decimal import Decimal

from cnnspec.analyses.comparison_selection import Condition
from cnnspec.problems import RequestError, visible


def check_conditions(conditions: Sequence[Condition], option: str) -> None:
    """Raise RequestError where conditions on one measure exclude each other, or are below 0."""
    for i, condition in enumerate(conditions):
        text = visible(condition.text)
        if exclude_each_other([condition]):
            raise RequestError(f"{option}: nothing has {text!r}, because no measure is negative")
        for other in conditions[:i]:
            if other.measure.key == condition.measure.key and exclude_each_other(
                [other, condition]
            ):
                raise RequestError(
                    f"{option}: nothing has both {visible(other.text)!r} and {text!r}"
                )


def exclude_each_other(conditions: Sequence[Condition]) -> bool:
    """Tell whether no value meets all of some conditions on one measure."""
    if conditions[0].measure.kind == "text":
        equal = {c.wanted for c in conditions if c.holds == "="}
        unequal = {c.wanted for c in conditions if c.holds == "!="}
        return len(equal) > 1 or bool(equal & unequal)
    low, high = (Decimal(0), False), (Decimal("Infinity"), True)  # a bound, and whether it is out
    for condition in conditions:
        bound = (condition.wanted, condition.holds in ("<", ">"))
        if condition.holds in (">", ">=", "="):
            low = max(low, bound)
        if condition.holds in ("<", "<=", "="):
            high = min(high, bound, key=lambda b: (b[0], not b[1]))
    excluded = {c.wanted for c in conditions if c.holds == "!="}
    if low[0] == high[0]:
        return low[1] or high[1] or low[0] in excluded
    return low[0] > high[0]
