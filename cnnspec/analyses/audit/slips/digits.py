"""Slips of the pen: digits, rounding, and figures that rest on an earlier wrong one."""

from collections.abc import Iterator
from fractions import Fraction

from cnnspec.analyses.audit.printed import number_text, printed
from cnnspec.analyses.audit.slips.context import Context, Try
from cnnspec.analyses.audit.verdict import REFUTED
from cnnspec.units import format_count


def cut(c: Context) -> Iterator[Try]:
    """Digits cut off instead of rounded: 37G of 37,745,884,192."""
    if c.figure and c.value is not None and c.figure.cut(c.value):
        nearest = round(c.value / c.figure.step) * c.figure.step
        yield Try(
            c.figure.value,
            f"cut off, not rounded: {number_text(c.value)} rounds to {number_text(nearest)}",
        )


def transposed(c: Context) -> Iterator[Try]:
    """Two neighbouring digits in the wrong order: 9261 for 9216."""
    right, wrong = digits(c)
    for i in range(len(right) - 1):
        swapped = right[:i] + right[i + 1] + right[i] + right[i + 2 :]
        if swapped == wrong != right:
            yield Try(int(wrong), f"two digits of {format_count(int(right))} in the wrong order")


def mistyped(c: Context) -> Iterator[Try]:
    """One digit of at least four is another: 66,536 for 65,536."""
    right, wrong = digits(c)
    differ = [(a, b) for a, b in zip(right, wrong, strict=False) if a != b]
    if len(right) == len(wrong) >= 4 and len(differ) == 1:
        yield Try(
            int(wrong),
            f"one digit of {format_count(int(right))} is another, a {differ[0][1]} for a {differ[0][0]}",
        )


def digits(c: Context) -> tuple[str, str]:
    """The digits of the right value and of the printed one, where all of at least three were
    printed."""
    if c.value is None or c.figure is None or c.value.denominator != 1 or c.figure.scale != 1:
        return "", ""
    if c.figure.value.denominator != 1 or min(c.value, c.figure.value) < 100:
        return "", ""
    return str(int(c.value)), str(int(c.figure.value))


def carried(c: Context) -> Iterator[Try]:
    """A factor taken from an earlier figure of the same place that is wrong: 66,536 * 1024."""
    for ruling in c.before:
        figure, right = printed(ruling.claim.value), ruling.number
        same = ruling.claim.where == c.claim.where and ruling.verdict == REFUTED
        if (
            not same
            or figure is None
            or right is None
            or c.value is None
            or right < 100
            or figure.step
            or c.value == 0
        ):
            continue
        if (c.value / right).denominator == 1:
            yield Try(
                c.value / right * figure.value,
                f"with the {figure.text} from before, which should be {number_text(right)}",
            )


def thousand(c: Context) -> Iterator[Try]:
    """K = 1024 for 1000: 112K of 114,688."""
    if c.figure and c.value is not None and c.claim.quantity != "bytes":
        power = {10**3: 1, 10**6: 2, 10**9: 3}.get(c.figure.scale, 0)
        if power:
            value = c.value * Fraction(1000**power, 1024**power)
            yield Try(
                value,
                f"in units of {format_count(1024**power)}: {number_text(value / c.figure.scale)}",
            )
