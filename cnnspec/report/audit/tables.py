"""An audit as tables, for Markdown and HTML: the errata, what is ambiguous, and every claim of a
source."""

import re
from collections.abc import Callable, Sequence

from cnnspec.analyses.audit.audit import AuditedSource
from cnnspec.analyses.audit.ruling import AMBIGUOUS, REFUTED, UNDECIDABLE, VERDICTS, Ruling
from cnnspec.report.audit.words import about, mistakes, place, printed, said
from cnnspec.report.formats import render_grid

Escape = Callable[[str], str]
SUMMARY = ("Source", "Claims", *(v.capitalize() for v in VERDICTS))
ERRATA = (
    "Where",
    "The source says",
    "Of",
    "Printed",
    "It is",
    "How the figure may have come about",
)
AMBIGUOUS_ONES = ("Where", "The source says", "Of", "Printed", "True and false")
EVERY = ("Where", "The source says", "Of", "Printed", "Verdict, and why")


def table(
    headings: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[bool], format: str
) -> str:
    """A grid; in Markdown without the blanks that align columns, which would be most of a page of
    long cells."""
    made = render_grid(headings, rows, right, format)
    return (
        re.sub(r"(?<=\|) +| +(?=\|)", " ", re.sub(r"-{4,}", "---", made))
        if format == "markdown"
        else made
    )


def summary(found: Sequence[AuditedSource], format: str) -> str:
    rows = [
        [a.title or a.name, str(len(a.rulings)), *map(str, a.count_verdicts().values())]
        for a in found
    ]
    total = [
        sum(len(a.rulings) for a in found),
        *(sum(a.count_verdicts()[v] for a in found) for v in VERDICTS),
    ]
    return render_grid(SUMMARY, [*rows, ["All", *map(str, total)]], [False] + [True] * 5, format)


def errata(audited: AuditedSource, format: str) -> str:
    rows = [
        [place(r, audited), said(r), about(r), printed(r), corrected(r), reason(r)]
        for r in audited.rulings
        if r.verdict == REFUTED
    ]
    return table(ERRATA, rows, [False] * 6, format) if rows else ""


def corrected(ruling: Ruling) -> str:
    """The right figure with its arithmetic."""
    return (
        ruling.why
        if ruling.why.startswith(ruling.shown) or ruling.shown in ruling.why
        else (f"{ruling.shown}: {ruling.why}")
    )


def reason(ruling: Ruling) -> str:
    """The mistake, and what else is to be said."""
    return "; ".join(filter(None, (mistakes(ruling), ruling.claim.note)))


def ambiguous(audited: AuditedSource, format: str) -> str:
    rows = [
        [
            place(r, audited),
            said(r),
            about(r),
            printed(r),
            "; ".join(filter(None, (r.why, r.claim.note))),
        ]
        for r in audited.rulings
        if r.verdict == AMBIGUOUS
    ]
    return table(AMBIGUOUS_ONES, rows, [False] * 5, format) if rows else ""


def every(audited: AuditedSource, format: str) -> str:
    """All claims of a source, in its order."""
    rows = [[place(r, audited), said(r), about(r), printed(r), judged(r)] for r in audited.rulings]
    return table(EVERY, rows, [False] * len(EVERY), format)


def judged(ruling: Ruling) -> str:
    """The verdict with all that is to be said for it."""
    word = ruling.verdict.upper() if ruling.verdict == REFUTED else ruling.verdict
    return f"{word}: " + "; ".join(filter(None, (ruling.why, mistakes(ruling), ruling.claim.note)))


def undecidable(rulings: Sequence[Ruling]) -> dict[str, list[str]]:
    """Why claims cannot be decided, each reason with the claims."""
    found: dict[str, list[str]] = {}
    for r in rulings:
        if r.verdict == UNDECIDABLE:
            found.setdefault(r.why, []).append(said(r))
    return found


def example(ruling: Ruling, escape: Escape, wrong: Callable[[str], str]) -> list[list[str]]:
    """The printed cells of a worked example, those that are wrong marked, with what is right behind
    them."""
    height, width = (
        max(v) + 1 for v in zip(*((c.row, c.column) for c in ruling.cells), strict=True)
    )
    cells = [[""] * width for _ in range(height)]
    for c in ruling.cells:
        right = "outside" if c.computed is None else f"{float(c.computed):.4g}"
        cells[c.row][c.column] = (
            escape(c.printed) if c.holds else wrong(escape(f"{c.printed} ({right})"))
        )
    return cells
