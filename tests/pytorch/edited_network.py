"""A small network in PyTorch whose methods tests replace, and its spec."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from cnnspec.analyses.verdict import PASSED, Check
from cnnspec.pytorch.check_calls import SAME_FUNCTION
from cnnspec.pytorch.compare_model import compare_model
from tests.support import graph_of

SPEC = """
input = [2, 8, 8]

[[layers]]
name = "conv"
op = "conv"
out_channels = 4
kernel_size = 3
padding = 1
norm = "batchnorm"
activation = "relu"

[[layers]]
name = "drop"
op = "dropout"
p = 0.5

[[layers]]
name = "pool"
op = "global_avgpool"
keepdim = false

[[layers]]
name = "fc"
op = "linear"
out_features = 3
"""


class Net(nn.Module):
    """The network of the spec; subclasses replace its methods to change it."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.bn, self.fc = (
            nn.Conv2d(2, 4, 3, padding=1),
            nn.BatchNorm2d(4),
            nn.Linear(4, 3),
        )

    def before(self, x: torch.Tensor) -> torch.Tensor:
        return x

    def drop(self, x: torch.Tensor) -> torch.Tensor:
        return F.dropout(x, training=self.training)

    def activate(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu(x)

    def after(self, x: torch.Tensor) -> Any:
        return x

    def forward(self, x: torch.Tensor) -> Any:
        x = self.activate(self.bn(self.conv(self.before(x))))
        return self.after(self.fc(self.drop(x).mean([2, 3])))


def verify_model(model: nn.Module, demand: str = SAME_FUNCTION, spec: str = SPEC) -> list[Check]:
    return compare_model(graph_of(spec), model, "mine", "cpu", None, demand)


def replaced(**methods: Callable[..., Any]) -> nn.Module:
    """Return the network with other methods."""
    made: nn.Module = type("Mine", (Net,), methods)()
    return made


def passes(checks: list[Check]) -> bool:
    """Tell whether all checks passed."""
    return all(c.status == PASSED for c in checks)
