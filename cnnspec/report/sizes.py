"""The sizes of its input that a network takes, as text and as JSON."""

from collections.abc import Iterable
from textwrap import wrap
from typing import Any

from cnnspec.analyses.input_sizes import InputSizes, Refusal, Varied
from cnnspec.report.contract import encode_json
from cnnspec.report.formats import WIDTH, escape_text
from cnnspec.units import Shape, format_count, format_shape

MOST = 6  # runs of sizes in a line; JSON has all


def text(found: InputSizes) -> str:
    """What is valid, what is accepted, what is read whole, and why."""
    given = f"{shape_of(found.varied)} with N up to {format_count(found.bound)}"
    lines = [f"{found.network}: {given}; its own input is {format_shape(found.native)}", ""]
    if not found.valid:
        refuses = f": {refused(found.below)}" if found.below else ""
        return "\n".join(
            [
                *wrapped("", lines[0]),
                "",
                *wrapped("Smallest", f"none of these sizes is valid{refuses}"),
            ]
        )
    lines += wrapped("Smallest", format_count(found.valid[0]) + below(found.below))
    if found.training is not None:
        lines += wrapped("Training", sizes(found.training) + below(found.below_training))
    lines += wrapped("Accepts", accepts(found))
    lines += wrapped(
        "Read whole", f"{sizes(found.whole)}: no stride leaves the end of a map unread"
    )
    both = [n for n in found.accepted if n in set(found.whole)]
    if both not in (found.whole, found.accepted):
        lines += wrapped("Both", sizes(both))
    for layer, unread in found.unread.items():
        lines += wrapped(
            "Unread",
            f"at {format_shape(found.native)}, {layer} leaves out {last(unread)} of what it reads",
        )
    return "\n".join([*wrapped("", lines[0]), *lines[1:]])


def accepts(found: InputSizes) -> str:
    """What the network accepts, and what keeps it from more."""
    if found.keeper:
        return (
            f"{sizes(found.accepted)}, since {found.keeper.layer} is learned for one size:"
            f" {found.keeper.message}"
        )
    if found.accepted == [*range(found.valid[0], found.bound + 1)]:
        return f"any size from {format_count(found.valid[0])}: no parameter depends on it"
    return (
        f"{sizes(found.accepted)}: no parameter depends on the size, but not all shapes fit"
        " together"
    )


def below(refusal: Refusal | None) -> str:
    """What refuses the size under the smallest one."""
    return f"; at {format_count(refusal.size)} {refused(refusal)}" if refusal else ""


def last(unread: Shape) -> str:
    """The end of a map: the last row and 2 columns."""
    names = ("row", "column") if len(unread) == 2 else ("position",) * len(unread)
    parts = [f"{n} {name}s" if n > 1 else name for n, name in zip(unread, names, strict=True) if n]
    return "the last " + " and ".join(parts)


def refused(refusal: Refusal) -> str:
    return f"{refusal.layer} refuses: {refusal.message}"


def sizes(listed: list[int]) -> str:
    """Sizes in words: ``67, 99 … 483 (every 32)``."""
    parts = []
    for first, last, step in runs(listed):
        parts.append(
            format_count(first)
            if first == last
            else (
                f"{format_count(first)} to {format_count(last)}"
                if step == 1
                else f"{format_count(first)}, {format_count(first + step)} … {format_count(last)} (every {step})"
            )
        )
    more = f" and {format_count(len(parts) - MOST)} more" if len(parts) > MOST else ""
    return ", ".join(parts[:MOST]) + more or "none"


def shape_of(varied: Varied) -> str:
    return "x".join("N" if w is None else str(w) for w in varied)


def wrapped(label: str, words: str) -> list[str]:
    """A line of the page, none wider than a terminal, without control characters."""
    indent = f"{label:<12}" if label else ""
    safe = "".join(map(escape_text, [words[i : i + 500] for i in range(0, len(words), 500)]))
    return wrap(indent + safe, WIDTH, subsequent_indent=" " * len(indent))


def data(found: InputSizes) -> str:
    """All of it as JSON; sizes as runs from first to last by a step. Keys are added over time and
    never renamed."""
    return encode_json(
        {
            "version": 1,
            "network": found.network,
            "input": list(found.native),
            "varied": list(found.varied),
            "up_to": found.bound,
            "smallest": found.valid[0] if found.valid else None,
            "refuses": refusal(found.below),
            "valid": listed(found.valid),
            "accepted": listed(found.accepted),
            "keeps": refusal(found.keeper),
            "any": (
                found.accepted == [*range(found.valid[0], found.bound + 1)]
                if found.valid
                else False
            ),
            "whole": listed(found.whole),
            "unread": {k: list(v) for k, v in found.unread.items()},
            "training": None if found.training is None else listed(found.training),
            "refuses_training": refusal(found.below_training),
        },
        indent=2,
    )


def refusal(found: Refusal | None) -> dict[str, Any] | None:
    return (
        None
        if found is None
        else {"size": found.size, "layer": found.layer, "message": found.message}
    )


def listed(found: list[int]) -> list[dict[str, int]]:
    return [
        {"first": first, "last": last, "step": max(1, step)} for first, last, step in runs(found)
    ]


def runs(sizes: Iterable[int]) -> list[tuple[int, int, int]]:
    """Sizes as runs (first, last, step); a run with a step above 1 has at least three sizes."""
    found: list[tuple[int, int, int]] = []
    for n in sizes:
        if found:
            first, last, step = found[-1]
            if n - last == step or (first == last and n - last == 1):
                found[-1] = (first, n, n - last)
                continue
            if (
                len(found) > 1
                and first == last
                and found[-2][0] == found[-2][1]
                and n - last == first - found[-2][0]
            ):
                found[-2:] = [(found[-2][0], n, n - last)]
                continue
        found.append((n, n, 0))
    return found
