"""Put differences of verdicts into words: one finding for each cause, the same in every format."""

from typing import Any

from cnnspec.analyses.verdict import Check, Difference
from cnnspec.report.verdicts.group import (
    DifferenceGroup,
    describe_group,
    describe_places,
    group_differences,
)
from cnnspec.units import format_count, format_shape


def list_notes(check: Check) -> list[str]:
    """Return the notes of a check in words, one for each cause."""
    return [describe_finding(group, check) for group in group_differences(check.notes)]


def describe_finding(group: DifferenceGroup, check: Check) -> str:
    """Return a group of differences in words, and its likely cause if these do not say it."""
    text = describe_cause(group, check)
    return text if is_described(group) else f"{text} ({group.cause})"


def describe_cause(group: DifferenceGroup, check: Check) -> str:
    """Return a group of differences in words, with the layers that it names."""
    if len(group.differences) > 1:
        return f"{group.title}, {describe_group(group)}"
    difference = group.differences[0]
    return f"{difference.name}, {describe_difference(difference, check)}"


def is_described(group: DifferenceGroup) -> bool:
    """Return whether the words of a group say its cause already, or it has none."""
    return not group.cause or bool(group.differences[0].change) or len(group.differences) > 1


def describe_difference(difference: Difference, check: Check) -> str:
    """Return a difference in words.

    For a changed setting "conv: kernel_size 1 → 3 (blocks.0.conv, model.py:31)". For PyTorch and
    fvcore "macs: calculated 1,024, measured 1,000"; else "layer; spec: no layer; model: relu".
    """
    times = f" ({difference.count:,} times)" if difference.count > 1 else ""
    where = describe_places((difference,))
    if difference.change:
        return f"{difference.quantity}: {difference.change}{where}{times}"
    ours, theirs = show_sides(difference)
    if check.against.startswith(("PyTorch", "fvcore")):
        return f"{difference.quantity}: calculated {ours}, measured {theirs}"
    return f"{difference.quantity}; spec: {ours}; model: {theirs}{where}{times}"


def show_sides(difference: Difference) -> tuple[str, str]:
    """Return both sides of a difference as text; of two tables only the keys that differ."""
    a, b, quantity = difference.calculated, difference.measured, difference.quantity
    if isinstance(a, dict) and isinstance(b, dict):
        keys = [k for k in {**a, **b} if a.get(k) != b.get(k)]
        left, right = (", ".join(f"{k} {show_value(side.get(k))}" for k in keys) for side in (a, b))
        return left, right
    return show_value(a, f"no {quantity}"), show_value(b, f"no {quantity}")


def show_value(value: Any, missing: str = "none") -> str:
    """Return a value as text: counts with separators, shapes as 64x56x56."""
    if value is None or value in ({}, ""):
        return missing
    if isinstance(value, int) and not isinstance(value, bool):
        return format_count(value)
    if isinstance(value, tuple) and all(isinstance(v, int) for v in value):
        return format_shape(value)
    if isinstance(value, dict):
        return ", ".join(f"{k} {show_value(v)}" for k, v in value.items())
    return str(value)
