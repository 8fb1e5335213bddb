"""Printed figures, and the numbers that they are right for.

A figure is right for every number that rounds to it: 61M for 60,965,224. Zeros before a suffix or
at the end of a whole number in text are not significant: 60k is right for 61,706, to one digit. A
TOML integer is exact, and so is a formula in braces."""

import re
from fractions import Fraction
from typing import Any

from cnnspec.records import Record
from cnnspec.spec.expressions import Expression
from cnnspec.spec.scope import ExpressionError, Scope
from cnnspec.units import format_count

SUFFIXES = {
    "": 0,
    "k": 3,
    "thousand": 3,
    "m": 6,
    "million": 6,
    "g": 9,
    "b": 9,
    "billion": 9,
    "t": 12,
}
FIGURE = re.compile(
    r"(?P<relation><=|>=|<|>|≤|≥)?\s*"
    r"(?P<sign>-?)(?P<whole>\d{1,40}|\d{1,3}(?:,\d{3}){1,12})?(?:\.(?P<decimals>\d{1,40}))?\s*"
    r"(?P<suffix>thousand|million|billion|[kKMGBT](?=i?B\b|\s|$|[A-Z])|)\s*"
    r"(?P<unit>[A-Za-z×-]{0,12})"
)
UNITS = (
    "",
    "x",
    "×",
    "b",
    "ib",
    "bytes",
    "params",
    "parameters",
    "weights",
    "macs",
    "madds",
    "mult-adds",
    "flops",
    "flop",
    "layers",
    "neurons",
    "connections",
    "pixels",
)
RELATIONS = {"≤": "<=", "≥": ">="}


class PrintedFigure(Record):
    """A figure: its ``value``, and the ``step`` of its last significant digit (0 if exact).

    ``relation`` is the comparison printed before it, or ""; ``digits`` is the number of
    significant digits, ``scale`` the value of its suffix, and ``unit`` what follows."""

    text: str
    value: Fraction
    step: Fraction = Fraction(0)
    relation: str = ""
    digits: int = 0
    scale: int = 1
    unit: str = ""

    @property
    def prefixed(self) -> str:
        """The unit with its prefix: "MB" for ``27 MB``."""
        return {10**3: "k", 10**6: "M", 10**9: "G"}.get(self.scale, "") + self.unit

    def holds(self, number: Fraction | int) -> bool:
        """Whether the figure is right for ``number``."""
        if self.relation:
            return {
                "<": number < self.value,
                "<=": number <= self.value,
                ">": number > self.value,
                ">=": number >= self.value,
            }[self.relation]
        return abs(number - self.value) <= self.step / 2

    def is_truncation(self, number: Fraction | int) -> bool:
        """Whether the figure is ``number`` cut off after its last digit instead of rounded."""
        return not self.relation and self.step > 0 and self.value < number < self.value + self.step

    def rounding_note(self, number: Fraction | int) -> str:
        """Say how a right figure was rounded; "" if it is exact."""
        if self.relation or self.value == number:
            return ""
        digits = "one digit" if self.digits == 1 else f"{self.digits} digits"
        return f"{format_number(number)} is {self.text} to {digits}"


def parse_figure(value: Any) -> PrintedFigure | None:
    """Parse a figure: integers are exact, text is rounded as printed; None if there is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return PrintedFigure(format_count(value), Fraction(value), digits=len(str(abs(value))))
    if isinstance(value, str) and value[:1] == "{":
        return parse_formula(value[1:].removesuffix("}"))
    found = FIGURE.fullmatch(str(value).strip().replace("\u202f", "").replace("−", "-"))
    if (
        found is None
        or not (found["whole"] or found["decimals"])
        or found["unit"].lower() not in UNITS
    ):
        return None
    whole, decimals = (found["whole"] or "").replace(",", ""), found["decimals"] or ""
    scale = 10 ** SUFFIXES[found["suffix"].lower()]
    amount = Fraction(int(f"{whole}{decimals}"), 10 ** len(decimals)) * (-1 if found["sign"] else 1)
    silent = 0  # zeros at the end that are not significant
    if whole.strip("0") and not decimals:
        silent = len(whole) - len(whole.rstrip("0"))
    step = Fraction(10) ** (silent - len(decimals)) * scale
    digits = len(f"{whole}{decimals}".lstrip("0")) - silent
    relation = found["relation"] or ""
    return PrintedFigure(
        str(value),
        amount * scale,
        step,
        RELATIONS.get(relation, relation),
        digits,
        scale,
        found["unit"],
    )


def parse_formula(text: str) -> PrintedFigure | None:
    """Parse a formula of numbers into an exact figure; None if it gives no integer."""
    try:
        number = Expression(text).evaluate(Scope({}))
    except ExpressionError:
        return None
    figure = parse_figure(number) if type(number) is int else None
    return figure.replace(text=text) if figure else None


def format_number(number: Fraction | int) -> str:
    """Format a number: an integer with separators, a fraction to four decimals."""
    value = Fraction(number)
    return (
        format_count(value.numerator)
        if value.denominator == 1
        else f"{float(value):,.4f}".rstrip("0").rstrip(".")
    )


def parse_sizes(value: Any) -> tuple[int, ...] | None:
    """Parse a printed shape, ``28x28x8``, ``(14, 14, 8)``, ``11 X 11`` or ``5``, or None."""
    if isinstance(value, int) and not isinstance(value, bool):
        return (value,)
    if isinstance(value, list | tuple):
        return tuple(value) if all(isinstance(v, int) for v in value) else None
    text = str(value).strip().strip("()[]")
    parts = (
        re.split(r"\s*[x×X*]\s*|,\s+", text)
        if not re.fullmatch(r"\d{1,3}(,\d{3})+", text)
        else [text]
    )
    plain = [p.replace(",", "").strip() for p in parts]
    return tuple(map(int, plain)) if all(p.isdigit() and len(p) < 13 for p in plain) else None
