"""Render an audit as text for a terminal."""

from collections.abc import Iterator, Sequence
from textwrap import wrap

from cnnspec.analyses.audit.audit import AuditedSource
from cnnspec.analyses.audit.ruling import REFUTED, VERDICTS, Ruling
from cnnspec.report.audit.wording import (
    QUOTED,
    describe_claim,
    describe_mistakes,
    describe_place,
    describe_quotations,
    describe_sources,
    format_printed,
    select_rulings,
    summarize_audit,
    summarize_source,
)
from cnnspec.report.formats import WIDTH, escape_text, render_grid

HEADINGS = ("Source", *(v.capitalize() for v in VERDICTS))


def render_audit_text(found: Sequence[AuditedSource], verdicts: Sequence[str]) -> str:
    """Render the counts, then each source with its claims of the given verdicts."""
    parts: list[str] = []
    if len(found) > 1:
        rows = [[a.name, *map(str, a.count_verdicts().values())] for a in found]
        parts.append(render_grid(HEADINGS, rows, [False, *(True for _ in VERDICTS)], "text"))
    parts.append("\n".join(wrap_line(summarize_audit(found) + ".")))
    for audited in found:
        chosen = select_rulings(audited, verdicts)
        head = [*wrap_line(audited.title or audited.name), *describe_source(audited, chosen)]
        head.append(summarize_source(audited))
        if quotations := describe_quotations(audited):
            head += wrap_line(f"{QUOTED}: {quotations}", "", "  ")
        parts.append("\n".join(head))
        parts += ["\n".join(render_claim_text(r, audited)) for r in chosen]
    return "\n\n".join(parts)


def describe_source(audited: AuditedSource, chosen: Sequence[Ruling]) -> list[str]:
    """Describe the sources of some claims by author, title and address."""
    named = {r.claim.origin for r in chosen}
    lines = []
    for name, words in describe_sources(audited).items():
        if name == audited.name:
            lines += wrap_line(words, "", "  ")
        elif name in named:
            lines += wrap_line(f"{name}: {words}", "", "  ")
    return lines


def render_claim_text(ruling: Ruling, audited: AuditedSource) -> Iterator[str]:
    """Yield the lines of one claim: verdict, place, quotation, calculation, mistake and note."""
    claim, verdict = ruling.claim, ruling.verdict
    if ruling.surprising and verdict == REFUTED:
        verdict += " (not marked as an erratum)"
    elif ruling.surprising:
        verdict += " (but marked as an erratum)"
    verdict = verdict.replace(REFUTED, REFUTED.upper())
    yield from wrap_line(f"{verdict}: {describe_claim(ruling) or 'a calculation'}", "", "  ")
    if place := describe_place(ruling, audited):
        yield from wrap_line(f"where: {place}", "  ", "    ")
    if claim.text:
        row = f", the row of {claim.cell}" if claim.cell else ""
        yield from wrap_line(f"“{claim.text}”{row}", "  ", "   ")
    if claim.value is not None and not isinstance(claim.value, bool):
        yield from wrap_line(f"printed: {format_printed(ruling)}", "  ", "    ")
    yield from wrap_line(ruling.why, "  ", "    ")
    if mistakes := describe_mistakes(ruling):
        label = "likely mistake: " if ruling.mistakes and ruling.verdict == REFUTED else ""
        yield from wrap_line(f"{label}{mistakes}", "  ", "    ")
    if claim.note:
        yield from wrap_line(f"note: {claim.note}", "  ", "    ")


def wrap_line(text: str, first: str = "", later: str = "") -> list[str]:
    """Wrap text at the width of a terminal, without control characters."""
    return wrap(escape_text(text), WIDTH, initial_indent=first, subsequent_indent=later) or [first]
