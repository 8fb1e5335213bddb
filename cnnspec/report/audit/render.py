"""Render an audit as Markdown, as HTML and as JSON."""

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from cnnspec.analyses.audit.audit import AuditedSource
from cnnspec.analyses.audit.ruling import NOT_RIGHT, Ruling
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
    QUOTED,
    describe_claim,
    describe_place,
    describe_quotations,
    quote_claim,
    summarize_audit,
    summarize_source,
)
from cnnspec.report.contract import encode_json
from cnnspec.report.formats import (
    escape_html,
    escape_markdown,
)
from cnnspec.spec.cited_sources import CitedSource

ADDRESS = re.compile(r"https?://[^\s<>\"'()]+")  # safe in a link
UNSEEN = "Not available, so not audited"
CORRECTED = "as printed, with the right value in parentheses"


def render_audit_markdown(
    found: Sequence[AuditedSource], every: bool = False, level: int = 2
) -> str:
    """Render the counts, then the sources, with all their claims if ``every``."""
    parts = [escape_markdown(summarize_audit(found)) + "."]
    if len(found) > 1:
        parts.append(render_summary(found, "markdown"))
    return "\n\n".join([*parts, *(render_source_markdown(a, every, level) for a in found)])


def render_source_markdown(audited: AuditedSource, every: bool, level: int) -> str:
    """Render one source under a heading of a level: errata first, then ambiguous claims."""
    parts = [
        f"{'#' * level} {escape_markdown(audited.title or audited.name)}",
        escape_markdown(summarize_source(audited)) + ".",
        *list_cited_sources(audited),
    ]
    if errata := render_errata(audited, "markdown"):
        parts += ["Refuted or truncated:", errata]
    parts += [
        render_example_markdown(r, audited)
        for r in audited.rulings
        if r.cells and r.verdict in NOT_RIGHT
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


def list_cited_sources(audited: AuditedSource) -> list[str]:
    """List, as Markdown, the author, title and address of the sources that are cited."""
    lines = [
        f"- {escape_markdown(', '.join(filter(None, (c.author, c.title))))}{link}"
        for c in audited.sources.values()
        if (link := f" <{c.address}>" if ADDRESS.fullmatch(c.address) else "")
        or c.author
        or c.title
    ]
    return ["\n".join(lines)] if lines else []


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
    """Render the same as in Markdown as HTML."""
    parts = [f"<p>{escape_html(summarize_audit(found))}.</p>"]
    if len(found) > 1:
        parts.append(render_summary(found, "html"))
    return "\n".join([*parts, *(render_source_html(a, every) for a in found)])


def render_source_html(audited: AuditedSource, every: bool) -> str:
    """Render one source under its heading."""
    parts = [
        f"<h2>{escape_html(audited.title or audited.name)}</h2>",
        f"<p>{escape_html(summarize_source(audited))}.</p>",
    ]
    if items := [f"<li>{link_source(c)}</li>" for c in audited.sources.values()]:
        parts.append(f"<ul>{''.join(items)}</ul>")
    if errata := render_errata(audited, "html"):
        parts += ["<h3>Refuted or truncated</h3>", errata]
    for ruling in audited.rulings:
        if ruling.cells and ruling.verdict in NOT_RIGHT:
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


def link_source(cited: CitedSource) -> str:
    """Return author and title as HTML, with a link where the address is known."""
    words = escape_html(", ".join(filter(None, (cited.author, cited.title))))
    if not ADDRESS.fullmatch(cited.address):
        return words
    address = escape_html(cited.address)
    return f'<a href="{address}">{words or address}</a>'


def render_audit_json(found: Sequence[AuditedSource]) -> str:
    """Encode all claims of all sources as JSON.

    ``computed`` is null for worked examples, and for what cannot be computed."""
    claims = [encode_ruling(r, a.name) for a in found for r in a.rulings]
    missing = {a.name: list(a.missing) for a in found if a.missing}
    sources = {name: vars(cited) for a in found for name, cited in a.sources.items()}
    data = {"version": 1, "claims": claims, "missing": missing, "sources": sources}
    return encode_json(data, indent=2)


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
