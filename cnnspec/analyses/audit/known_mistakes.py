"""The search for known mistakes that give a refuted figure, and mistakes in digits and formulas.

A mistake is reported only if it gives the printed figure at its precision; there are no free
parameters. A figure with one digit fits too many mistakes, so only ONE_DIGIT are tried. COMPOSED
are two mistakes at once, and are tried only if no single one fits. The search never changes a
verdict."""

import ast
from collections.abc import Iterator
from fractions import Fraction
from itertools import islice

from cnnspec.analyses.audit import counting_mistakes, table_mistakes
from cnnspec.analyses.audit.printed_figures import format_number, parse_figure
from cnnspec.analyses.audit.ruling import (
    REFUTED,
    Attempt,
    FoundMistake,
    MistakeSearch,
    RefutedClaim,
)
from cnnspec.spec.expressions import Expression
from cnnspec.spec.scope import ExpressionError, Scope
from cnnspec.units import format_count


def truncated(refuted: RefutedClaim) -> Iterator[Attempt]:
    """Try digits cut off instead of rounded: 37G for 37,745,884,192."""
    if refuted.figure and refuted.value is not None and refuted.figure.is_truncation(refuted.value):
        nearest = round(refuted.value / refuted.figure.step) * refuted.figure.step
        yield Attempt(
            refuted.figure.value,
            f"cut off, not rounded: {format_number(refuted.value)} rounds to"
            f" {format_number(nearest)}",
        )


def transposed(refuted: RefutedClaim) -> Iterator[Attempt]:
    """Try two adjacent digits swapped: 9261 for 9216."""
    right, wrong = comparable_digits(refuted)
    for i in range(len(right) - 1):
        swapped = right[:i] + right[i + 1] + right[i] + right[i + 2 :]
        if swapped == wrong != right:
            yield Attempt(
                int(wrong), f"two digits of {format_count(int(right))} in the wrong order"
            )


def mistyped(refuted: RefutedClaim) -> Iterator[Attempt]:
    """Try one wrong digit of four or more: 66,536 for 65,536."""
    right, wrong = comparable_digits(refuted)
    differ = [(a, b) for a, b in zip(right, wrong, strict=False) if a != b]
    if len(right) == len(wrong) >= 4 and len(differ) == 1:
        yield Attempt(
            int(wrong),
            f"one digit of {format_count(int(right))} is wrong,"
            f" {differ[0][1]} instead of {differ[0][0]}",
        )


def comparable_digits(refuted: RefutedClaim) -> tuple[str, str]:
    """Return the digits of the right and the printed value; "" unless three or more are exact."""
    if (
        refuted.value is None
        or refuted.figure is None
        or refuted.value.denominator != 1
        or refuted.figure.scale != 1
    ):
        return "", ""
    if refuted.figure.value.denominator != 1 or min(refuted.value, refuted.figure.value) < 100:
        return "", ""
    return str(int(refuted.value)), str(int(refuted.figure.value))


def carried_over(refuted: RefutedClaim) -> Iterator[Attempt]:
    """Try a factor that is a wrong earlier figure of the same place: 66,536 * 1024."""
    for ruling in refuted.before:
        figure, right = parse_figure(ruling.claim.value), ruling.number
        same = ruling.claim.where == refuted.claim.where and ruling.verdict == REFUTED
        if (
            not same
            or figure is None
            or right is None
            or refuted.value is None
            or right < 100
            or figure.step
            or refuted.value == 0
        ):
            continue
        if (refuted.value / right).denominator == 1:
            yield Attempt(
                refuted.value / right * figure.value,
                f"with the {figure.text} from before, which should be {format_number(right)}",
            )


def thousand_as_1024(refuted: RefutedClaim) -> Iterator[Attempt]:
    """Try K = 1024 instead of 1000: 112K for 114,688."""
    if refuted.figure and refuted.value is not None and refuted.claim.quantity != "bytes":
        power = {10**3: 1, 10**6: 2, 10**9: 3}.get(refuted.figure.scale, 0)
        if power:
            value = refuted.value * Fraction(1000**power, 1024**power)
            yield Attempt(
                value,
                f"in units of {format_count(1024**power)}:"
                f" {format_number(value / refuted.figure.scale)}",
            )


