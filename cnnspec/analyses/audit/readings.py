"""Evaluate the readings of a claim, and compare each value with the printed one."""

import operator
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from cnnspec.analyses.audit.claimed_network import ClaimedNetwork, ClaimedNetworks, ClaimError
from cnnspec.analyses.audit.counted_quantities import COUNTED, OPEN, Reading, read_megabytes
from cnnspec.analyses.audit.layer_quantities import (
    format_value,
    match_values,
    values_of_rows,
)
from cnnspec.analyses.audit.printed_figures import PrintedFigure, format_number, parse_figure
from cnnspec.analyses.network_costs import Row
from cnnspec.ops.kit.fields import describe_value
from cnnspec.problems import visible
from cnnspec.records import Record
from cnnspec.spec.claims import Claim, ClaimSubject
from cnnspec.spec.expressions import Expression
from cnnspec.spec.scope import ExpressionError, Scope
from cnnspec.units import format_count

COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "fewer": operator.lt,
    "smaller": operator.lt,
    "more": operator.gt,
    "larger": operator.gt,
    "equal": operator.eq,
}


class ReadingResult(Record):
    """The result of one reading of a claim; ``open`` readings are equally good."""

    name: str
    holds: bool
    computed: Any
    shown: str
    arithmetic: str
    open: bool = False


def evaluate_claim(
    claim: Claim, subject: ClaimSubject, name: str, networks: ClaimedNetworks
) -> list[ReadingResult]:
    """Evaluate a claim with one of its subjects: one result for each reading of its quantity."""
    if claim.kind == "expression":
        return [evaluate_expression(claim, subject, name)]
    if subject.over and isinstance(claim.value, str) and claim.value in COMPARISONS:
        return [compare_networks(claim, subject, name, networks)]
    if claim.quantity in COUNTED:
        figure = claimed_figure(claim)
        found = evaluate_readings(claim, subject, figure, networks)
        open_ = bool(name) or claim.quantity in OPEN
        made = [
            ReadingResult(
                name or r.name,
                figure.holds(r.value),
                simplify_fraction(r.value),
                format_number(r.value),
                add_rounding_note(r, figure),
                open_,
            )
            for r in found
        ]
        return made[:1] if name and claim.quantity not in OPEN else made
    return [evaluate_layers(claim, subject, name, networks)]


def evaluate_readings(
    claim: Claim, subject: ClaimSubject, figure: PrintedFigure, networks: ClaimedNetworks
) -> list[Reading]:
    """Compute the readings of a counted quantity, or of its quotient for two networks."""
    network = networks.find(subject)
    found = COUNTED[claim.quantity](network, network.select_rows(subject))
    if subject.over:
        other = networks.load(subject.over)
        tops = COUNTED[claim.quantity](other, other.select_rows(ClaimSubject()))
        return [
            Reading(
                r.name,
                Fraction(t.value) / r.value,
                f"{format_number(t.value)}/{format_number(r.value)} = "
                f"{format_number(Fraction(t.value) / r.value)}",
            )
            for t, r in zip(tops, found, strict=True)
            if r.value
        ]
    return read_megabytes(found, figure.prefixed) if claim.quantity == "bytes" else found


def add_rounding_note(reading: Reading, figure: PrintedFigure) -> str:
    note = figure.rounding_note(reading.value) if figure.holds(reading.value) else ""
    return (
        f"{reading.arithmetic} ({note})" if note and reading.name != "MiB" else reading.arithmetic
    )


def simplify_fraction(value: Any) -> Any:
    """Convert a fraction with denominator 1 into an integer."""
    return value.numerator if isinstance(value, Fraction) and value.denominator == 1 else value


def claimed_figure(claim: Claim) -> PrintedFigure:
    figure = parse_figure(claim.value)
    if figure is None:
        what = claim.quantity or "a calculation"
        raise ClaimError(
            f'{what} gives a figure such as 608 or "61M", not {describe_value(claim.value)}'
        )
    return figure


