"""Worked examples: convolutions, pools and ReLU on matrices of numbers, in exact fractions.

A convolution is a correlation here, as in courses: the kernel is not flipped. Several channels are
a list of matrices, whose results are added. Cells are numbers or printed text such as ``.55``; ""
is a cell that was not printed."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from cnnspec.analyses.audit.printed_figures import PrintedFigure, format_number, parse_figure
from cnnspec.analyses.audit.ruling import Cell, FoundMistake
from cnnspec.ops.kit.fields import describe_value
from cnnspec.problems import RequestError
from cnnspec.spec.source import Fields

Matrix = list[list[Fraction]]
MOST = 10_000  # cells in a matrix


def work_example(fields: Fields) -> list[Cell]:
    """Compute an example and compare it with every printed cell. Raises RequestError if invalid."""
    given = parse_channels(fields["given"])
    kind, stride = fields["matrix"], fields.get("stride")
    if kind == "conv":
        kernels = parse_channels(fields.get("kernel", []))
        if len(kernels) != len(given):
            raise RequestError(f"the example has {len(given)} channels, but {len(kernels)} kernels")
        bias, divide = Fraction(str(fields.get("bias", 0))), fields.get("divide", 1) or 1
        sums = [
            convolve(pad_matrix(g, fields.get("padding", 0)), k, stride or 1)
            for g, k in zip(given, kernels, strict=True)
        ]
        result = [
            [sum(cells, Fraction(0)) / divide + bias for cells in zip(*rows, strict=True)]
            for rows in zip(*sums, strict=True)
        ]
    elif kind == "product":
        result = multiply_cells(given[0], parse_channels(fields.get("kernel", []))[0])
    elif kind == "relu":
        result = given[0]
    elif kind == "flatten":
        result = [[c] for g in given for row in g for c in row]
    else:
        size = fields.get("size", 2)
        if size < 1:
            raise RequestError(f"the size of a window is at least 1, not {size}")
        result = pool_matrix(given[0], kind, size, stride or size, fields.get("ceil", False))
    if kind == "relu" or fields.get("relu"):
        result = [[max(c, Fraction(0)) for c in row] for row in result]
    return compare_cells(result, fields["gives"])


def parse_channels(value: list[Any]) -> list[Matrix]:
    """Parse one matrix or a list of matrices into fractions. Raises RequestError."""
    found = (
        value
        if value and isinstance(value[0], list) and value[0] and isinstance(value[0][0], list)
        else [value]
    )
    matrices = [
        [[parse_cell(c) for c in row] if isinstance(row, list) else [] for row in m] for m in found
    ]
    for m in matrices:
        if (
            not m
            or not m[0]
            or any(len(row) != len(m[0]) for row in m)
            or len(m) * len(m[0]) > MOST
        ):
            raise RequestError("a worked example needs rows of equal length")
    return matrices


def parse_cell(cell: Any) -> Fraction:
    figure = parse_figure(cell) if not isinstance(cell, float) else parse_figure(str(cell))
    if figure is None:
        raise RequestError(f"{describe_value(cell)} in a worked example is not a number")
    return figure.value


def pad_matrix(m: Matrix, zeros: int) -> Matrix:
    """Pad a matrix with a frame of zeros."""
    if not 0 <= zeros <= 100:
        raise RequestError("a worked example is padded by 0 to 100 zeros")
    side, width = [Fraction(0)] * zeros, len(m[0]) + 2 * zeros
    frame = [[Fraction(0)] * width for _ in range(zeros)]
    return [*frame, *[[*side, *row, *side] for row in m], *frame]


def convolve(m: Matrix, kernel: Matrix, stride: int) -> Matrix:
    h, w = len(kernel), len(kernel[0])
    return [
        [
            sum((m[i + a][j + b] * kernel[a][b] for a in range(h) for b in range(w)), Fraction(0))
            for j in range(0, len(m[0]) - w + 1, max(stride, 1))
        ]
        for i in range(0, len(m) - h + 1, max(stride, 1))
    ]


def multiply_cells(m: Matrix, kernel: Matrix) -> Matrix:
    """Multiply each cell with the kernel's: the first half of a convolution at one place."""
    if (len(m), len(m[0])) != (len(kernel), len(kernel[0])):
        raise RequestError("a product takes two matrices of the same size")
    return [[a * b for a, b in zip(*rows, strict=True)] for rows in zip(m, kernel, strict=True)]


