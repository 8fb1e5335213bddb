"""An audit as Markdown: the errata first, then what is ambiguous, and of single sources every
claim."""

from collections.abc import Sequence

from cnnspec.analyses.audit.audit import AuditedSource
from cnnspec.analyses.audit.ruling import REFUTED, Ruling
from cnnspec.report.audit import tables
from cnnspec.report.audit.printed_tables import in_markdown
from cnnspec.report.audit.words import counted, outcome, place, quoted
from cnnspec.report.formats import escape_markdown


def page(found: Sequence[AuditedSource], every: bool = False, level: int = 2) -> str:
    """The sources one after the other, with all their claims if ``every``; then the counts."""
    parts = [source(a, every, level) for a in found]
    if len(found) > 1:
        parts.append(tables.summary(found, "markdown"))
    return "\n\n".join([*parts, escape_markdown(outcome(found)) + "."])


def source(audited: AuditedSource, every: bool, level: int) -> str:
    """One source under its heading."""
    parts = [
        f"{'#' * level} {escape_markdown(audited.title or audited.name)}",
        escape_markdown(counted(audited)) + ".",
    ]
    if errata := tables.errata(audited, "markdown"):
        parts += ["Refuted:", errata]
    parts += [worked(r, audited) for r in audited.rulings if r.cells and r.verdict == REFUTED]
    parts += [
        f"{escape_markdown(t.where)}, as printed, with what is right in parentheses:\n\n{text}"
        for t, text in in_markdown(audited)
        if not t.sound
    ]
    if ambiguous := tables.ambiguous(audited, "markdown"):
        parts += ["Ambiguous:", ambiguous]
    parts += unseen(audited)
    if every:
        parts += ["Every claim:", tables.every(audited, "markdown")]
    return "\n\n".join(parts)


def unseen(audited: AuditedSource) -> list[str]:
    """What of a source was not read itself, and what was not seen at all."""
    parts = []
    if whence := quoted(audited):
        parts.append(f"Quoted, the text itself not read: {escape_markdown(whence)}.")
    if audited.missing:
        parts.append(
            "Not seen, and so not audited: "
            + "; ".join(map(escape_markdown, audited.missing))
            + "."
        )
    return parts


def worked(ruling: Ruling, audited: AuditedSource) -> str:
    """A worked example with its wrong cells in bold, and what is right in parentheses."""
    cells = tables.example(ruling, escape_markdown, lambda text: f"**{text}**")
    head = f"{escape_markdown(place(ruling, audited))}, {escape_markdown(ruling.claim.text)}:"
    empty = "| " * len(cells[0]) + "|"
    rule = "|--:" * len(cells[0]) + "|"
    return "\n\n".join(
        [head, "\n".join([empty, rule, *("| " + " | ".join(row) + " |" for row in cells)])]
    )
