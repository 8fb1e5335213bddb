"""Ranges of values on the command line: ``16..128:16``, ``18,34,50``, or a single value."""

import re
from typing import Any

from cnnspec.problems import RequestError, visible

RANGE = re.compile(r"(-?\d{1,12})\.\.(-?\d{1,12})(?::(\d{1,12}))?")
NUMBERS = re.compile(r"-?\d+\.\.-?\d+(:\d+)?")  # a range of numbers of any size
MOST_VALUES = 100_000  # of one argument


def parse_values(text: str, parse_value: Any, option: str) -> tuple[Any, ...]:
    """Parse a range or a list of values; ``parse_value`` parses one of a list.

    ``16..128:16`` includes both ends if the step reaches them. Raises RequestError."""
    found = RANGE.fullmatch(text.strip())
    if found is None:
        if NUMBERS.fullmatch(text.strip()):
            raise RequestError(f"{option}: the numbers of a range have at most 12 digits")
        if ".." in text:
            raise RequestError(
                f"{option} takes a range such as 16..128 or 16..128:16 (with a step), not"
                f" {visible(text, 60)!r}"
            )
        return tuple(dict.fromkeys(parse_value(part.strip()) for part in split_list(text)))
    low, high, step = int(found[1]), int(found[2]), int(found[3] or 1)
    if low > high or step == 0:
        why = "its step is 0" if step == 0 else f"{low} is more than {high}"
        raise RequestError(f"{option}: the range {visible(text, 60)} is empty: {why}")
    if (high - low) // step >= MOST_VALUES:
        raise RequestError(
            f"{option}: the range {visible(text, 60)} has more than {MOST_VALUES:,} values; give"
            " it a larger step"
        )
    return tuple(range(low, high + 1, step))


def split_list(text: str) -> list[str]:
    """Split a list at its commas, but not at those within brackets or quotes."""
    parts, depth, quote = [""], 0, ""
    for c in text:
        if quote:
            quote = "" if c == quote else quote
        elif c in "\"'":
            quote = c
        elif c in "[{":
            depth += 1
        elif c in "]}":
            depth -= 1
        if c == "," and not depth and not quote:
            parts.append("")
        else:
            parts[-1] += c
    return parts
