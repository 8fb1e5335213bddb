"""A printed figure is right for the numbers that round to it, and for no others."""

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnspec.analyses.audit.printed_figures import parse_figure, parse_sizes

NUMBERS = st.integers(1, 10**13)
PLACES = st.integers(0, 3)
SUFFIX = st.sampled_from(
    [("", 0), ("k", 3), ("K", 3), ("M", 6), (" million", 6), ("G", 9), ("B", 9), (" billion", 9)]
)


def rounded(n: int, places: int, suffix: tuple[str, int], how: str) -> str:
    """Round ``n`` with Python's decimal arithmetic, which cnnspec does not use."""
    amount = (Decimal(n) / 10 ** suffix[1]).quantize(Decimal(10) ** -places, how)
    return f"{amount:,}{suffix[0]}"


@given(NUMBERS, PLACES, SUFFIX)
def test_a_number_holds_for_its_own_rounding(n: int, places: int, suffix: tuple[str, int]) -> None:
    text = rounded(n, places, suffix, ROUND_HALF_EVEN)
    figure = parse_figure(text)
    assert figure is not None
    assert figure.holds(n) or (
        not Decimal(text.split()[0].strip("kKMGB").replace(",", "")) and not figure.digits
    )


@given(NUMBERS, PLACES, SUFFIX, st.integers(-(10**13), 10**13))
def test_a_figure_holds_for_no_number_that_rounds_otherwise(
    n: int, places: int, suffix: tuple[str, int], change: int
) -> None:
    figure = parse_figure(rounded(n, places, suffix, ROUND_HALF_EVEN))
    assert figure is not None
    if figure.holds(n + change) and figure.value:
        assert abs(Fraction(n + change) - figure.value) <= figure.step / 2
        assert figure.step <= figure.value * 10 or figure.digits == 1


@given(NUMBERS, PLACES, SUFFIX)
def test_a_cut_figure_is_told_from_a_rounded_one(
    n: int, places: int, suffix: tuple[str, int]
) -> None:
    text = rounded(n, places, suffix, ROUND_DOWN)
    figure = parse_figure(text)
    assert figure is not None
    up = Fraction(n) - figure.value > figure.step / 2
    assert figure.holds(n) is not up
    if figure.digits and up:
        assert figure.is_truncation(n)


@given(NUMBERS, st.integers(-1000, 1000))
def test_an_integer_is_exact(n: int, change: int) -> None:
    figure = parse_figure(n)
    assert figure is not None
    assert figure.holds(n + change) is (change == 0)


@pytest.mark.parametrize(
    ("text", "number", "right"),
    [
        ("61M", 60_965_224, True),
        ("61 million", 60_965_224, True),
        ("61M", 61_500_001, False),
        ("60k", 61_706, True),
        ("60k", 65_001, False),
        ("60M", 54_999_999, False),
        (608, 608, True),
        (608, 609, False),
        ("608", 609, False),
        ("850", 846, True),
        (850, 846, False),
        ("3.86G", 3_857_973_248, True),
        ("3.8 GFLOPs", 3_857_973_248, False),
        ("0.70G", 686_802_832, False),
        ("0.39B", 385_814_752, True),
        ("<25M", 23_834_568, True),
        ("<25M", 25_000_000, False),
        ("<=25M", 25_000_000, True),
        (">=2", 1, False),
        (">0.5", Fraction(1, 2), False),
        ("14 million", 14_450_688, True),
        ("1,248,424", 1_248_424, True),
        ("7.0M", 7_050_001, False),
        (".55", Fraction(5, 9), False),
        (".56", Fraction(5, 9), True),
        ("-0.11", Fraction(-1, 9), True),
    ],
)
def test_figures_as_sources_print_them(
    text: str | int, number: int | Fraction, right: bool
) -> None:
    figure = parse_figure(text)
    assert figure is not None
    assert figure.holds(number) is right


@pytest.mark.parametrize(
    "text", ["", "about", "M", "1,23", "12,3456", "5x5", "1e6", True, None, "61MM", [1], "--3"]
)
def test_what_is_no_figure_is_none(text: object) -> None:
    assert parse_figure(text) is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("28x28x8", (28, 28, 8)),
        ("(28, 28, 8)", (28, 28, 8)),
        ("11 X 11", (11, 11)),
        ("13×13", (13, 13)),
        ("5", (5,)),
        ("4,096", (4096,)),
        (5, (5,)),
        ([28, 28], (28, 28)),
        ("28*28*10", (28, 28, 10)),
        ("a", None),
        ("5x", None),
    ],
)
def test_shapes_as_sources_print_them(text: object, found: tuple[int, ...] | None) -> None:
    assert parse_sizes(text) == found
