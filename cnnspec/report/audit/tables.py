"""An audit as tables, for Markdown and HTML: the errata, what is ambiguous, and every claim of a source."""

from collections.abc import Callable, Sequence

from cnnspec.analyses.audit.audit import Audited
from cnnspec.analyses.audit.verdict import AMBIGUOUS, REFUTED, UNDECIDABLE, VERDICTS, Ruling
from cnnspec.report.audit.words import about, printed, said, slips
from cnnspec.report.formats import grid

Escape = Callable[[str], str]
SUMMARY = ("Source", "Claims", *(v.capitalize() for v in VERDICTS))
ERRATA = ("Where", "The source says", "Of", "Printed", "It is", "How the figure may have come about")
AMBIGUOUS_ONES = ("Where", "The source says", "Of", "Printed", "True and false")
EVERY = ("Where", "The source says", "Of", "Printed", "Verdict", "Why")


def summary(found: Sequence[Audited], format: str) -> str:
    rows = [[a.title or a.name, str(len(a.rulings)), *map(str, a.counted().values())] for a in found]
    total = [sum(len(a.rulings) for a in found), *(sum(a.counted()[v] for a in found) for v in VERDICTS)]
    return grid(SUMMARY, [*rows, ["All", *map(str, total)]], [False] + [True] * 5, format)


def errata(rulings: Sequence[Ruling], format: str) -> str:
    rows = [[r.claim.where, said(r), about(r), printed(r), corrected(r), reason(r)]
            for r in rulings if r.verdict == REFUTED]
    return grid(ERRATA, rows, [False] * 6, format) if rows else ""


def corrected(ruling: Ruling) -> str:
    """The right figure with its arithmetic."""
    return ruling.why if ruling.why.startswith(ruling.shown) or ruling.shown in ruling.why else (
        f"{ruling.shown}: {ruling.why}")


def reason(ruling: Ruling) -> str:
    """The slip, and what else is to be said."""
    return ". ".join(filter(None, (slips(ruling), ruling.claim.note)))


def ambiguous(rulings: Sequence[Ruling], format: str) -> str:
    rows = [[r.claim.where, said(r), about(r), printed(r), ". ".join(filter(None, (r.why, r.claim.note)))]
            for r in rulings if r.verdict == AMBIGUOUS]
    return grid(AMBIGUOUS_ONES, rows, [False] * 5, format) if rows else ""


def every(rulings: Sequence[Ruling], format: str) -> str:
    """All claims of a source, in its order."""
    rows = [[r.claim.where, said(r), about(r), printed(r), r.verdict.upper() if r.verdict == REFUTED else r.verdict,
             ". ".join(filter(None, (r.why, slips(r), r.claim.note)))] for r in rulings]
    return grid(EVERY, rows, [False] * 6, format)


def undecidable(rulings: Sequence[Ruling]) -> dict[str, list[str]]:
    """Why claims cannot be decided, each reason with the claims."""
    found: dict[str, list[str]] = {}
    for r in rulings:
        if r.verdict == UNDECIDABLE:
            found.setdefault(r.why, []).append(said(r))
    return found


def example(ruling: Ruling, escape: Escape, wrong: Callable[[str], str]) -> list[list[str]]:
    """The printed cells of a worked example, those that are wrong marked, with what is right behind them."""
    height, width = (max(v) + 1 for v in zip(*((c.row, c.column) for c in ruling.cells), strict=True))
    cells = [[""] * width for _ in range(height)]
    for c in ruling.cells:
        right = "outside" if c.computed is None else f"{float(c.computed):.4g}"
        cells[c.row][c.column] = escape(c.printed) if c.holds else wrong(escape(f"{c.printed} ({right})"))
    return cells