def evaluate_expression(claim: Claim, subject: ClaimSubject, name: str) -> ReadingResult:
    """Compare an expression's value, a number or a boolean, with the printed one."""
    try:
        value = Expression(subject.expression).evaluate(Scope({}))
    except ExpressionError as error:
        raise ClaimError(error.message) from None
    if isinstance(value, bool) or isinstance(claim.value, bool):
        words = f"{subject.expression} is {str(value).lower()}"
        return ReadingResult(name, value is claim.value, value, str(value).lower(), words)
    if not isinstance(value, int | float):
        raise ClaimError(f"{visible(subject.expression, 60)!r} is not a number")
    number = Fraction(value)
    figure = claimed_figure(claim)
    text = format_number(number)
    arithmetic = f"{subject.expression} = {text}"
    note = figure.rounding_note(number) if figure.holds(number) else ""
    return ReadingResult(
        name,
        figure.holds(number),
        simplify_fraction(number),
        text,
        f"{arithmetic} ({note})" if note else arithmetic,
        bool(name),
    )


def evaluate_layers(
    claim: Claim, subject: ClaimSubject, name: str, networks: ClaimedNetworks
) -> ReadingResult:
    """Compare a quantity of each row with the printed one."""
    network = networks.find(subject)
    rows = network.select_rows(subject)
    if not rows and claim.quantity != "count":
        raise ClaimError(f"{network.name} has no layer that this claim is about")
    found = values_of_rows(network, rows, claim.quantity)
    good = match_values(claim.quantity, found, claim.value)
    values = [simplify_shape(claim.quantity, v) for _, v in found]
    computed = values[0] if len(values) == 1 else values
    texts = [format_value(claim.quantity, v) for _, v in found]
    if len(found) == 1 or len(set(texts)) == 1:
        words = texts[0]
        of = (
            found[0][0].name
            if len(found) == 1 and claim.quantity not in ("count", "order", "layout")
            else "all"
        )
        arithmetic = words if of in ("all", network.name) else f"{of}: {words}"
        if claim.quantity == "count":
            arithmetic = f"{format_count(len(rows))} {subject.op or 'layers'}" + (
                f": {', '.join(r.name for r in rows)}" if 0 < len(rows) < 13 else ""
            )
    else:
        words = ", ".join(texts)
        wrong = [
            f"{r.name} {t}" for (r, _), t, ok in zip(found, texts, good, strict=False) if not ok
        ]
        arithmetic = words
        if not all(good):
            more = f" and {len(wrong) - 6} more" if len(wrong) > 6 else ""
            arithmetic = f"not of {', '.join(wrong[:6])}{more}"
    return ReadingResult(name, bool(good) and all(good), computed, words, arithmetic, bool(name))


def simplify_shape(quantity: str, value: Any) -> Any:
    """Convert a value for JSON: shapes become lists, or one number if all dimensions are equal."""
    if (
        isinstance(value, tuple)
        and quantity not in ("input", "output", "size", "padding")
        and len(set(value)) == 1
    ):
        return value[0]
    return list(value) if isinstance(value, tuple) else value


def compare_networks(
    claim: Claim, subject: ClaimSubject, name: str, networks: ClaimedNetworks
) -> ReadingResult:
    """Compare a quantity with another network's, layer by layer."""
    both_networks = networks.find(subject), networks.load(subject.over)
    both = [
        values_to_compare(network, network.select_rows(subject), claim.quantity)
        for network in both_networks
    ]
    good = len(both[0]) == len(both[1]) > 0 and all(map(COMPARISONS[claim.value], *both))
    words = [
        ", ".join(
            format_number(v) if isinstance(v, int | Fraction) else format_value(claim.quantity, v)
            for v in values
        )
        for values in both
    ]
    arithmetic = f"{both_networks[0].name} has {words[0]}, {both_networks[1].name} {words[1]}"
    computed = [simplify_shape(claim.quantity, v) for v in both[0]]
    return ReadingResult(
        name,
        good,
        computed[0] if len(computed) == 1 else computed,
        words[0],
        arithmetic,
        bool(name),
    )


def values_to_compare(network: ClaimedNetwork, rows: list[Row], quantity: str) -> list[Any]:
    """Return the values of a quantity: one for all rows if it is counted, else one for each."""
    if quantity in COUNTED:
        return [COUNTED[quantity](network, rows)[0].value]
    return [v for _, v in values_of_rows(network, rows, quantity)]
