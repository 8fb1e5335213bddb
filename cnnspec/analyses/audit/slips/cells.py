"""Slips in worked examples: what the wrong cells have in common."""

from collections.abc import Iterator, Sequence
from fractions import Fraction

from cnnspec.analyses.audit.matrices import Cell, exactly
from cnnspec.analyses.audit.printed import number_text
from cnnspec.analyses.audit.verdict import Found


def of_cells(cells: Sequence[Cell]) -> Iterator[Found]:
    """What gives the wrong cells: one left out, decimals cut off, or one digit mistyped."""
    wrong = [c for c in cells if not c.holds]
    if gap := list(left_out(cells)):
        yield from gap
        return
    cut = [c for c in wrong if is_cut(c)]
    if cut:
        what = (
            "all of them"
            if len(cut) == len(wrong)
            else f"{len(cut)} of the {len(wrong)} wrong cells"
        )
        first = cut[0].computed or Fraction(0)
        yield Found(
            "cut", f"{what} cut off, not rounded: {cut[0].printed} for {number_text(first)}"
        )
    for cell in [c for c in wrong if c not in cut]:
        if cell.computed is None:
            continue
        right = number_text(cell.computed)
        if (
            len(right) == len(cell.printed)
            and sum(a != b for a, b in zip(right, cell.printed, strict=True)) == 1
        ):
            yield Found(
                "mistyped",
                f"{cell.printed} in row {cell.row + 1}, column {cell.column + 1} is {right} with "
                "one digit another",
            )


def left_out(cells: Sequence[Cell]) -> Iterator[Found]:
    """One cell of a list left out, after which everything stands one place too high."""
    right = [c.computed for c in cells]
    printed = [f.value for c in cells if (f := exactly(c.printed))]
    if len(printed) != len(right) - 1 or any(c.column for c in cells):
        return
    places = [
        i for i in range(len(right)) if right[:i] + right[i + 1 :] == printed
    ]  # a run of equal numbers
    value = right[places[0]] if places else None
    if value is not None:
        where = (
            f"the {number_text(value)} in place {places[0] + 1}"
            if len(places) == 1
            else (
                f"one {number_text(value)} of those in places {places[0] + 1} to {places[-1] + 1}"
            )
        )
        yield Found("left out", f"{where} is left out, all behind it moved up")


def is_cut(cell: Cell) -> bool:
    """Whether a cell's decimals were cut off, towards zero."""
    figure = exactly(cell.printed)
    if figure is None or cell.computed is None or "." not in cell.printed or not figure.step:
        return False
    return abs(figure.value) < abs(cell.computed) < abs(figure.value) + figure.step and (
        figure.value * cell.computed > 0
    )
