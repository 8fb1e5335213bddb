"""The tables of a source as it prints them, with what is right behind each cell that is wrong."""

from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from fractions import Fraction
from typing import Any

from cnnspec.analyses.audit.audit import AuditedSource
from cnnspec.analyses.audit.layer_quantities import words_of
from cnnspec.analyses.audit.printed_figures import parse_figure as figure_in
from cnnspec.analyses.audit.ruling import AMBIGUOUS, CONFIRMED, REFUTED, Ruling
from cnnspec.records import Record
from cnnspec.report.audit.words import QUANTITIES, place
from cnnspec.report.formats import escape_html, escape_markdown

Mark = Callable[[str], str]


class PrintedTable(Record):
    """A table as printed: where it stands, its headings and cells, those that are wrong marked with
    what is right."""

    where: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    sound: bool


def printed_tables(audited: AuditedSource, escape: Mark, mark: Mark) -> list[PrintedTable]:
    """The tables of a source in their order: of cells, and of lists of layers, a row for each
    network or order."""
    found: dict[Any, list[Ruling]] = {}
    slides = {r.claim.where for r in audited.rulings if r.claim.cell}
    for r in audited.rulings:
        if r.claim.cell:
            found.setdefault(r.claim.path[:-3], []).append(r)
        elif isinstance(r.computed, list) and (
            r.claim.quantity == "layout"
            or (r.claim.quantity == "order" and r.claim.where in slides)
        ):
            found.setdefault((r.claim.where, r.claim.quantity), []).append(r)
    return [
        (of_cells if rulings[0].claim.cell else of_lists)(
            rulings, place(rulings[0], audited), escape, mark
        )
        for rulings in found.values()
    ]


def of_cells(rulings: Sequence[Ruling], where: str, escape: Mark, mark: Mark) -> PrintedTable:
    """A printed table; cells that say nothing, such as dashes, stand as they are."""
    claim = rulings[0].claim
    table: Any = claim.source.data
    for step in claim.path[:-3]:
        table = table[step]
    verdicts = {r.claim.path[-2:]: r for r in rulings}
    rows = []
    for i, row in enumerate(table["rows"]):
        cells = [escape(str(row[0]))]
        for j, cell in enumerate(row[1:], 1):
            ruling = verdicts.get((i, j))
            sound = ruling is None or ruling.verdict == CONFIRMED
            cells.append(
                escape(str(cell))
                if sound or ruling is None
                else mark(escape(f"{cell} ({right(ruling)})"))
            )
        rows.append(tuple(cells))
    units = {k: f" [{v}]" for k, v in table.get("units", {}).items()}
    headings = tuple(
        QUANTITIES.get(c, c.replace("_", " ")) + units.get(c, "") for c in table["columns"]
    )
    return PrintedTable(where, headings, tuple(rows), all(r.verdict == CONFIRMED for r in rulings))


def of_lists(rulings: Sequence[Ruling], where: str, escape: Mark, mark: Mark) -> PrintedTable:
    """Lists of layers, one a row, with what they leave out marked in its place."""
    rows = tuple((escape(r.claim.text), listed(r, escape, mark)) for r in rulings)
    return PrintedTable(where, ("of", "layers"), rows, all(r.verdict == CONFIRMED for r in rulings))


def listed(ruling: Ruling, escape: Mark, mark: Mark) -> str:
    """A printed list; marked is "left out: ..." where lines are missing, "too many: ..." where some
    should not be."""
    theirs, ours = words_of(ruling.claim.value), [str(w) for w in ruling.computed]
    parts: list[str] = []
    for what, a, b, c, d in SequenceMatcher(None, theirs, ours, autojunk=False).get_opcodes():
        if what == "equal":
            parts += [escape(w) for w in theirs[a:b]]
        else:
            parts += [
                mark(escape(f"{word}: {', '.join(words)}"))
                for word, words in (("too many", theirs[a:b]), ("left out", ours[c:d]))
                if words
            ]
    return ", ".join(parts)


def right(ruling: Ruling) -> str:
    """What should stand in a cell, in its unit and to as many decimals; of what is ambiguous, when
    it holds."""
    if ruling.verdict == AMBIGUOUS:
        return ruling.why.partition(". False")[0]
    figure, number = figure_in(ruling.claim.value), ruling.number
    if ruling.verdict != REFUTED or figure is None or number is None:
        return ruling.shown
    decimals = sum(c.isdigit() for c in figure.text.partition(".")[2])
    return f"{float(number / Fraction(figure.scale)):,.{decimals}f}"


def in_markdown(audited: AuditedSource) -> list[tuple[PrintedTable, str]]:
    """The printed tables of a source, each with its text as Markdown: in bold what is wrong."""
    found = printed_tables(audited, escape_markdown, lambda text: f"**{text}**")
    return [
        (
            t,
            "\n".join(
                [
                    f"| {' | '.join(t.headings)} |",
                    "|" + ":--|" * len(t.headings),
                    *(f"| {' | '.join(row)} |" for row in t.rows),
                ]
            ),
        )
        for t in found
    ]


def in_html(audited: AuditedSource) -> list[tuple[PrintedTable, str]]:
    """The same as HTML: marked what is wrong."""
    found = printed_tables(audited, escape_html, lambda text: f"<mark>{text}</mark>")
    return [
        (
            t,
            "<table>"
            + "".join(
                f"<tr>{''.join(f'<{tag}>{c}</{tag}>' for c in cells)}</tr>"
                for tag, cells in (("th", t.headings), *(("td", row) for row in t.rows))
            )
            + "</table>",
        )
        for t in found
    ]
