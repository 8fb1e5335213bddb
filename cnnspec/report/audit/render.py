"""Render an audit as text for a terminal, as Markdown, as HTML and as JSON."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from textwrap import wrap
from typing import Any

from cnnspec.analyses.audit.audit import AuditedSource
from cnnspec.analyses.audit.ruling import REFUTED, VERDICTS, Ruling
from cnnspec.report.audit.printed_tables import (
    render_html_printed_tables,
    render_markdown_printed_tables,
)
from cnnspec.report.audit.tables import (
    mark_example_cells,
    render_ambiguous,
    render_errata,
    render_every_claim,
    render_summary,
)
from cnnspec.report.audit.wording import (
    describe_claim,
    describe_mistakes,
    describe_place,
    describe_quotations,
    format_printed,
    quote_claim,
    select_rulings,
    summarize_audit,
    summarize_source,
)
from cnnspec.report.contract import encode_json
from cnnspec.report.formats import (
    WIDTH,
    escape_html,
    escape_markdown,
    escape_text,
    render_grid,
)

HEADINGS = ("Source", "Claims", *(v.capitalize() for v in VERDICTS))
QUOTED = "Quoted; the source itself was not read"
UNSEEN = "Not available, so not audited"
CORRECTED = "as printed, with the right value in parentheses"


def render_audit_text(found: Sequence[AuditedSource], verdicts: Sequence[str]) -> str:
    """Render each source with its claims of the given verdicts, then the counts."""
    parts: list[str] = []
    for audited in found:
        head = [*wrap_line(audited.title or audited.name), summarize_source(audited)]
        if quotations := describe_quotations(audited):
            head += wrap_line(f"{QUOTED}: {quotations}", "", "  ")
        parts.append("\n".join(head))
        parts += [
            "\n".join(render_claim_text(r, audited)) for r in select_rulings(audited, verdicts)
        ]
    if len(found) > 1:
        rows = [
            [a.name, str(len(a.rulings)), *map(str, a.count_verdicts().values())] for a in found
        ]
        parts.append(render_grid(HEADINGS, rows, [False] + [True] * 5, "text"))
    return "\n\n".join([*parts, "\n".join(wrap_line(summarize_audit(found) + "."))])


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
        label = "likely mistake: " if ruling.mistakes else ""
        yield from wrap_line(f"{label}{mistakes}", "  ", "    ")
    if claim.note:
        yield from wrap_line(f"note: {claim.note}", "  ", "    ")


def wrap_line(text: str, first: str = "", later: str = "") -> list[str]:
    """Wrap text at the width of a terminal, without control characters."""
    return wrap(escape_text(text), WIDTH, initial_indent=first, subsequent_indent=later) or [first]


def render_audit_markdown(
    found: Sequence[AuditedSource], every: bool = False, level: int = 2
) -> str:
    """Render the sources, with all their claims if ``every``, then the counts."""
    parts = [render_source_markdown(a, every, level) for a in found]
    if len(found) > 1:
        parts.append(render_summary(found, "markdown"))
    return "\n\n".join([*parts, escape_markdown(summarize_audit(found)) + "."])


def render_source_markdown(audited: AuditedSource, every: bool, level: int) -> str:
    """Render one source under a heading of a level: errata first, then ambiguous claims."""
    parts = [
        f"{'#' * level} {escape_markdown(audited.title or audited.name)}",
        escape_markdown(summarize_source(audited)) + ".",
    ]
    if errata := render_errata(audited, "markdown"):
        parts += ["Refuted:", errata]
    parts += [
        render_example_markdown(r, audited)
        for r in audited.rulings
        if r.cells and r.verdict == REFUTED
    ]
    parts += [
        f"{escape_markdown(table.where)}, {CORRECTED}:\n\n{text}"
        for table, text in render_markdown_printed_tables(audited)
        if not table.sound
    ]
    if ambiguous := render_ambiguous(audited, "markdown"):
        parts += ["Ambiguous:", ambiguous]
    parts += list_unread_parts(audited)
    if every:
        parts += ["Every claim:", render_every_claim(audited, "markdown")]
    return "\n\n".join(parts)


def list_unread_parts(audited: AuditedSource) -> list[str]:
    """List, as Markdown, what is known from quotations only and what was not available."""
    parts = []
    if quotations := describe_quotations(audited):
        parts.append(f"{QUOTED}: {escape_markdown(quotations)}.")
    if audited.missing:
        parts.append(f"{UNSEEN}: {'; '.join(map(escape_markdown, audited.missing))}.")
    return parts


def render_example_markdown(ruling: Ruling, audited: AuditedSource) -> str:
    """Render a worked example: wrong cells in bold, the right values in parentheses."""
    cells = mark_example_cells(ruling, escape_markdown, lambda text: f"**{text}**")
    place, text = describe_place(ruling, audited), ruling.claim.text
    rows = ["| " + " | ".join(row) + " |" for row in cells]
    head, rule = "| " * len(cells[0]) + "|", "|--:" * len(cells[0]) + "|"
    table = "\n".join([head, rule, *rows])
    return f"{escape_markdown(place)}, {escape_markdown(text)}:\n\n{table}"


def render_audit_html(found: Sequence[AuditedSource], every: bool = False) -> str:
    """Render the same tables as in Markdown as HTML."""
    parts = [render_source_html(a, every) for a in found]
    if len(found) > 1:
        parts.append(render_summary(found, "html"))
    return "\n".join([*parts, f"<p>{escape_html(summarize_audit(found))}.</p>"])


def render_source_html(audited: AuditedSource, every: bool) -> str:
    """Render one source under its heading."""
    parts = [
        f"<h2>{escape_html(audited.title or audited.name)}</h2>",
        f"<p>{escape_html(summarize_source(audited))}.</p>",
    ]
    if errata := render_errata(audited, "html"):
        parts += ["<h3>Refuted</h3>", errata]
    for ruling in audited.rulings:
        if ruling.cells and ruling.verdict == REFUTED:
            cells = mark_example_cells(ruling, escape_html, lambda text: f"<mark>{text}</mark>")
            rows = ["".join(f"<td>{cell}</td>" for cell in row) for row in cells]
            place, text = describe_place(ruling, audited), ruling.claim.text
            parts += [
                f"<p>{escape_html(place)}, {escape_html(text)}:</p>",
                f"<table>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>",
            ]
    for table, text in render_html_printed_tables(audited):
        if not table.sound:
            parts += [f"<p>{escape_html(table.where)}, {CORRECTED}:</p>", text]
    if ambiguous := render_ambiguous(audited, "html"):
        parts += ["<h3>Ambiguous</h3>", ambiguous]
    if quotations := describe_quotations(audited):
        parts.append(f"<p>{QUOTED}: {escape_html(quotations)}.</p>")
    if audited.missing:
        parts.append(f"<p>{UNSEEN}: {'; '.join(map(escape_html, audited.missing))}.</p>")
    if every:
        parts += ["<h3>Every claim</h3>", render_every_claim(audited, "html")]
    return "\n".join(parts)


def render_audit_json(found: Sequence[AuditedSource]) -> str:
    """Encode all claims of all sources as JSON.

    ``computed`` is null for worked examples, and for what cannot be computed."""
    claims = [encode_ruling(r, a.name) for a in found for r in a.rulings]
    missing = {a.name: list(a.missing) for a in found if a.missing}
    return encode_json({"version": 1, "claims": claims, "missing": missing}, indent=2)


def encode_ruling(ruling: Ruling, source: str) -> dict[str, Any]:
    """Encode one claim; ``erratum`` says that it is marked as wrong."""
    claim = ruling.claim
    return {
        "source": claim.origin or source,
        "where": claim.where,
        "claim": quote_claim(ruling),
        "computed": encode_value(ruling.computed),
        "verdict": ruling.verdict,
        "why": ruling.why,
        "kind": claim.kind,
        "about": describe_claim(ruling),
        "network": ruling.subject if claim.subject.network else "",
        "layer": claim.subject.layer,
        "quantity": claim.quantity,
        "printed": claim.value,
        "mistakes": [{"mistake": m.mistake, "why": m.words} for m in ruling.mistakes],
        "erratum": claim.erratum,
        "note": claim.note,
        "quoted": claim.quoted,
        "cells": [
            {
                "row": c.row,
                "column": c.column,
                "printed": c.printed,
                "computed": encode_value(c.computed),
                "holds": c.holds,
            }
            for c in ruling.cells
        ],
    }


def encode_value(value: Any) -> Any:
    """Convert a value for JSON: fractions become numbers, tuples lists."""
    if isinstance(value, Fraction):
        return value.numerator if value.denominator == 1 else float(value)
    return [encode_value(v) for v in value] if isinstance(value, list | tuple) else value
