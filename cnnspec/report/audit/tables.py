"""The tables of an audit, for Markdown and HTML: errata, ambiguous claims, every claim."""

import re
from collections.abc import Callable, Sequence

from cnnspec.analyses.audit.audit import AuditedSource
from cnnspec.analyses.audit.ruling import AMBIGUOUS, NOT_RIGHT, REFUTED, VERDICTS, Ruling
from cnnspec.report.audit.wording import (
    describe_claim,
    describe_mistakes,
    describe_place,
    format_printed,
    quote_claim,
)
from cnnspec.report.formats import render_grid

Escape = Callable[[str], str]
CLAIM = ("Where", "The source says", "About", "Printed")
SUMMARY = ("Source", "Claims", *(v.capitalize() for v in VERDICTS))


def render_claims(
    headings: Sequence[str],
    audited: AuditedSource,
    verdicts: Sequence[str],
    cells: Callable[[Ruling], list[str]],
    format: str,
) -> str:
    """Render a table of the claims with some verdicts; "" if there is none.

    ``headings`` and ``cells`` are those of the columns after the claim itself. Markdown tables
    have no blanks that align columns: with long cells, blanks would be most of the page."""
    rows = [
        [
            describe_place(r, audited),
            quote_claim(r),
            describe_claim(r),
            format_printed(r),
            *cells(r),
        ]
        for r in audited.rulings
        if r.verdict in verdicts
    ]
    if not rows:
        return ""
    columns = (*CLAIM, *headings)
    grid = render_grid(columns, rows, [False] * len(columns), format)
    if format == "markdown":
        return re.sub(r"(?<=\|) +| +(?=\|)", " ", re.sub(r"-{4,}", "---", grid))
    return grid


def render_errata(audited: AuditedSource, format: str) -> str:
    """Render the wrong claims of a source with their corrections; "" if there is none."""
    headings = ("Correct", "Possible cause")
    return render_claims(
        headings, audited, NOT_RIGHT, lambda r: [correct_figure(r), explain_error(r)], format
    )


def render_ambiguous(audited: AuditedSource, format: str) -> str:
    """Render the ambiguous claims of a source; "" if there is none."""
    return render_claims(
        ["True and false"], audited, [AMBIGUOUS], lambda r: [join(r.why, r.claim.note)], format
    )


def render_every_claim(audited: AuditedSource, format: str) -> str:
    """Render all claims of a source, in its order."""
    return render_claims(
        ["Verdict and reason"], audited, VERDICTS, lambda r: [explain_verdict(r)], format
    )


def render_summary(found: Sequence[AuditedSource], format: str) -> str:
    """Render the number of claims of each source by verdict, and their sums."""
    rows = [
        [a.title or a.name, str(len(a.rulings)), *map(str, a.count_verdicts().values())]
        for a in found
    ]
    total = [
        sum(len(a.rulings) for a in found),
        *(sum(a.count_verdicts()[v] for a in found) for v in VERDICTS),
    ]
    return render_grid(
        SUMMARY,
        [*rows, ["All", *map(str, total)]],
        [False, True, *(True for _ in VERDICTS)],
        format,
    )


def join(*parts: str) -> str:
    """Join the parts that are not empty with semicolons."""
    return "; ".join(filter(None, parts))


def correct_figure(ruling: Ruling) -> str:
    """Return the correct figure with its arithmetic."""
    return ruling.why if ruling.shown in ruling.why else f"{ruling.shown}: {ruling.why}"


def explain_error(ruling: Ruling) -> str:
    """Return the mistakes that give the printed figure, and the claim's note."""
    return join(describe_mistakes(ruling), ruling.claim.note)


def explain_verdict(ruling: Ruling) -> str:
    """Return the verdict with its arithmetic, possible mistakes and note."""
    word = ruling.verdict.upper() if ruling.verdict == REFUTED else ruling.verdict
    return f"{word}: {join(ruling.why, describe_mistakes(ruling), ruling.claim.note)}"


def mark_example_cells(
    ruling: Ruling, escape: Escape, mark: Callable[[str], str]
) -> list[list[str]]:
    """Return the printed cells of a worked example, wrong ones marked and corrected."""
    height = max(c.row for c in ruling.cells) + 1
    width = max(c.column for c in ruling.cells) + 1
    cells = [[""] * width for _ in range(height)]
    for c in ruling.cells:
        right = "outside" if c.computed is None else f"{float(c.computed):.4g}"
        cells[c.row][c.column] = (
            escape(c.printed) if c.holds else mark(escape(f"{c.printed} ({right})"))
        )
    return cells
