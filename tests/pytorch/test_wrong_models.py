"""Wrong models that look right must not pass, and right ones must."""

from collections.abc import Callable
from dataclasses import make_dataclass
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from cnnspec.analyses.verdict import FAILED, PASSED
from cnnspec.pytorch.check_calls import REFERENCE
from tests.pytorch.edited_network import Net, replaced, verify_model
from tests.pytorch.test_edited_models import layer_differences


def momentum() -> nn.Module:
    made = Net()
    made.bn.momentum = 0.01
    return made


def frozen() -> nn.Module:
    """Keep batch norm in evaluation mode while training."""
    made = Net()
    made.bn.train = lambda mode=True: made.bn  # type: ignore[method-assign]
    return made.eval()


def in_place(self: Any, x: torch.Tensor) -> torch.Tensor:
    x.mul_(2)
    return x


def through_a_view(self: Any, x: torch.Tensor) -> torch.Tensor:
    x[:, :1] += 1
    return x


def by_value(self: Any, x: torch.Tensor) -> torch.Tensor:
    return x * 2 if x.mean() > 1e9 else x


def mixing_the_batch(self: Any, x: torch.Tensor) -> torch.Tensor:
    return x.flip(0)


class Strict(Net):
    """The weights of the spec, and a buffer that masks them."""

    mask: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mask", torch.ones(4, 2, 3, 3))
        self.conv.weight_mask = self.mask

    def forward(self, x: torch.Tensor) -> Any:
        x = F.conv2d(x, self.conv.weight * self.mask, self.conv.bias, padding=1)
        return self.fc(self.drop(self.activate(self.bn(x))).mean([2, 3]))


def test_the_network_itself_passes() -> None:
    assert all(c.status == PASSED for c in verify_model(Net()))


WRONG: dict[str, tuple[Callable[[], nn.Module], str]] = {
    "no dropout": (lambda: replaced(drop=lambda self, x: x), "drop"),
    "dropout with another p": (
        lambda: replaced(drop=lambda self, x: F.dropout(x, 0.4, self.training)),
        "drop",
    ),
    "dropout in evaluation too": (lambda: replaced(drop=lambda self, x: F.dropout(x)), "forward"),
    "dropout in evaluation only": (
        lambda: replaced(drop=lambda self, x: F.dropout(x, training=not self.training)),
        "drop",
    ),
    "dropout of weights": (
        lambda: replaced(
            before=lambda self, x: (F.dropout(self.bn.bias, 0.1, self.training), x)[1]
        ),
        "forward",
    ),
    "momentum": (momentum, "conv.norm.running_mean"),
    "frozen statistics": (frozen, "conv.norm"),
    "a written input": (lambda: replaced(before=in_place), "forward"),
    "written through a view": (lambda: replaced(before=through_a_view), "forward"),
    "a way chosen by a value": (lambda: replaced(before=by_value), "forward"),
    "examples mixed": (lambda: replaced(before=mixing_the_batch), "forward"),
    "less precision": (lambda: replaced(before=lambda self, x: x.float().double()), "forward"),
    "noise": (lambda: replaced(before=lambda self, x: x + 1e-6 * torch.randn_like(x)), "forward"),
    "no gradient": (
        lambda: replaced(drop=lambda self, x: F.dropout(x.detach(), training=self.training)),
        "forward",
    ),
    "a clip that is not reached": (
        lambda: replaced(activate=lambda self, x: x.clamp(0, 1e6)),
        "conv.activation",
    ),
    "channels turned": (lambda: replaced(before=lambda self, x: x.transpose(2, 3)), "forward"),
    "channels last and not back": (
        lambda: replaced(before=lambda self, x: x.permute(0, 2, 3, 1).reshape(x.shape)),
        "conv",
    ),
    "a reshape that mixes": (
        lambda: replaced(before=lambda self, x: x.view(-1, 8, 8, 2).permute(0, 3, 1, 2)),
        "conv",
    ),
    "one more output": (lambda: replaced(after=lambda self, x: (x, x)), "outputs"),
    "a softmax at the end": (lambda: replaced(after=lambda self, x: x.softmax(1)), "forward"),
    "a mask on the weights": (Strict, "conv"),
    "weights that a run changes": (
        lambda: replaced(after=lambda self, x: (self.fc.weight.data.mul_(0.5), x)[1]),
        "fc",
    ),
}


@pytest.mark.parametrize(("model", "layer"), WRONG.values(), ids=WRONG)
def test_a_wrong_model_does_not_pass(model: Callable[[], nn.Module], layer: str) -> None:
    checks = verify_model(model())
    assert any(c.status == FAILED for c in checks)
    assert layer in {name for name, _ in layer_differences(checks)}


@pytest.mark.parametrize(
    "name",
    [
        "dropout with another p",
        "dropout in evaluation too",
        "momentum",
        "frozen statistics",
        "a clip that is not reached",
        "a written input",
    ],
)
def test_nor_does_it_as_a_librarys_reference(name: str) -> None:
    assert any(c.status == FAILED for c in verify_model(WRONG[name][0](), demand=REFERENCE))


# Models of libraries return dataclasses.
Answer: Any = make_dataclass("Answer", [("logits", torch.Tensor), ("label", str, "cat")])


RIGHT: dict[str, Callable[[], nn.Module]] = {
    "a dict": lambda: replaced(after=lambda self, x: {"logits": x, "name": "x"}),
    "a dataclass": lambda: replaced(after=lambda self, x: Answer(x)),
    "half precision": lambda: Net().half(),
    "without gradients": lambda: Net().requires_grad_(False),
    "the functional form of dropout by keywords": lambda: replaced(
        drop=lambda self, x: F.dropout(input=x, training=self.training)
    ),
    "dropout in place": lambda: replaced(
        drop=lambda self, x: F.dropout(x, 0.5, self.training, True)
    ),
    "a dead padding": lambda: replaced(before=lambda self, x: (F.pad(x, (1, 1)), x)[1]),
    "a threshold": lambda: replaced(activate=lambda self, x: F.threshold(x, 0, 0)),
    "channels last and back": lambda: replaced(
        before=lambda self, x: x.permute(0, 2, 3, 1).permute(0, 3, 1, 2)
    ),
}


@pytest.mark.parametrize("model", RIGHT.values(), ids=RIGHT)
def test_a_right_model_passes(model: Callable[[], nn.Module]) -> None:
    assert all(c.status == PASSED for c in verify_model(model()))
