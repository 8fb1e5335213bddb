"""Text tables of any width in the columns of a terminal: long texts are wrapped, columns parted."""

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from textwrap import wrap

from cnnspec.report.formats import WIDTH, escape_text, lay_out_grid, render_grid, sum_widths

NARROW = 24  # characters to which long texts may be wrapped so that more columns are side by side


def render_wide_grid(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    right: Sequence[bool],
    width: int = WIDTH,
) -> str:
    """A text table in ``width`` columns, or several, one below the other, with the same first one.

    ``right`` columns are right-aligned. Nothing is left out; a word that is wider than all that
    remains makes its table wider."""
    columns = [[escape_text(cell) for cell in column] for column in zip(*rows, strict=True)]
    tables = []
    for chosen in part_columns(headings, columns, width):
        parts = [columns[i] for i in chosen]
        lines = wrap_columns([headings[i] for i in chosen], parts, width)
        head, aligned = [headings[i] for i in chosen], [right[i] for i in chosen]
        tables.append(render_grid(head, lines, aligned, "text", width=width))
    return "\n\n".join(tables)


def part_columns(
    headings: Sequence[str], columns: list[list[str]], width: int
) -> Iterator[list[int]]:
    """The numbers of the columns of each table: the first one, and as many others as fit."""
    words = find_least_widths(headings, columns)
    wide = [max(map(len, column)) for column in columns]
    widths = [max(least, min(most, NARROW)) for least, most in zip(words, wide, strict=True)]
    if sum_widths(lay_out_grid([*headings], transpose(columns), width)[1]) <= width:
        yield [*range(len(headings))]
        return
    chosen = [0]
    for i in range(1, len(headings)):
        if len(chosen) > 1 and sum_widths([widths[k] for k in (*chosen, i)]) > width:
            yield chosen
            chosen = [0]
        chosen.append(i)
    yield chosen


def find_least_widths(headings: Sequence[str], columns: list[list[str]]) -> list[int]:
    """The least width of each column: that of its heading and of its longest word."""
    words = [max(map(len, " ".join(column).split()), default=0) for column in columns]
    return [max(len(heading), n) for heading, n in zip(headings, words, strict=True)]


def wrap_columns(headings: list[str], columns: list[list[str]], width: int) -> list[list[str]]:
    """The rows of a table, long texts on several lines; the widest columns give up the most."""
    if sum_widths(lay_out_grid(headings, transpose(columns), width)[1]) <= width:
        return transpose(columns)
    least = find_least_widths(headings, columns)
    wide = [max(n, *map(len, column)) for n, column in zip(least, columns, strict=True)]
    longest = max(wide)
    while longest and sum_widths(cap_widths(least, wide, longest)) > width:
        longest -= 1
    caps = cap_widths(least, wide, longest)
    return [list(line) for row in transpose(columns) for line in wrap_row(row, caps)]


def cap_widths(least: list[int], wide: list[int], longest: int) -> list[int]:
    """The widths of columns if none is wider than ``longest``, or than its least width."""
    return [max(n, min(w, longest)) for n, w in zip(least, wide, strict=True)]


def wrap_row(row: list[str], widths: list[int]) -> Iterator[tuple[str, ...]]:
    """The lines of a row whose cells are wrapped at blanks."""
    parts = [
        wrap(cell, n, break_long_words=False, break_on_hyphens=False) if len(cell) > n else [cell]
        for cell, n in zip(row, widths, strict=True)
    ]
    yield from zip_longest(*parts, fillvalue="")


def transpose(columns: list[list[str]]) -> list[list[str]]:
    """The rows of columns, or the columns of rows."""
    return [list(row) for row in zip(*columns, strict=True)]
