"""Compare joins and losses with PyTorch: shapes, work, and the messages of errors."""

import pytest
import torch
from hypothesis import given
from torch.nn import functional

from cnnspec.ops.kit.fields import OperatorError
from cnnspec.ops.registry import load_operator
from tests.ops.agreement import ours, shapes_agree
from tests.ops.draws import Shape, often, several


@often
@given(several)
def test_abs_difference(xs: list[Shape]) -> None:
    """PyTorch would broadcast; the operator requires equal shapes."""
    if xs[0] == xs[1]:
        shapes_agree("abs_difference", {}, lambda a, b: (a - b).abs(), *xs[:2])
    else:
        assert ours("abs_difference", {}, *xs[:2]) is None


@often
@given(several)
def test_concat(xs: list[Shape]) -> None:
    shapes_agree("concat", {}, lambda *ts: torch.cat(ts, 1), *xs)


def test_an_error_names_both_inputs_and_how_to_fix_them() -> None:
    with pytest.raises(OperatorError) as error:
        load_operator("concat")().output((64, 28, 28), (32, 28, 28), (32, 14, 14))
    assert error.value.rule == "D003"
    assert error.value.message == "concat: $0 is 64x28x28 but $2 is 32x14x14"
    assert error.value.hint == "$0 lacks stride = 2"
    with pytest.raises(OperatorError) as error:
        load_operator("mul")().output((64, 28, 28), (32, 1, 1))
    assert error.value.hint == "a gate for its channels is 64x1x1"


# Losses. torch gives a scalar, which is here a vector of one.


@often
@given(several)
def test_mse(xs: list[Shape]) -> None:
    """PyTorch broadcasts, with a warning; the operator requires equal shapes."""
    if xs[0] == xs[1]:
        shapes_agree("mse", {}, lambda a, b: functional.mse_loss(a, b).reshape(1, 1), *xs[:2])
    else:
        assert ours("mse", {}, *xs[:2]) is None


@often
@given(several)
def test_cross_entropy(xs: list[Shape]) -> None:
    """Class numbers have one channel here, none in PyTorch; probabilities have one a class."""
    x, target = xs[:2]
    if target == (1, *x[1:]):
        shapes_agree(
            "cross_entropy",
            {},
            lambda a, b: functional.cross_entropy(a, b[:, 0].long()).reshape(1, 1),
            x,
            target,
        )
    elif target == x:
        shapes_agree(
            "cross_entropy",
            {},
            lambda a, b: functional.cross_entropy(a, b).reshape(1, 1),
            x,
            target,
        )
    else:
        assert ours("cross_entropy", {}, x, target) is None
    assert ours("cross_entropy", {}, x) == (1,)
