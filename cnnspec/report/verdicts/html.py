"""A verdict as HTML, for notebooks."""

from cnnspec.analyses.verdict import Verdict
from cnnspec.report.formats import escape_html, render_grid
from cnnspec.report.verdicts.tables import CHECKS, DIFFERENCES, checks, differences
from cnnspec.report.verdicts.words import headline, versions


def one(verdict: Verdict) -> str:
    """One verdict: its checks, and what differs."""
    found = differences(verdict)
    parts = [
        f"<p><strong>{escape_html(headline(verdict))}</strong></p>",
        render_grid(CHECKS, checks(verdict), [False] * 5, "html"),
    ]
    parts += [render_grid(DIFFERENCES, found, [False] * 6, "html")] if found else []
    return "\n".join([*parts, f"<p>{escape_html(versions(verdict))}</p>"])
