"""From a claim to its verdict: each reading is worked out and held against what was printed."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from cnnspec.analyses.audit.matrices import worked
from cnnspec.analyses.audit.printed import Printed, number_text, printed
from cnnspec.analyses.audit.quantities import COUNTED, OPEN, Reading, megabytes
from cnnspec.analyses.audit.slips import explained
from cnnspec.analyses.audit.slips.context import Context
from cnnspec.analyses.audit.structure import matches, of_rows, shown
from cnnspec.analyses.audit.subject import Missing, Sheets, claims_name
from cnnspec.analyses.audit.verdict import AMBIGUOUS, CONFIRMED, REFUTED, UNDECIDABLE, Ruling
from cnnspec.ops.fields import described
from cnnspec.problems import RequestError, visible
from cnnspec.records import Record
from cnnspec.spec.claims import Claim, Subject
from cnnspec.spec.expressions import Expression
from cnnspec.spec.scope import ExpressionError, Scope
from cnnspec.units import count


class Outcome(Record):
    """One reading of a claim held against the print: ``open`` ones are as good as each other."""

    name: str
    holds: bool
    computed: Any
    shown: str
    arithmetic: str
    open: bool = False


def rule(claim: Claim, sheets: Sheets, before: Sequence[Ruling] = ()) -> Ruling:
    """The verdict about a claim; ``before`` are those about earlier ones of the same source.

    Raises RequestError (Missing) for a claim about what is not there, and SpecError for a network with problems.
    """
    if claim.kind == "undecidable":
        return Ruling(claim, UNDECIDABLE, None, "–", claim.fields["undecidable"], subject=claims_name(claim))
    if claim.kind == "matrix":
        return example(claim)
    outcomes = [o for name, subject in (claim.readings or {"": claim.subject}).items()
                for o in read(claim, subject, name, sheets)]
    verdict, why = weighed(outcomes)
    first = next((o for o in outcomes if o.holds), outcomes[0])
    ruling = Ruling(claim, verdict, first.computed, first.shown, why, subject=claims_name(claim))
    if verdict != REFUTED:
        return ruling
    context = context_of(claim, sheets, ruling, before)
    return ruling.replace(slips=tuple(explained(context)) if context else ())


def weighed(outcomes: Sequence[Outcome]) -> tuple[str, str]:
    """The verdict of all readings together, and why.

    Where there is a convention, the first reading decides; another that holds where the first does not is ambiguity,
    never confirmation.
    """
    held = [o for o in outcomes if o.holds]
    if len(held) == len(outcomes) or (held and outcomes[0].holds and not any(o.open for o in outcomes)):
        return CONFIRMED, outcomes[0].arithmetic
    if not held:
        return REFUTED, "; ".join(dict.fromkeys(map(named, outcomes)))
    missed = [o for o in outcomes if not o.holds and (o.open or o is outcomes[0])]
    return AMBIGUOUS, f"true of {'; '.join(map(named, held[:2]))}. False of {'; '.join(map(named, missed[:2]))}"


def named(outcome: Outcome) -> str:
    if not outcome.name or outcome.name in outcome.arithmetic:
        return outcome.arithmetic
    return f"{outcome.name}: {outcome.arithmetic}"


def read(claim: Claim, subject: Subject, name: str, sheets: Sheets) -> list[Outcome]:
    """What comes of one subject of a claim: an outcome for each reading of its quantity."""
    if claim.kind == "expression":
        return [calculated(claim, subject, name)]
    if claim.quantity in COUNTED:
        figure = figure_of(claim)
        found = readings(claim, subject, figure, sheets)
        open_ = bool(name) or claim.quantity in OPEN
        made = [Outcome(name or r.name, figure.holds(r.value), whole(r.value), number_text(r.value),
                        with_note(r, figure), open_) for r in found]
        return made[:1] if name and claim.quantity not in OPEN else made
    return [compared(claim, subject, name, sheets)]


def readings(claim: Claim, subject: Subject, figure: Printed, sheets: Sheets) -> list[Reading]:
    """The readings of a counted quantity, of a ratio those of the quotient."""
    sheet = sheets.of(subject)
    found = COUNTED[claim.quantity](sheet, sheet.chosen(subject))
    if subject.over:
        other = sheets.network(subject.over)
        tops = COUNTED[claim.quantity](other, other.chosen(Subject()))
        return [Reading(r.name, Fraction(t.value) / r.value, f"{number_text(t.value)}/{number_text(r.value)} = "
                        f"{number_text(Fraction(t.value) / r.value)}")
                for t, r in zip(tops, found, strict=True) if r.value]
    return megabytes(found, figure.prefixed) if claim.quantity == "bytes" else found


def with_note(reading: Reading, figure: Printed) -> str:
    note = figure.note(reading.value) if figure.holds(reading.value) else ""
    return f"{reading.arithmetic} ({note})" if note and reading.name != "MiB" else reading.arithmetic


def whole(value: Any) -> Any:
    """A fraction that is an integer as one."""
    return value.numerator if isinstance(value, Fraction) and value.denominator == 1 else value


def figure_of(claim: Claim) -> Printed:
    figure = printed(claim.value)
    if figure is None:
        what = claim.quantity or "a calculation"
        raise Missing(f"{what} gives a figure such as 608 or \"61M\", not {described(claim.value)}")
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
    return Outcome(name, figure.holds(number), whole(number), text, f"{arithmetic} ({note})" if note else arithmetic,
                   bool(name))


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
        of = found[0][0].name if len(found) == 1 and claim.quantity not in ("count", "order", "layout") else "all"
        arithmetic = words if of in ("all", sheet.name) else f"{of}: {words}"
        if claim.quantity == "count":
            arithmetic = f"{count(len(rows))} {subject.op or 'layers'}" + (f": {', '.join(r.name for r in rows)}"
                                                                            if 0 < len(rows) < 13 else "")
    else:
        words = ", ".join(texts)
        wrong = [f"{r.name} {t}" for (r, _), t, ok in zip(found, texts, good, strict=False) if not ok]
        arithmetic = words if all(good) else f"not of {', '.join(wrong[:6])}" + (
            f" and {len(wrong) - 6} more" if len(wrong) > 6 else "")
    return Outcome(name, bool(good) and all(good), computed, words, arithmetic, bool(name))


def plain_value(quantity: str, value: Any) -> Any:
    """A value as JSON has it: shapes as lists, but one number where all dimensions have it."""
    if isinstance(value, tuple) and quantity not in ("input", "output", "size", "padding") and len(set(value)) == 1:
        return value[0]
    return list(value) if isinstance(value, tuple) else value


def example(claim: Claim) -> Ruling:
    """A worked example: confirmed where every printed cell is right."""
    try:
        cells = worked(claim.fields)
    except RequestError as error:
        raise Missing(str(error)) from None
    wrong = [c for c in cells if not c.holds]
    words = f"{len(cells) - len(wrong)} of {len(cells)} cells hold"
    parts = [f"row {c.row + 1}, column {c.column + 1} is {'outside' if c.computed is None else number_text(c.computed)}"
             f", not {c.printed}" for c in wrong[:6]]
    why = "; ".join([words, *parts]) + (f"; and {len(wrong) - 6} more" if len(wrong) > 6 else "")
    ruling = Ruling(claim, REFUTED if wrong else CONFIRMED, None, words, why, cells=tuple(cells))
    from cnnspec.analyses.audit.slips.cells import of_cells

    return ruling.replace(slips=tuple(of_cells(cells))) if wrong else ruling


def context_of(claim: Claim, sheets: Sheets, ruling: Ruling, before: Sequence[Ruling]) -> Context | None:
    """What the search for slips works with."""
    subject = next(iter(claim.readings.values()), claim.subject)
    if claim.kind == "expression":
        return Context(claim, printed(claim.value), ruling.number, subject, None, (), sheets, tuple(before))
    sheet = sheets.of(subject)
    return Context(claim, printed(claim.value), ruling.number, subject, sheet, tuple(sheet.chosen(subject)), sheets,
                   tuple(before))