def pool_matrix(m: Matrix, kind: str, size: int, stride: int, ceil: bool) -> Matrix:
    """Pool a matrix; with ``ceil``, windows at the border are cut off there."""

    def starts(n: int) -> range:
        return range(0, n if ceil else n - size + 1, max(stride, 1))

    def combined(i: int, j: int) -> Fraction:
        window = [c for row in m[i : i + size] for c in row[j : j + size]]
        if kind == "avgpool":
            return sum(window, Fraction(0)) / len(window)
        return max(window) if kind == "maxpool" else min(window)

    return [[combined(i, j) for j in starts(len(m[0]))] for i in starts(len(m))]


def compare_cells(result: Matrix, gives: list[Any]) -> list[Cell]:
    """Compare the printed cells with the result; cells that only one of them has are wrong."""
    if not all(isinstance(row, list) for row in gives):
        raise RequestError("gives is a list of rows, such as [[6, 8], [3, 4]]")
    cells = []
    for i in range(max(len(result), len(gives))):
        printed_row: list[Any] = gives[i] if i < len(gives) else []
        computed_row: list[Fraction] = result[i] if i < len(result) else []
        for j in range(max(len(computed_row), len(printed_row))):
            text = str(printed_row[j]) if j < len(printed_row) else None
            value = computed_row[j] if j < len(computed_row) else None
            if text == "":
                continue
            figure = parse_exact_figure(text)
            good = figure is not None and value is not None and figure.holds(value)
            cells.append(Cell(i, j, text if text is not None else "nothing", value, good))
    return cells


def parse_exact_figure(text: str | None) -> PrintedFigure | None:
    """Parse a cell's figure: whole numbers are exact, decimals are rounded as printed."""
    figure = parse_figure(text) if text is not None else None
    return figure.replace(step=Fraction(0)) if figure and text and "." not in text else figure


def find_cell_mistakes(cells: Sequence[Cell]) -> Iterator[FoundMistake]:
    """Yield what explains the wrong cells: one left out, decimals cut off, one digit mistyped."""
    wrong = [c for c in cells if not c.holds]
    if gap := list(find_omitted_cell(cells)):
        yield from gap
        return
    cut = [c for c in wrong if is_truncated(c)]
    if cut:
        what = (
            "all of them"
            if len(cut) == len(wrong)
            else f"{len(cut)} of the {len(wrong)} wrong cells"
        )
        first = cut[0].computed or Fraction(0)
        yield FoundMistake(
            "cut", f"{what} cut off, not rounded: {cut[0].printed} for {format_number(first)}"
        )
    for cell in [c for c in wrong if c not in cut]:
        if cell.computed is None:
            continue
        right = format_number(cell.computed)
        if (
            len(right) == len(cell.printed)
            and sum(a != b for a, b in zip(right, cell.printed, strict=True)) == 1
        ):
            yield FoundMistake(
                "mistyped",
                f"{cell.printed} in row {cell.row + 1}, column {cell.column + 1} is {right} with "
                "one wrong digit",
            )


def find_omitted_cell(cells: Sequence[Cell]) -> Iterator[FoundMistake]:
    """Yield the cell of a list that was left out, so that all later cells moved up by one."""
    right = [c.computed for c in cells]
    printed = [f.value for c in cells if (f := parse_exact_figure(c.printed))]
    if len(printed) != len(right) - 1 or any(c.column for c in cells):
        return
    places = [
        i for i in range(len(right)) if right[:i] + right[i + 1 :] == printed
    ]  # a run of equal numbers
    value = right[places[0]] if places else None
    if value is not None:
        where = (
            f"the {format_number(value)} in place {places[0] + 1}"
            if len(places) == 1
            else (
                f"one {format_number(value)} of those in places {places[0] + 1} to {places[-1] + 1}"
            )
        )
        yield FoundMistake("left out", f"{where} is left out, and all later ones moved up")


def is_truncated(cell: Cell) -> bool:
    """Whether a cell's decimals were cut off towards zero."""
    figure = parse_exact_figure(cell.printed)
    if figure is None or cell.computed is None or "." not in cell.printed or not figure.step:
        return False
    return abs(figure.value) < abs(cell.computed) < abs(figure.value) + figure.step and (
        figure.value * cell.computed > 0
    )
