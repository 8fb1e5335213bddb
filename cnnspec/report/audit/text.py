"""An audit as text for a terminal of 80 columns."""

from collections.abc import Iterator, Sequence
from textwrap import wrap

from cnnspec.analyses.audit.audit import AuditedSource
from cnnspec.analyses.audit.ruling import REFUTED, VERDICTS, Ruling
from cnnspec.report.audit.words import (
    about,
    counted,
    mistakes,
    outcome,
    place,
    printed,
    quoted,
    shown,
)
from cnnspec.report.formats import WIDTH, escape_text, render_grid

HEADINGS = ("Source", "Claims", *(v.capitalize() for v in VERDICTS))


def page(found: Sequence[AuditedSource], verdicts: Sequence[str]) -> str:
    """Each source with its claims of the given verdicts, then the counts."""
    parts: list[str] = []
    for audited in found:
        head = [*lines(f"{audited.title or audited.name}"), counted(audited)]
        if whence := quoted(audited):
            head += lines(f"quoted, the text itself not read: {whence}", "", "  ")
        parts.append("\n".join(head))
        parts += ["\n".join(one(r, audited)) for r in shown(audited, verdicts)]
    if len(found) > 1:
        rows = [
            [a.name, str(len(a.rulings)), *map(str, a.count_verdicts().values())] for a in found
        ]
        parts.append(render_grid(HEADINGS, rows, [False] + [True] * 5, "text"))
    return "\n\n".join([*parts, "\n".join(lines(outcome(found) + "."))])


def one(ruling: Ruling, audited: AuditedSource) -> Iterator[str]:
    """One claim: its verdict, where it stands, the source's words, what comes out, and the mistake."""
    claim = ruling.claim
    word = ruling.verdict.upper() if ruling.verdict == REFUTED else ruling.verdict
    mark = (
        ""
        if not ruling.surprising
        else (
            " (not marked as an erratum)"
            if ruling.verdict == REFUTED
            else (" (though it is marked as an erratum)")
        )
    )
    yield from lines(f"{word}{mark}: {about(ruling) or 'a calculation'}", "", "  ")
    if where := place(ruling, audited):
        yield from lines(f"at {where}", "  ", "    ")
    if claim.text:
        yield from lines(
            f"“{claim.text}”" + (f", the row of {claim.cell}" if claim.cell else ""), "  ", "   "
        )
    if claim.value is not None and not isinstance(claim.value, bool):
        yield from lines(f"printed {printed(ruling)}", "  ", "    ")
    yield from lines(ruling.why, "  ", "    ")
    if searched := mistakes(ruling):
        yield from lines(f"mistake: {searched}" if ruling.mistakes else searched, "  ", "    ")
    if claim.note:
        yield from lines(f"note: {claim.note}", "  ", "    ")


def lines(text: str, first: str = "", later: str = "") -> list[str]:
    """Text in lines, none wider than a terminal, without control characters."""
    return wrap(escape_text(text), WIDTH, initial_indent=first, subsequent_indent=later) or [first]
