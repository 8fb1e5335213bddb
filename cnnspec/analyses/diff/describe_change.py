"""Describe what changed in a layer and in a network."""

from collections import Counter
from typing import Any

from cnnspec.analyses.diff.description import LayerDescription
from cnnspec.analyses.diff.network_diff import (
    CHANGED,
    FOLLOWS,
    INSERTED,
    MOVED,
    REMOVED,
    RENAMED,
    SAME,
    Diff,
    Entry,
)
from cnnspec.problems import visible
from cnnspec.units import format_count, format_shape, format_signed

UNITS = {"params": "params", "macs": "MACs", "output": "output"}
COUNTED = {
    CHANGED: "changed",
    INSERTED: "inserted",
    REMOVED: "removed",
    MOVED: "moved",
    RENAMED: "renamed",
    FOLLOWS: "with other numbers only",
    SAME: "as before",
}


def summarize_diff(found: Diff) -> str:
    """Count the layers by status, in one line."""
    if found.equal:
        return "no difference"
    numbers = Counter(entry.status for entry in found.entries)
    parts = [
        f"{format_count(numbers[status])} {word}"
        for status, word in COUNTED.items()
        if numbers[status]
    ]
    return "layers: " + ", ".join(parts)


def describe_change(entry: Entry) -> str:
    """Describe the change of one layer."""
    whole = entry.after or entry.before
    if (entry.before is None or entry.after is None) and whole:
        sizes = (
            f"{whole.op} {format_shape(whole.output)}; {describe_counts(whole.params, whole.macs)}"
        )
        return "; ".join(filter(None, [sizes, describe_settings(whole)]))
    return "; ".join(
        [
            *describe_changed_settings(entry),
            *(f"{UNITS[k]} {describe_numbers(*v)}" for k, v in entry.numbers.items()),
        ]
    )


def describe_settings(layer: LayerDescription) -> str:
    """List a layer's settings that differ from the operator's defaults."""
    return ", ".join(f"{k} = {format_setting(v)}" for k, v in layer.settings.items())


def describe_changed_settings(entry: Entry) -> list[str]:
    """List the settings that changed, and the changed inputs."""
    parts = [
        f"{k} {format_setting(a)} → {format_setting(b)}" for k, (a, b) in entry.settings.items()
    ]
    return parts + (
        [f"reads {', '.join(entry.reads[0])} → {', '.join(entry.reads[1])}"] if entry.reads else []
    )


def describe_counts(params: int, macs: int) -> str:
    return f"{format_count(params)} params, {format_count(macs)} MACs"


def describe_numbers(before: Any, after: Any) -> str:
    """Describe the change of a number or of a shape."""
    if isinstance(before, int):
        return f"{format_count(before)} → {format_count(after)} ({format_signed(after - before)})"
    return f"{format_shape(before)} → {format_shape(after)}"


def format_setting(value: Any) -> str:
    """Format a setting's value as in TOML; – for a setting that does not exist."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return str(value).lower()
    return visible(
        f"[{', '.join(map(format_setting, value))}]" if isinstance(value, list) else value, 60
    )
