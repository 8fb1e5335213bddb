"""Gradients are compared, and every exception of a model is a verdict."""

import sys
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from cnnspec.analyses.verdict import FAILED, IMPOSSIBLE
from cnnspec.pytorch.check_calls import SAME_CALLS, SAME_FUNCTION
from cnnspec.pytorch.load_models import copy_model
from tests.pytorch.edited_network import Net, replaced, verify_model
from tests.pytorch.test_other_calls import passes


class ReversedGradient(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> torch.Tensor:
        return -gradients[0]


def without_gradient(self: Any, x: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return F.relu(x)


def under_autocast(self: Any, x: torch.Tensor) -> torch.Tensor:
    with torch.autocast("cpu"):
        return F.relu(x)


class DetachedWeight(Net):
    def forward(self, x: torch.Tensor) -> Any:
        x = F.conv2d(x, self.conv.weight.detach(), self.conv.bias, padding=1)
        return self.fc(self.drop(self.activate(self.bn(x))).mean([2, 3]))


WRONG_GRADIENTS: dict[str, Callable[[], nn.Module]] = {
    "no gradient in a part": lambda: replaced(activate=without_gradient),
    "no gradient at all": lambda: replaced(forward=torch.no_grad()(Net.forward)),
    "a detached weight": DetachedWeight,
    "a weight's data": lambda: replaced(after=lambda self, x: x - self.fc.bias + self.fc.bias.data),
    "a reversed gradient": lambda: replaced(
        activate=lambda self, x: ReversedGradient.apply(x.relu())
    ),
    "a reversed gradient of the input": lambda: replaced(
        before=lambda self, x: ReversedGradient.apply(x)
    ),
    "autocast": lambda: replaced(activate=under_autocast),
}


@pytest.mark.parametrize("model", WRONG_GRADIENTS.values(), ids=WRONG_GRADIENTS)
@pytest.mark.parametrize("demand", [SAME_CALLS, SAME_FUNCTION])
def test_a_wrong_gradient_does_not_pass(model: Callable[[], nn.Module], demand: str) -> None:
    checks = verify_model(model(), demand)
    assert not passes(checks)


def test_a_wrong_gradient_is_named() -> None:
    check = verify_model(WRONG_GRADIENTS["a detached weight"]())[-1]
    assert (check.name, check.status) == ("gradients", FAILED)
    assert check.differences[0].name == "conv.weight"
    check = verify_model(WRONG_GRADIENTS["autocast"]())[-1]
    assert check.differences[0].cause == "autocast in forward"
    assert "test_gradients.py:" in check.differences[0].name


@pytest.mark.parametrize("name", ["register_hook", "register_post_accumulate_grad_hook"])
def test_hooks_of_parameters_change_gradients(name: str) -> None:
    def turn(x: torch.Tensor) -> Any:
        if name == "register_hook":
            return -x
        assert x.grad is not None
        x.grad.neg_()
        return None

    model = Net()
    getattr(model.fc.weight, name)(turn)
    for tested in (model, copy_model(model)):
        check = verify_model(tested)[-1]
        assert [d.name for d in check.differences] == ["fc.weight"]


def test_frozen_parameters_and_gradients_stay_as_they_were() -> None:
    model = Net()
    model.conv.weight.requires_grad_(False)
    model.fc.weight.grad = torch.ones_like(model.fc.weight)
    assert passes(verify_model(model))
    assert [n for n, p in model.named_parameters() if not p.requires_grad] == ["conv.weight"]
    assert [n for n, p in model.named_parameters() if p.grad is not None] == ["fc.weight"]
    assert model.fc.weight.grad.eq(1).all()


class Leaving(BaseException):
    """An exception that is no Exception."""


def leaving(self: Any, x: torch.Tensor) -> torch.Tensor:
    raise Leaving("for good")


def exiting(self: Any, x: torch.Tensor) -> torch.Tensor:
    sys.exit(0)


def interrupted(self: Any, x: torch.Tensor) -> torch.Tensor:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("before", "shown"), [(leaving, "Leaving: for good"), (exiting, "SystemExit: 0")]
)
def test_every_exception_of_a_model_is_a_verdict(
    before: Callable[..., torch.Tensor], shown: str
) -> None:
    (check,) = verify_model(replaced(before=before))
    assert (check.name, check.status) == ("run", IMPOSSIBLE)
    assert check.detail.endswith(shown)


def test_an_interruption_is_no_verdict() -> None:
    with pytest.raises(KeyboardInterrupt):
        verify_model(replaced(before=interrupted))


def backward_fails(self: Any, x: torch.Tensor) -> torch.Tensor:
    return Unfinished.apply(x)


class Unfinished(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> torch.Tensor:
        sys.exit(0)


def test_a_backward_pass_that_raises_is_a_difference() -> None:
    check = verify_model(replaced(before=backward_fails))[-1]
    assert (check.name, check.status) == ("gradients", FAILED)
    assert check.differences[0].measured == "SystemExit: 0"
