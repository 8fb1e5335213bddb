"""Finds expressions: how values follow from others in all calls of a block."""

from collections.abc import Iterator, Sequence
from typing import Any

from cnnspec.spec.functions import round_channels

ABSENT = object()  # in place of a value of a line that one call of the block does not have
Values = Sequence[Any]
FACTORS = range(2, 9)
DIVISORS = (2, 3, 4, 5, 6, 8, 16, 32)
ROUNDED = (4, 16, 8)


def find_expression(values: Values, known: dict[str, Values]) -> str | None:
    """Return an expression of ``known`` values, by name, that is ``values`` wherever they exist."""
    places = [i for i, value in enumerate(values) if value is not ABSENT]
    wanted = [values[i] for i in places]
    names = {name: [column[i] for i in places] for name, column in known.items()}
    for name, column in names.items():
        if are_equal(column, wanted):
            return name
    integers = {
        name: column
        for name, column in names.items()
        if all(type(v) is int for v in column) and column
    }
    if all(type(value) is bool for value in wanted):
        return find_condition(wanted, names, integers)
    if all(type(value) is int for value in wanted):
        return next(
            (text for text, column in integer_expressions(integers) if column == wanted), None
        )
    return None


def are_equal(values: Values, others: Values) -> bool:
    """Tell whether two columns are equal, with the types of their values."""
    return list(values) == list(others) and [*map(type, values)] == [*map(type, others)]


def integer_expressions(columns: dict[str, list[int]]) -> Iterator[tuple[str, list[int]]]:
    """Yield expressions of the columns and their values, the plainest first."""
    for name, column in columns.items():
        for factor in FACTORS:
            yield f"{factor} * {name}", [factor * v for v in column]
        for divisor in DIVISORS:
            if not any(v % divisor for v in column):
                yield f"{name} // {divisor}", [v // divisor for v in column]
    for name, column in columns.items():
        for divisor in DIVISORS:
            yield f"{name} // {divisor}", [v // divisor for v in column]
        for divisor in ROUNDED:
            yield (
                f"round_channels({name} / {divisor})",
                [round_channels(v / divisor) for v in column],
            )
    for name, column in columns.items():
        for other, more in columns.items():
            if name < other:
                yield f"{name} + {other}", [a + b for a, b in zip(column, more, strict=True)]
            if name != other:
                yield f"{name} - {other}", [a - b for a, b in zip(column, more, strict=True)]
            if name < other:
                product = f"{name} * {other}" if other == "in_channels" else f"{other} * {name}"
                yield product, [a * b for a, b in zip(column, more, strict=True)]


def find_condition(
    wanted: list[bool], names: dict[str, list[Any]], integers: dict[str, list[int]]
) -> str | None:
    """Return a condition on known values that is ``wanted``."""
    simple = [*simple_conditions(names, integers)]
    for text, column in simple:
        if column == wanted:
            return text
    for first, one in simple:
        for second, two in simple:
            if first == second or " > 1" not in first + second:
                continue
            if [a or b for a, b in zip(one, two, strict=True)] == wanted:
                return f"{first} or {second}"
    for first, one in simple:
        for second, two in simple:
            if first == second or " == 1" not in first + second:
                continue
            if [a and b for a, b in zip(one, two, strict=True)] == wanted:
                return f"{first} and {second}"
    return None


def simple_conditions(
    names: dict[str, list[Any]], integers: dict[str, list[int]]
) -> Iterator[tuple[str, list[bool]]]:
    """Yield comparisons of known values and what they give."""
    for name, column in names.items():
        if all(type(v) is bool for v in column):
            yield f"not {name}", [not v for v in column]
    for name, column in integers.items():
        if name != "in_channels":
            yield f"{name} > 1", [v > 1 for v in column]
            yield f"{name} == 1", [v == 1 for v in column]
            yield f"{name} > 0", [v > 0 for v in column]
    for name, column in integers.items():
        for other, more in integers.items():
            if (name == "in_channels" and other != name) or "in_channels" not in (name, other):
                if name == other or (name > other and "in_channels" not in (name, other)):
                    continue
                yield f"{name} != {other}", [a != b for a, b in zip(column, more, strict=True)]
                yield f"{name} == {other}", [a == b for a, b in zip(column, more, strict=True)]
