"""Verdicts as Markdown, for a comment or a page."""

from cnnspec.analyses.verdict import Verdict
from cnnspec.report.formats import escape_markdown, render_grid
from cnnspec.report.verdicts.tables import CHECKS, DIFFERENCES, checks, differences
from cnnspec.report.verdicts.words import cell, counted, headline, limits, parties, versions


def page(verdicts: list[Verdict]) -> str:
    """Several verdicts: the summary, what fails in full, and why others are limited."""
    columns = parties(verdicts)
    rows = [[v.network, *[cell(v, c) for c in columns]] for v in verdicts]
    parts = [
        f"**{escape_markdown(counted(verdicts))}**",
        render_grid(["Network", *columns], rows, [False] * (len(columns) + 1), "markdown"),
    ]
    parts += [one(v) for v in verdicts if not v.passed]
    parts += [
        f"Limited: {escape_markdown(why)}: {escape_markdown(', '.join(names))}"
        for why, names in limits(verdicts).items()
    ]
    return "\n\n".join(parts)


def one(verdict: Verdict) -> str:
    """One verdict: its checks, and what differs."""
    parts = [
        f"**{escape_markdown(headline(verdict))}**",
        render_grid(CHECKS, checks(verdict), [False] * 5, "markdown"),
    ]
    found = differences(verdict)
    parts += [render_grid(DIFFERENCES, found, [False] * 6, "markdown")] if found else []
    return "\n\n".join([*parts, escape_markdown(versions(verdict))])
