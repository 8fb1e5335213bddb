"""Verdicts as text for a terminal of 80 columns."""

from collections.abc import Iterator
from textwrap import wrap

from cnnspec.analyses.verdict import Check, Verdict
from cnnspec.report.formats import WIDTH, escape_text, render_grid
from cnnspec.report.verdicts.words import (
    STATUS,
    cell,
    counted,
    headline,
    limits,
    parties,
    told,
    versions,
)

MOST = 20  # differences of a check; JSON has them all


def page(verdicts: list[Verdict]) -> str:
    """Several verdicts: a summary, a line a network, what fails in full, why others are limited,
    and the counts."""
    columns = parties(verdicts)
    rows = [[v.network, *[cell(v, c) for c in columns]] for v in verdicts]
    summary = render_grid(["Network", *columns], rows, [False] * (len(columns) + 1), "text")
    parts = [summary, *[one(v) for v in verdicts if not v.passed]]
    parts += ["\n".join(reason(why, names)) for why, names in limits(verdicts).items()]
    return "\n\n".join([*parts, *lines(counted(verdicts) + ".")])


def one(verdict: Verdict) -> str:
    """One verdict: each check on a line, its differences below it."""
    parts = [*lines(headline(verdict)), *lines(versions(verdict)), ""]
    width = max([len(escape_text(c.name)) for c in verdict.checks], default=0)
    for check in verdict.checks:
        parts += checked(check, width)
    return "\n".join(parts)


def checked(check: Check, width: int) -> Iterator[str]:
    """A check: what came of it, against what, how much was compared; then what differs."""
    about = ", ".join(filter(None, [f"against {check.against}", check.compared]))
    about += (
        f" ({check.detail})"
        if check.detail and check.compared
        else f": {check.detail}"
        if check.detail
        else ""
    )
    head = f"{STATUS[check.status]:<10}  {escape_text(check.name):<{width}}  "
    yield from lines(about, head, " " * len(head))
    for difference in check.differences[:MOST]:
        yield from lines(f"{difference.name}, {told(difference, check)}", "  ", "    ")
        if difference.cause:
            yield from lines(f"likely cause: {difference.cause}", "    ", "      ")
    if len(check.differences) > MOST:
        yield f"  and {len(check.differences) - MOST:,} more"


def reason(why: str, names: list[str]) -> Iterator[str]:
    yield from lines(f"limited: {why}")
    yield from lines(", ".join(names), "  ", "  ")


def lines(text: str, first: str = "", later: str = "") -> list[str]:
    """Text in lines, none wider than a terminal, without control characters."""
    safe = "".join(map(escape_text, [text[i : i + 500] for i in range(0, len(text), 500)]))
    return wrap(safe, WIDTH, initial_indent=first, subsequent_indent=later) or [first]
