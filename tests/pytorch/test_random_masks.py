"""Random masks are recorded by what they do, whatever the class that makes them is called."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from cnnspec.analyses.verdict import FAILED, PASSED, Check
from cnnspec.pytorch.check_calls import SAME_CALLS
from cnnspec.pytorch.compare_model import compare_model
from tests.support import graph_of

SPEC = """
input = [4, 8, 8]
layers = [
  { name = "c", op = "conv", out_channels = 4, kernel_size = 3, padding = 1 },
  { name = "drop", op = "%s", p = 0.2 },
  { name = "a", op = "add", from = ["input", "drop"] },
]
"""
KEEP = 0.8
Drop = Callable[[torch.Tensor], torch.Tensor]


class DropPath(nn.Module):
    """A class whose name says what it may not do."""

    def __init__(self, drop: Drop, always: bool = False):
        super().__init__()
        self.drop, self.always, self.drop_prob = drop, always, 1 - KEEP

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.drop(x) if self.training or self.always else x


class Model(nn.Module):
    def __init__(self, drop: DropPath):
        super().__init__()
        self.c, self.drop = nn.Conv2d(4, 4, 3, padding=1), drop

    def forward(self, x: torch.Tensor) -> Any:
        return x + self.drop(self.c(x))


def verify(drop: DropPath, operator: str = "stochastic_depth") -> list[Check]:
    return compare_model(graph_of(SPEC % operator), Model(drop), "mine", "cpu", demand=SAME_CALLS)


def bernoulli(x: torch.Tensor, *shape: int, keep: float = KEEP) -> torch.Tensor:
    return x.new_empty(shape).bernoulli_(keep)


def uniform(x: torch.Tensor) -> torch.Tensor:
    return torch.rand([len(x), 1, 1, 1], dtype=x.dtype)


RIGHT: dict[str, Drop] = {
    "floor of a sum": lambda x: x / KEEP * torch.floor(KEEP + uniform(x)),
    "product before the rescaling": lambda x: x * torch.floor(KEEP + uniform(x)) / KEEP,
    "timm": lambda x: x * bernoulli(x, len(x), 1, 1, 1).div_(KEEP),
    "old timm": lambda x: x.div(KEEP) * (KEEP + uniform(x)).floor_(),
    "comparison": lambda x: x / KEEP * (uniform(x) < KEEP),
    "single precision": lambda x: x / KEEP * torch.floor(KEEP + torch.rand([len(x), 1, 1, 1])),
    "timm in single precision": lambda x: (
        x * torch.empty(len(x), 1, 1, 1).bernoulli_(KEEP).div_(KEEP)
    ),
    "comparison as numbers": lambda x: x * (uniform(x) >= 1 - KEEP).to(x.dtype) / KEEP,
    "bernoulli of a tensor": lambda x: (
        x / KEEP * torch.bernoulli(torch.full((len(x), 1, 1, 1), KEEP))
    ),
    "a choice": lambda x: torch.where(uniform(x) < KEEP, x / KEEP, torch.zeros_like(x)),
    "the other choice": lambda x: torch.where(uniform(x) >= KEEP, 0, x) / KEEP,
    "filled": lambda x: (x / KEEP).masked_fill(uniform(x) > KEEP, 0.0),
    "filled in place": lambda x: (x / KEEP).masked_fill_(uniform(x) > KEEP, 0),
    "not dropped": lambda x: x * ~(uniform(x) < 1 - KEEP) / KEEP,
    "one minus dropped": lambda x: x * (1 - (uniform(x) < 1 - KEEP).to(x.dtype)) / KEEP,
    "rounded up": lambda x: x * (uniform(x) - (1 - KEEP)).ceil() / KEEP,
    "dropout of ones": lambda x: x * F.dropout(x.new_ones(len(x), 1, 1, 1), 1 - KEEP),
    "dropout of one channel": lambda x: F.dropout3d(x.unsqueeze(1), 1 - KEEP).squeeze(1),
}
WRONG: dict[str, Drop] = {
    "a choice that is not rescaled": lambda x: torch.where(uniform(x) < KEEP, x, 0 * uniform(x)),
    "a choice of ones": lambda x: torch.where(uniform(x) < KEEP, x / KEEP, 1.0),
    "filled at another probability": lambda x: (x / KEEP).masked_fill(uniform(x) > 0.81, 0.0),
    "filled the wrong way": lambda x: (x / KEEP).masked_fill(uniform(x) < KEEP, 0.0),
    "dropout of ones for all": lambda x: x * F.dropout(torch.ones([]), 1 - KEEP),
    "another dropout of ones": lambda x: x * F.dropout(x.new_ones(len(x), 1, 1, 1), 0.3),
    "not rescaled": lambda x: x * bernoulli(x, len(x), 1, 1, 1),
    "rescaled twice": lambda x: x / KEEP * bernoulli(x, len(x), 1, 1, 1) / KEEP,
    "each element": lambda x: x * torch.empty_like(x).bernoulli_(KEEP).div_(KEEP),
    "each channel": lambda x: x * bernoulli(x, len(x), 4, 1, 1).div_(KEEP),
    "the whole batch": lambda x: x * bernoulli(x, 1, 1, 1, 1).div_(KEEP),
    "another probability": lambda x: x * bernoulli(x, len(x), 1, 1, 1, keep=0.5).div_(0.5),
    "nothing": lambda x: x,
    "zero": lambda x: x * 0,
    "noise": lambda x: x + torch.randn_like(x),
    "noise without a mean": lambda x: x + (bernoulli(x, len(x), 1, 1, 1) - KEEP),
}


@pytest.mark.parametrize("drop", RIGHT.values(), ids=RIGHT)
def test_stochastic_depth_by_hand_passes(drop: Drop) -> None:
    checks = verify(DropPath(drop))
    assert all(c.status == PASSED for c in checks), checks


@pytest.mark.parametrize("drop", WRONG.values(), ids=WRONG)
def test_a_class_is_not_believed_by_its_name(drop: Drop) -> None:
    assert any(c.status == FAILED for c in verify(DropPath(drop)))


@pytest.mark.parametrize("drop", RIGHT.values(), ids=RIGHT)
def test_it_passes_beside_other_calls(drop: Drop) -> None:
    graph, model = graph_of(SPEC % "stochastic_depth"), Model(DropPath(drop))
    model.register_forward_hook(lambda model, inputs, y: 0.75 * y + 0.25 * y)
    checks = compare_model(graph, model, "mine", "cpu")
    assert all(c.status == PASSED for c in checks), checks
    assert checks[0].notes


def test_dropout_of_ones_is_not_nothing() -> None:
    graph = graph_of("""
