"""Report the input sizes that a network accepts, as text and as JSON."""

from collections.abc import Iterable
from textwrap import wrap
from typing import Any

from cnnspec.analyses.input_sizes import InputSizes, Refusal, Varied
from cnnspec.report.contract import encode_json
from cnnspec.report.formats import WIDTH, escape_text
from cnnspec.units import Shape, format_count, format_shape

MOST = 6  # runs of sizes in a line; JSON has all


def render_sizes_text(found: InputSizes) -> str:
    """Render which sizes are valid, accepted and read whole, with the reasons."""
    varied = f"{format_varied(found.varied)} with N up to {format_count(found.bound)}"
    native = format_shape(found.native)
    lines = [*wrap_entry("", f"{found.network}: {varied}; its own input is {native}"), ""]
    if not found.valid:
        reason = f": {describe_refusal(found.below)}" if found.below else ""
        lines += wrap_entry("Smallest", f"none of these sizes is valid{reason}")
        return "\n".join(lines)
    smallest = format_count(found.valid[0]) + describe_size_below(found.below)
    lines += wrap_entry("Smallest", smallest)
    if found.training is not None:
        sizes = format_sizes(found.training) + describe_size_below(found.below_training)
        lines += wrap_entry("Training", sizes)
    lines += wrap_entry("Accepts", describe_accepted(found))
    whole = f"{format_sizes(found.whole)}: no stride leaves the end of a map unread"
    lines += wrap_entry("Read whole", whole)
    both = [n for n in found.accepted if n in set(found.whole)]
    if both not in (found.whole, found.accepted):
        lines += wrap_entry("Both", format_sizes(both))
    for layer, unread in found.unread.items():
        lines += wrap_entry(
            "Unread", f"at {native}, {layer} does not read {describe_end(unread)} of its input"
        )
    return "\n".join(lines)


def describe_accepted(found: InputSizes) -> str:
    """Describe the sizes that the network accepts, and why it does not accept others."""
    if found.keeper:
        return (
            f"{format_sizes(found.accepted)}, as {found.keeper.layer} has parameters for one size:"
            f" {found.keeper.message}"
        )
    if found.accepted == [*range(found.valid[0], found.bound + 1)]:
        return f"any size from {format_count(found.valid[0])}: no parameter depends on it"
    return (
        f"{format_sizes(found.accepted)}: no parameter depends on the size, but the shapes do not"
        " fit together at all sizes"
    )


def describe_size_below(refusal: Refusal | None) -> str:
    """Describe what refuses the size below the smallest one."""
    return f"; at {format_count(refusal.size)} {describe_refusal(refusal)}" if refusal else ""


def describe_end(unread: Shape) -> str:
    """Describe the end of a map: ``the last row and 2 columns``."""
    names = ("row", "column") if len(unread) == 2 else ("position",) * len(unread)
    parts = [f"{n} {name}s" if n > 1 else name for n, name in zip(unread, names, strict=True) if n]
    return "the last " + " and ".join(parts)


def describe_refusal(refusal: Refusal) -> str:
    """Describe why a layer refuses a size."""
    return f"{refusal.layer} refuses: {refusal.message}"


def format_sizes(sizes: list[int]) -> str:
    """Format sizes as runs: ``67, 99 … 483 (every 32)``."""
    parts = [format_run(*run) for run in find_runs(sizes)]
    more = f" and {format_count(len(parts) - MOST)} more" if len(parts) > MOST else ""
    return ", ".join(parts[:MOST]) + more or "none"


def format_run(first: int, last: int, step: int) -> str:
    """Format one run of sizes."""
    start, end = format_count(first), format_count(last)
    if first == last:
        return start
    if step == 1:
        return f"{start} to {end}"
    return f"{start}, {format_count(first + step)} … {end} (every {step})"


def format_varied(varied: Varied) -> str:
    """Format a shape with N for the dimensions that vary: ``3xNxN``."""
    return "x".join("N" if w is None else str(w) for w in varied)


def wrap_entry(label: str, words: str) -> list[str]:
    """Wrap a labelled entry at the width of a terminal, without control characters."""
    indent = f"{label:<12}" if label else ""
    safe = "".join(map(escape_text, [words[i : i + 500] for i in range(0, len(words), 500)]))
    return wrap(indent + safe, WIDTH, subsequent_indent=" " * len(indent))


def render_sizes_json(found: InputSizes) -> str:
    """Encode the sizes as JSON, as runs from first to last by a step."""
    return encode_json(
        {
            "version": 1,
            "network": found.network,
            "input": list(found.native),
            "varied": list(found.varied),
            "up_to": found.bound,
            "smallest": found.valid[0] if found.valid else None,
            "refuses": encode_refusal(found.below),
            "valid": encode_runs(found.valid),
            "accepted": encode_runs(found.accepted),
            "keeps": encode_refusal(found.keeper),
            "any": (
                found.accepted == [*range(found.valid[0], found.bound + 1)]
                if found.valid
                else False
            ),
            "whole": encode_runs(found.whole),
            "unread": {k: list(v) for k, v in found.unread.items()},
            "training": None if found.training is None else encode_runs(found.training),
            "refuses_training": encode_refusal(found.below_training),
        },
        indent=2,
    )


def encode_refusal(refusal: Refusal | None) -> dict[str, Any] | None:
    """Encode a refusal, or None."""
    if refusal is None:
        return None
    return {"size": refusal.size, "layer": refusal.layer, "message": refusal.message}


def encode_runs(sizes: list[int]) -> list[dict[str, int]]:
    """Encode sizes as runs."""
    return [
        {"first": first, "last": last, "step": max(1, step)}
        for first, last, step in find_runs(sizes)
    ]


def find_runs(sizes: Iterable[int]) -> list[tuple[int, int, int]]:
    """Find runs (first, last, step) of sizes; a step above 1 needs at least three sizes."""
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
