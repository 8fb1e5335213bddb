"""The tables of a source as printed, with the right value after each wrong cell."""

from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from fractions import Fraction
from typing import Any

from cnnspec.analyses.audit.audit import AuditedSource
from cnnspec.analyses.audit.layer_quantities import split_list
from cnnspec.analyses.audit.printed_figures import parse_figure
from cnnspec.analyses.audit.ruling import AMBIGUOUS, CONFIRMED, NOT_RIGHT, Ruling
from cnnspec.records import Record
from cnnspec.report.audit.wording import QUANTITIES, describe_place
from cnnspec.report.formats import escape_html, escape_markdown

Mark = Callable[[str], str]


class PrintedTable(Record):
    """A table as printed, with its place in the source; wrong cells are marked and corrected."""

    where: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    sound: bool


def collect_printed_tables(audited: AuditedSource, escape: Mark, mark: Mark) -> list[PrintedTable]:
    """Collect the tables of a source in their order.

    Some are printed as tables of cells; lists of layers in one place make a table with one row
    for each list."""
    tables: dict[Any, list[Ruling]] = {}
    places = {r.claim.where for r in audited.rulings if r.claim.cell}
    for r in audited.rulings:
        if r.claim.cell:
            tables.setdefault(r.claim.path[:-3], []).append(r)
        elif isinstance(r.computed, list) and (
            r.claim.quantity == "layout"
            or (r.claim.quantity == "order" and r.claim.where in places)
        ):
            tables.setdefault((r.claim.where, r.claim.quantity), []).append(r)
    return [
        (correct_cells if rulings[0].claim.cell else correct_lists)(
            rulings, describe_place(rulings[0], audited), escape, mark
        )
        for rulings in tables.values()
    ]


def correct_cells(rulings: Sequence[Ruling], where: str, escape: Mark, mark: Mark) -> PrintedTable:
    """Correct a table of cells; cells without a figure, such as dashes, stay as they are."""
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
            if ruling is None or ruling.verdict == CONFIRMED:
                cells.append(escape(str(cell)))
            else:
                cells.append(mark(escape(f"{cell} ({correct_cell(ruling)})")))
        rows.append(tuple(cells))
    units = {k: f" [{v}]" for k, v in table.get("units", {}).items()}
    headings = tuple(
        QUANTITIES.get(c, c.replace("_", " ")) + units.get(c, "") for c in table["columns"]
    )
    return PrintedTable(where, headings, tuple(rows), all(r.verdict == CONFIRMED for r in rulings))


def correct_lists(rulings: Sequence[Ruling], where: str, escape: Mark, mark: Mark) -> PrintedTable:
    """Correct lists of layers, one a row: items left out are marked in their place."""
    rows = tuple((escape(r.claim.text), correct_list(r, escape, mark)) for r in rulings)
    return PrintedTable(where, ("of", "layers"), rows, all(r.verdict == CONFIRMED for r in rulings))


def correct_list(ruling: Ruling, escape: Mark, mark: Mark) -> str:
    """Mark items that a printed list lacks ("left out") or should not have ("too many")."""
    theirs, ours = split_list(ruling.claim.value), [str(w) for w in ruling.computed]
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


def correct_cell(ruling: Ruling) -> str:
    """Return the right value in the unit and to the decimals of the printed one.

    For an ambiguous cell, return the reading in which it is right."""
    if ruling.verdict == AMBIGUOUS:
        return ruling.why.partition(". False")[0]
    figure, number = parse_figure(ruling.claim.value), ruling.number
    if ruling.verdict not in NOT_RIGHT or figure is None or number is None:
        return ruling.shown
    decimals = sum(c.isdigit() for c in figure.text.partition(".")[2])
    return f"{float(number / Fraction(figure.scale)):,.{decimals}f}"


def render_markdown_printed_tables(audited: AuditedSource) -> list[tuple[PrintedTable, str]]:
    """Render the printed tables of a source as Markdown, wrong cells in bold."""
    found = []
    for t in collect_printed_tables(audited, escape_markdown, lambda text: f"**{text}**"):
        rows = [f"| {' | '.join(row)} |" for row in t.rows]
        rule = "|" + ":--|" * len(t.headings)
        found.append((t, "\n".join([f"| {' | '.join(t.headings)} |", rule, *rows])))
    return found


def render_html_printed_tables(audited: AuditedSource) -> list[tuple[PrintedTable, str]]:
    """Render the printed tables of a source as HTML, wrong cells marked."""
    found = []
    for t in collect_printed_tables(audited, escape_html, lambda text: f"<mark>{text}</mark>"):
        rows = [
            f"<tr>{''.join(f'<{tag}>{cell}</{tag}>' for cell in cells)}</tr>"
            for tag, cells in (("th", t.headings), *(("td", row) for row in t.rows))
        ]
        found.append((t, f"<table>{''.join(rows)}</table>"))
    return found