input = [4, 8, 8]
layers = [{ name = "c", op = "conv", out_channels = 4, kernel_size = 3, padding = 1 }]
""")
    model = nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), DropPath(RIGHT["dropout of ones"]))
    assert any(c.status == FAILED for c in compare_model(graph, model, "mine", "cpu"))


def test_dropping_at_inference_fails() -> None:
    assert any(c.status == FAILED for c in verify(DropPath(RIGHT["timm"], always=True)))


def test_dropout_by_hand_is_dropout() -> None:
    drop = DropPath(WRONG["each element"])
    assert all(c.status == PASSED for c in verify(drop, "dropout"))
    assert any(c.status == FAILED for c in verify(DropPath(RIGHT["timm"]), "dropout"))


def test_a_mask_on_weights_fails() -> None:
    """A layer that drops its weights is no layer that keeps them."""
    spec = """
input = [4]
layers = [{ name = "l", op = "linear", out_features = 3 }]
"""

    class DropConnect(nn.Linear):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            mask = torch.empty_like(self.weight).bernoulli_(KEEP) / KEEP
            return F.linear(x, self.weight * mask, self.bias)

    checks = compare_model(
        graph_of(spec), nn.Sequential(DropConnect(4, 3)), "mine", "cpu", demand=SAME_CALLS
    )
    assert any(c.status == FAILED for c in checks)
