"""Units that are off for some draws are drawn again; those that are always off prove nothing."""

from typing import Any

import torch
from torch import nn

from cnnspec.analyses.verdict import FAILED
from cnnspec.pytorch.compare_model import compare_model
from tests.pytorch.edited_network import passes
from tests.support import graph_of

NARROW = """
input = [3, 8, 8]
layers = [
  { name = "conv", op = "conv", out_channels = 8, kernel_size = 3, norm = "batchnorm" },
  { name = "pool", op = "global_avgpool" },
  { name = "fc1", op = "conv", out_channels = 1, kernel_size = 1, activation = "relu" },
  { name = "fc2", op = "conv", out_channels = 8, kernel_size = 1, activation = "sigmoid" },
  { name = "mul", op = "mul", from = ["conv", "fc2"] },
]
"""


class Narrow(nn.Module):
    """The network of NARROW; ``dead`` lets the one hidden unit never be on."""

    def __init__(self, dead: bool = False) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8)
        self.fc1, self.fc2 = nn.Conv2d(8, 1, 1), nn.Conv2d(1, 8, 1)

    def forward(self, x: torch.Tensor) -> Any:
        x = self.norm(self.conv(x))
        y = self.fc1(x.mean((2, 3), keepdim=True)).relu()
        return x * self.fc2(y).sigmoid()


def test_units_that_are_off_are_drawn_again() -> None:
    for seed in range(8):
        checks = compare_model(graph_of(NARROW), Narrow(), "mine", "cpu", seed=seed)
        assert passes(checks), (seed, checks)


def test_units_that_are_always_off_prove_nothing() -> None:
    spec = """
input = [3, 8, 8]
layers = [
  { name = "conv", op = "conv", out_channels = 4, kernel_size = 3 },
  { name = "first", op = "sigmoid" },
  { name = "minus", op = "scale", factor = -1.0 },
  { name = "relu", op = "relu" },
]
"""
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Sigmoid(), Minus(), nn.ReLU())
    checks = compare_model(graph_of(spec), model, "mine", "cpu")
    assert [c.name for c in checks if c.status == FAILED] == ["evaluation", "training"]
    assert checks[3].differences[0].cause == "this proves nothing"


class Minus(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * -1.0