def colours_not_written(refuted: RefutedClaim) -> Iterator[Attempt]:
    """Try a factor of three colours that is counted but not written: 32 * 32 = 3072."""
    if (
        refuted.claim.kind == "expression"
        and refuted.value is not None
        and "*" in refuted.subject.expression
    ):
        yield Attempt(
            3 * refuted.value,
            f"three channels are counted but not written: {refuted.subject.expression}*3",
        )


def part_omitted(refuted: RefutedClaim) -> Iterator[Attempt]:
    """Try the calculation without one of its factors or terms."""
    if refuted.claim.kind != "expression" or refuted.figure is None or refuted.figure.digits < 2:
        return
    tree = ast.parse(refuted.subject.expression, mode="eval")
    for node in [n for n in ast.walk(tree) if isinstance(n, ast.BinOp)]:
        for kept, lost in ((node.left, node.right), (node.right, node.left)):
            text = ast.unparse(
                ReplaceNode(node, kept).visit(ast.parse(ast.unparse(tree), mode="eval"))
            )
            try:
                value = Expression(text).evaluate(Scope({}))
            except ExpressionError:
                continue
            yield Attempt(
                Fraction(value),
                f"without the {ast.unparse(lost)}: {text} = {format_number(Fraction(value))}",
            )


class ReplaceNode(ast.NodeTransformer):
    """Replace one node of a syntax tree, identified by its text and place."""

    def __init__(self, old: ast.expr, new: ast.expr):
        self.old, self.new = ast.dump(old), new

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        return self.new if ast.dump(node) == self.old else self.generic_visit(node)


MISTAKES: dict[str, MistakeSearch] = {
    "transposed": transposed,
    "mistyped": mistyped,
    "carried": carried_over,
    "cut": truncated,
    "colours": colours_not_written,
    "channel": counting_mistakes.other_channels,
    "copied": table_mistakes.copied_stride,
    "row": table_mistakes.other_row,
    "layer": table_mistakes.other_layer,
    "factor": table_mistakes.other_factor,
    "heads": counting_mistakes.with_auxiliary_heads,
    "flops": counting_mistakes.flops_and_macs,
    "biases": counting_mistakes.without_biases,
    "norms": counting_mistakes.without_norms,
    "statistics": counting_mistakes.with_buffers,
    "needless": counting_mistakes.with_biases,
    "input": counting_mistakes.other_input,
    "kilo": thousand_as_1024,
    "gib": table_mistakes.other_megabyte,
    "left out": counting_mistakes.layer_omitted,
    "part": part_omitted,
}
COMPOSED: dict[str, MistakeSearch] = {
    "biases, kilo": counting_mistakes.without_biases_in_kilo,
    "row, needless": table_mistakes.other_row_with_biases,
}
ONE_DIGIT = ("cut", "copied")  # the mistakes that a rounded figure of one digit can show
MOST = 3


def chance_note(context: RefutedClaim, attempt: Attempt) -> str:
    """Return a warning if a mistake changes a sum by less than its last printed digit."""
    figure, value = context.figure, context.value
    if (
        figure is None
        or value is None
        or not figure.step
        or attempt.network
        or attempt.value == figure.value
    ):
        return ""
    small = abs(attempt.value - value) < figure.step
    return " (less than the last printed digit, so perhaps by chance)" if small else ""


def find_mistakes(context: RefutedClaim) -> Iterator[FoundMistake]:
    """Yield the mistakes that give the printed figure, the likeliest first."""
    figure = context.figure
    if context.claim.quantity in ("order", "layout"):
        yield from table_mistakes.find_omitted_lines(context)
    if figure is None or figure.relation:
        return
    vague = figure.digits < 2 and figure.step > 0
    for mistakes in (MISTAKES, COMPOSED):
        found = []
        for name, mistake in mistakes.items():
            if not vague or name in ONE_DIGIT:  # the first attempt of each mistake that fits
                fitting = (t for t in mistake(context) if figure.holds(t.value))
                found += [
                    FoundMistake(name, t.words + chance_note(context, t), t.network)
                    for t in islice(fitting, 1)
                ]
        if found:
            yield from found[:MOST]
            return
