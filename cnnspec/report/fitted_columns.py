"""Make the default table of a network fit the width of a terminal.

Each step gives up the least that helps, and a note below the table states it."""

from collections.abc import Callable, Sequence

from cnnspec.analyses.network_costs import Row
from cnnspec.report.cells import format_field
from cnnspec.report.columns import Column, count_column, text_column
from cnnspec.report.formats import lay_out_grid, sum_widths
from cnnspec.report.presets import PRESETS
from cnnspec.units import format_short

DIGITS = 4
RENDERED = Callable[[list[Column]], list[list[str]]]


def fit_columns(
    columns: list[Column], cells: RENDERED, width: int
) -> tuple[list[Column], list[str]]:
    """The columns, as little changed as makes their ``cells`` fit, and notes on the changes.

    What still does not fit after all steps is left to render_text_grid, which puts long names on
    lines of their own."""
    notes: list[str] = []
    for step in (shorten_fields, drop_fields, round_macs):
        if fits(columns, cells(columns), width):
            break
        columns, notes = step(columns, notes, width)
    return columns, notes


def fits(columns: Sequence[Column], body: list[list[str]], width: int) -> bool:
    """Whether a text table fits into ``width`` columns."""
    return sum_widths(lay_out_grid([c.heading for c in columns], body, width)[1]) <= width


Step = tuple[list[Column], list[str]]


def shorten_fields(columns: list[Column], notes: list[str], width: int) -> Step:
    """Show a square receptive field as one number."""
    short = text_column("receptive_field", "RF", short_field, True)
    changed = [short if c.key == short.key else c for c in columns]
    return changed, [*notes, "RF: 7 means 7x7 pixels."]


def short_field(row: Row) -> str:
    """The receptive field, one number where it is a square."""
    size = row.field.size
    square = size is not None and len(size) > 1 and len(set(size)) == 1
    return str(size[0]) if size and square else format_field(row.field, size)


def drop_fields(columns: list[Column], notes: list[str], width: int) -> Step:
    """Leave out the receptive field."""
    shown = ",".join(PRESETS["summary"])
    note = f"RF is left out to fit {width} columns; --columns {shown} shows it."
    return [c for c in columns if c.key != "receptive_field"], [note]


def round_macs(columns: list[Column], notes: list[str], width: int) -> Step:
    """Round the MACs."""
    short = count_column(
        "macs", "MACs", lambda r: r.macs, True, lambda n: format_short(n, "", DIGITS)
    )
    note = f"MACs are rounded to {DIGITS} digits, too; CSV and JSON are exact."
    return [short if c.key == "macs" else c for c in columns], [*notes, note]
