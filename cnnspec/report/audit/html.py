"""An audit as HTML: the same tables as in Markdown."""

from collections.abc import Sequence

from cnnspec.analyses.audit.audit import AuditedSource
from cnnspec.analyses.audit.ruling import REFUTED
from cnnspec.report.audit import tables
from cnnspec.report.audit.printed_tables import in_html
from cnnspec.report.audit.words import counted, outcome, place, quoted
from cnnspec.report.formats import escape_html


def page(found: Sequence[AuditedSource], every: bool = False) -> str:
    """The sources one after the other, with all their claims if ``every``; then the counts."""
    parts = [source(a, every) for a in found]
    if len(found) > 1:
        parts.append(tables.summary(found, "html"))
    return "\n".join([*parts, f"<p>{escape_html(outcome(found))}.</p>"])


def source(audited: AuditedSource, every: bool) -> str:
    parts = [
        f"<h2>{escape_html(audited.title or audited.name)}</h2>",
        f"<p>{escape_html(counted(audited))}.</p>",
    ]
    if errata := tables.errata(audited, "html"):
        parts += ["<h3>Refuted</h3>", errata]
    for ruling in audited.rulings:
        if ruling.cells and ruling.verdict == REFUTED:
            cells = tables.example(ruling, escape_html, lambda text: f"<mark>{text}</mark>")
            body = "".join(
                "<tr>" + "".join(f"<td>{c}</td>" for c in row) + "</tr>" for row in cells
            )
            parts += [
                f"<p>{escape_html(place(ruling, audited))}, {escape_html(ruling.claim.text)}:</p>",
                f"<table>{body}</table>",
            ]
    for t, text in in_html(audited):
        if not t.sound:
            parts += [
                f"<p>{escape_html(t.where)}, as printed, with what is right in parentheses:</p>",
                text,
            ]
    if ambiguous := tables.ambiguous(audited, "html"):
        parts += ["<h3>Ambiguous</h3>", ambiguous]
    if whence := quoted(audited):
        parts.append(f"<p>Quoted, the text itself not read: {escape_html(whence)}.</p>")
    if audited.missing:
        parts.append(
            "<p>Not seen, and so not audited: "
            + "; ".join(map(escape_html, audited.missing))
            + ".</p>"
        )
    if every:
        parts += ["<h3>Every claim</h3>", tables.every(audited, "html")]
    return "\n".join(parts)
