"""What comes of one reading of a claim: a value, held against what was printed."""

from fractions import Fraction
from typing import Any

from cnnspec.analyses.audit.printed import Printed, number_text, printed
from cnnspec.analyses.audit.quantities import COUNTED, OPEN, Reading, megabytes
from cnnspec.analyses.audit.sameness import COMPARISONS, matches
from cnnspec.analyses.audit.structure import of_rows, shown
from cnnspec.analyses.audit.subject import Missing, Sheet, Sheets
from cnnspec.analyses.network_costs import Row
from cnnspec.ops.kit.fields import describe_value
from cnnspec.problems import visible
from cnnspec.records import Record
from cnnspec.spec.claims import Claim, Subject
from cnnspec.spec.expressions import Expression
from cnnspec.spec.scope import ExpressionError, Scope
from cnnspec.units import format_count


class Outcome(Record):
    """One reading of a claim held against the print: ``open`` ones are as good as each other."""

    name: str
    holds: bool
    computed: Any
    shown: str
    arithmetic: str
    open: bool = False


def read(claim: Claim, subject: Subject, name: str, sheets: Sheets) -> list[Outcome]:
    """What comes of one subject of a claim: an outcome for each reading of its quantity."""
    if claim.kind == "expression":
        return [calculated(claim, subject, name)]
    if subject.over and isinstance(claim.value, str) and claim.value in COMPARISONS:
        return [against(claim, subject, name, sheets)]
    if claim.quantity in COUNTED:
        figure = figure_of(claim)
        found = readings(claim, subject, figure, sheets)
        open_ = bool(name) or claim.quantity in OPEN
        made = [
            Outcome(
                name or r.name,
                figure.holds(r.value),
                whole(r.value),
                number_text(r.value),
                with_note(r, figure),
                open_,
            )
            for r in found
        ]
        return made[:1] if name and claim.quantity not in OPEN else made
    return [compared(claim, subject, name, sheets)]


def readings(claim: Claim, subject: Subject, figure: Printed, sheets: Sheets) -> list[Reading]:
    """The readings of a counted quantity, of a ratio those of the quotient."""
    sheet = sheets.of(subject)
    found = COUNTED[claim.quantity](sheet, sheet.chosen(subject))
    if subject.over:
        other = sheets.network(subject.over)
        tops = COUNTED[claim.quantity](other, other.chosen(Subject()))
        return [
            Reading(
                r.name,
                Fraction(t.value) / r.value,
                f"{number_text(t.value)}/{number_text(r.value)} = "
                f"{number_text(Fraction(t.value) / r.value)}",
            )
            for t, r in zip(tops, found, strict=True)
            if r.value
        ]
    return megabytes(found, figure.prefixed) if claim.quantity == "bytes" else found


def with_note(reading: Reading, figure: Printed) -> str:
    note = figure.note(reading.value) if figure.holds(reading.value) else ""
    return (
        f"{reading.arithmetic} ({note})" if note and reading.name != "MiB" else reading.arithmetic
    )


def whole(value: Any) -> Any:
    """A fraction that is an integer as one."""
    return value.numerator if isinstance(value, Fraction) and value.denominator == 1 else value


def figure_of(claim: Claim) -> Printed:
    figure = printed(claim.value)
    if figure is None:
        what = claim.quantity or "a calculation"
        raise Missing(
            f'{what} gives a figure such as 608 or "61M", not {describe_value(claim.value)}'
        )
    return figure


def calculated(claim: Claim, subject: Subject, name: str) -> Outcome:
    """An expression's value against the printed one, which may be true or false too."""
    try:
        value = Expression(subject.expression).evaluate(Scope({}))
    except ExpressionError as error:
        raise Missing(error.message) from None
    if isinstance(value, bool) or isinstance(claim.value, bool):
        words = f"{subject.expression} is {str(value).lower()}"
        return Outcome(name, value is claim.value, value, str(value).lower(), words)
    if not isinstance(value, int | float):
        raise Missing(f"{visible(subject.expression, 60)!r} is no number")
    number = Fraction(value)
    figure = figure_of(claim)
    text = number_text(number)
    arithmetic = f"{subject.expression} = {text}"
    note = figure.note(number) if figure.holds(number) else ""
    return Outcome(
        name,
        figure.holds(number),
        whole(number),
        text,
        f"{arithmetic} ({note})" if note else arithmetic,
        bool(name),
    )


def compared(claim: Claim, subject: Subject, name: str, sheets: Sheets) -> Outcome:
    """A quantity of each row against the printed one."""
    sheet = sheets.of(subject)
    rows = sheet.chosen(subject)
    if not rows and claim.quantity != "count":
        raise Missing(f"{sheet.name} has no layer of which this is said")
    found = of_rows(sheet, rows, claim.quantity)
    good = matches(claim.quantity, found, claim.value)
    values = [plain_value(claim.quantity, v) for _, v in found]
    computed = values[0] if len(values) == 1 else values
    texts = [shown(claim.quantity, v) for _, v in found]
    if len(found) == 1 or len(set(texts)) == 1:
        words = texts[0]
        of = (
            found[0][0].name
            if len(found) == 1 and claim.quantity not in ("count", "order", "layout")
            else "all"
        )
        arithmetic = words if of in ("all", sheet.name) else f"{of}: {words}"
        if claim.quantity == "count":
            arithmetic = f"{format_count(len(rows))} {subject.op or 'layers'}" + (
                f": {', '.join(r.name for r in rows)}" if 0 < len(rows) < 13 else ""
            )
    else:
        words = ", ".join(texts)
        wrong = [
            f"{r.name} {t}" for (r, _), t, ok in zip(found, texts, good, strict=False) if not ok
        ]
        arithmetic = (
            words
            if all(good)
            else f"not of {', '.join(wrong[:6])}"
            + (f" and {len(wrong) - 6} more" if len(wrong) > 6 else "")
        )
    return Outcome(name, bool(good) and all(good), computed, words, arithmetic, bool(name))


def plain_value(quantity: str, value: Any) -> Any:
    """A value as JSON has it: shapes as lists, but one number where all dimensions have it."""
    if (
        isinstance(value, tuple)
        and quantity not in ("input", "output", "size", "padding")
        and len(set(value)) == 1
    ):
        return value[0]
    return list(value) if isinstance(value, tuple) else value


def against(claim: Claim, subject: Subject, name: str, sheets: Sheets) -> Outcome:
    """How a quantity compares with another network's: of layers, one by one."""
    sheets_of = sheets.of(subject), sheets.network(subject.over)
    both = [each(sheet, sheet.chosen(subject), claim.quantity) for sheet in sheets_of]
    good = len(both[0]) == len(both[1]) > 0 and all(map(COMPARISONS[claim.value], *both))
    words = [
        ", ".join(
            number_text(v) if isinstance(v, int | Fraction) else shown(claim.quantity, v)
            for v in values
        )
        for values in both
    ]
    arithmetic = f"{sheets_of[0].name} has {words[0]}, {sheets_of[1].name} {words[1]}"
    computed = [plain_value(claim.quantity, v) for v in both[0]]
    return Outcome(
        name,
        good,
        computed[0] if len(computed) == 1 else computed,
        words[0],
        arithmetic,
        bool(name),
    )


def each(sheet: Sheet, rows: list[Row], quantity: str) -> list[Any]:
    """The values of a quantity: one of all rows together where it is counted, else one of each."""
    if quantity in COUNTED:
        return [COUNTED[quantity](sheet, rows)[0].value]
    return [v for _, v in of_rows(sheet, rows, quantity)]
