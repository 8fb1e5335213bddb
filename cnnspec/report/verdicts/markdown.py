"""Verdicts as Markdown, for a comment or a page."""

from cnnspec.analyses.verdict import Verdict
from cnnspec.report.formats import grid, markdown
from cnnspec.report.verdicts.tables import CHECKS, DIFFERENCES, checks, differences
from cnnspec.report.verdicts.words import cell, counted, headline, limits, parties, versions


def page(verdicts: list[Verdict]) -> str:
    """Several verdicts: the summary, what fails in full, and why others are limited."""
    columns = parties(verdicts)
    rows = [[v.network, *[cell(v, c) for c in columns]] for v in verdicts]
    parts = [
        f"**{markdown(counted(verdicts))}**",
        grid(["Network", *columns], rows, [False] * (len(columns) + 1), "markdown"),
    ]
    parts += [one(v) for v in verdicts if not v.passed]
    parts += [
        f"Limited: {markdown(why)}: {markdown(', '.join(names))}"
        for why, names in limits(verdicts).items()
    ]
    return "\n\n".join(parts)


def one(verdict: Verdict) -> str:
    """One verdict: its checks, and what differs."""
    parts = [
        f"**{markdown(headline(verdict))}**",
        grid(CHECKS, checks(verdict), [False] * 5, "markdown"),
    ]
    found = differences(verdict)
    parts += [grid(DIFFERENCES, found, [False] * 6, "markdown")] if found else []
    return "\n\n".join([*parts, markdown(versions(verdict))])
