"""The search for mistakes finds those that were made, and few that fit by chance."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnspec import load
from cnnspec.analyses.audit import known_mistakes
from cnnspec.analyses.audit.ruling import Attempt, RefutedClaim
from tests.audit.claims import ruling, rulings

ALEXNET = 'network = "alexnet", '
MADE = {  # a wrong claim for each mistake; the arithmetic is in the comment
    "transposed": ALEXNET + 'layer = "flatten", quantity = "activation_size", value = 9261',  # 9216
    "mistyped": 'expression = "256*256", value = 66536',  # 65,536
    "cut": 'network = "efficientnet_b7", quantity = "macs", value = "37B"',  # 37.7
    "colours": 'expression = "32*32", value = 3072',  # times 3
    "channel": (  # (25 + 1)*6, not (75 + 1)*6
        'layer = { op = "conv", out_channels = 6, kernel_size = 5 }, input = [3, 32, 32], '
        'quantity = "params", value = 156'
    ),
    "copied": ALEXNET + 'layer = "conv2", quantity = "stride", value = 4',  # conv1's
    "row": 'network = "resnet18", quantity = "params", value = "21.8M"',  # resnet34's 21,797,672
    "factor": (
        ALEXNET + 'layer = "conv1", quantity = "activation_size", value = 253440'
    ),  # 55*48*96, not 55*55*96
    "heads": 'network = "googlenet", quantity = "params", value = 13378280',
    "flops": ALEXNET + 'quantity = "macs", value = "1.449G"',  # 2*724,406,816
    "biases": (
        'network = "lenet5", quantity = "params", value = 61470'
    ),  # 61,706 - 6 - 16 - 120 - 84 - 10
    "norms": 'network = "resnet50", quantity = "params", value = 25503912',  # 25,557,032 - 53,120
    "statistics": (
        'network = "resnet50", quantity = "params", value = 25610152'
    ),  # 25,557,032 + 53,120
    "needless": (
        'network = "resnet50", quantity = "params", value = 25583592'
    ),  # 25,557,032 + 26,560
    "input": (
        ALEXNET + 'layer = "conv1", quantity = "activation_size", value = 279936'
    ),  # 96*54*54, of 224
    "kilo": 'network = "lenet5", quantity = "params", value = "60.3K"',  # 61,706/1024 = 60.26
    "gib": (
        'network = "vgg16", quantity = "bytes", value = "515MB"'
    ),  # 4*138,357,544/2**30*1000 = 515.4
    "left out": (
        'network = "vgg16", quantity = "params", value = "134.3M"'
    ),  # without fc3's 4,097,000: 134,260,544
    "part": 'expression = "(5*5*3 + 1)*8", value = 600',  # without the 1
    "row, needless": (
        'network = "resnet50", quantity = "params", value = 44601832'
    ),  # resnet101, 52,672 biases more
    "biases, kilo": (
        'network = "googlenet", layer = "inception3a", quantity = "params", value = "159.5K"'
    ),
}
IN_CONTEXT = {"carried", "layer"}  # they need other claims beside them: below


def test_each_mistake_has_its_example() -> None:
    assert (
        MADE.keys() | IN_CONTEXT == known_mistakes.MISTAKES.keys() | known_mistakes.COMPOSED.keys()
    )


@pytest.mark.parametrize(("mistake", "line"), MADE.items(), ids=MADE)
def test_a_mistake_that_was_made_is_found(mistake: str, line: str) -> None:
    found = ruling(line)
    assert found.verdict == ("truncated" if mistake == "cut" else "refuted")
    assert mistake in [s.mistake for s in found.mistakes]


def test_a_wrong_factor_is_followed_through_its_slide() -> None:
    first, second = rulings(
        '[[claims]]\nwhere = "a"\nclaims = [{ expression = "256*256", value = 66536 }, '
        '{ expression = "256*256*1024", value = 68132864 }]'
    )
    assert [s.mistake for s in first.mistakes] == ["mistyped"]
    assert [s.mistake for s in second.mistakes] == ["carried"]


def test_a_wrong_factor_of_another_slide_is_not_followed() -> None:
    _, second = rulings(
        'claims = [{ where = "a", expression = "256*256", value = 66536 }, '
        '{ where = "b", expression = "256*256*1024", value = 68132864 }]'
    )
    assert (second.verdict, second.mistakes) == ("refuted", ())


def test_a_stride_is_copied_down_a_column_never_up() -> None:
    found = ruling(ALEXNET + 'layer = "conv1", quantity = "stride", value = 1')  # conv2's
    assert (found.verdict, found.mistakes) == ("refuted", ())


def test_the_layer_below_in_a_table_is_recognised() -> None:
    [found] = rulings(
        '[[claims]]\nnetwork = "bird_cnn"\ncolumns = ["layer", "activation_size"]\n'
        'rows = [["CONV1", 1568]]\n'
    )
    assert found.verdict == "refuted"
    assert [s.mistake for s in found.mistakes] == ["layer"]


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 10**9), st.sampled_from(["", "k", "M"]), st.booleans())
def test_the_search_makes_no_wrong_figure_right(n: int, suffix: str, exact: bool) -> None:
    value = f"{n}" if exact else f'"{n}{suffix}"'
    found = ruling(f'network = "lenet5", quantity = "params", value = {value}')
    scale = 1 if exact else 10 ** {"": 0, "k": 3, "M": 6}[suffix]
    zeros = 0 if exact else len(str(n)) - len(str(n).rstrip("0"))
    right = abs(2 * (n * scale - 61_706)) <= (0 if exact else scale * 10**zeros)
    cut = not exact and 0 < 61_706 - n * scale < scale * 10**zeros
    wrong = "truncated" if cut else "refuted"
    assert found.verdict == ("confirmed" if right else wrong)
    assert not (right and found.mistakes)


def test_not_even_a_mistake_that_gives_every_figure_changes_a_verdict(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def anything(c: RefutedClaim) -> list[Attempt]:
        return [Attempt(c.figure.value if c.figure else 0, "anything")]

    monkeypatch.setattr(known_mistakes, "MISTAKES", {"anything": anything})
    found = ruling('network = "lenet5", quantity = "params", value = 61707')
    assert (found.verdict, [s.words for s in found.mistakes]) == ("refuted", ["anything"])
    assert found.surprising


def test_few_random_figures_fit_a_mistake() -> None:
    """Of 100 wrong four-digit figures within a factor of 3, at most 1 in 10 fits any mistake.

    Of wrong figures with one digit, none fits."""
    draw = random.Random(7)
    figures = [f'"{draw.uniform(0.33, 3) * 61.706:.4g}k"' for _ in range(100)]
    fitted = [
        f
        for f in figures
        if ruling(f'network = "lenet5", quantity = "params", value = {f}').mistakes
    ]
    assert len(fitted) <= 10
    vague = ruling(
        'network = "resnet18", quantity = "params", value = "30M"'
    )  # resnet50's, to one digit
    assert (vague.verdict, vague.mistakes) == ("refuted", ())


def test_lists_name_what_they_leave_out() -> None:
    found = ruling(
        'network = "lenet5", quantity = "order", value = "Conv -> Pool -> Conv -> FC -> FC -> FC"'
    )
    assert [s.mistake for s in found.mistakes] == ["left out"]
    assert found.mistakes[0].words == "left out: pool, after line 3, conv"
    more = ruling(
        'network = "lenet5", quantity = "order", '
        'value = ["conv", "pool", "conv", "pool", "conv", "fc", "fc", "fc"]'
    )
    assert more.mistakes[0].words == "too many: conv, after line 4, pool"


def test_the_numbers_of_the_examples_are_right() -> None:
    """Compare MADE's comments with the networks."""
    nets = {
        name: load(name).totals for name in ("lenet5", "resnet50", "resnet34", "resnet101", "vgg16")
    }
    assert nets["lenet5"].params - (6 + 16 + 120 + 84 + 10) == 61_470
    assert (
        nets["resnet50"].params - nets["resnet50"].buffers == 25_503_912
    )  # scales and shifts are as many
    assert round(nets["resnet34"].params / 1e6, 1) == 21.8
    assert (
        nets["resnet101"].params + nets["resnet101"].buffers // 2 == 44_601_832
    )  # a bias, a mean and a variance
    assert round(4 * nets["vgg16"].params / 2**30 * 1000) == 515
