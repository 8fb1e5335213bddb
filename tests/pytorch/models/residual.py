"""A small residual network with projections, squeeze and excitation, and inverted bottlenecks."""

from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn


def conv_bn(
    i: int, o: int, k: int, s: int = 1, p: int = 0, groups: int = 1, **more: Any
) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(i, o, k, s, p, groups=groups, bias=False, **more), nn.BatchNorm2d(o)
    )


class DropPath(nn.Module):
    """Stochastic depth as timm writes it."""

    def __init__(self, drop_prob: float):
        super().__init__()
        self.drop_prob = drop_prob

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.training or self.drop_prob == 0:
            return x
        return (
            x * x.new_empty(len(x), 1, 1, 1).bernoulli_(1 - self.drop_prob) / (1 - self.drop_prob)
        )


class Basic(nn.Module):
    """A basic block: the shortcut runs first and is added in place."""

    def __init__(self, i: int, o: int, s: int):
        super().__init__()
        self.down = conv_bn(i, o, 1, s) if s > 1 else nn.Identity()
        self.left, self.right = conv_bn(i, o, 3, s, 1), conv_bn(o, o, 3, 1, 1)
        self.middle: nn.Module = nn.ReLU(inplace=True)

    def shortcut(self, x: torch.Tensor) -> Any:
        return self.down(x)

    def forward(self, x: torch.Tensor) -> Any:
        y = self.shortcut(x)
        x = self.right(self.middle(self.left(x)))
        x += y
        return F.relu(x)


class Inverted(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.expand, self.dw, self.project = (
            conv_bn(32, 96, 1),
            conv_bn(96, 96, 5, 1, 2, 96),
            conv_bn(96, 32, 1),
        )
        self.reduce, self.gate = nn.Linear(96, 24), nn.Linear(24, 96)
        self.act: nn.Module = nn.Hardswish()
        self.drop: nn.Module = DropPath(0.2)

    def forward(self, x: torch.Tensor) -> Any:
        y = F.relu6(self.dw(self.act(self.expand(x))))
        gate = F.hardsigmoid(self.gate(F.relu(self.reduce(y.mean((2, 3))))))
        return x + self.drop(self.project(gate[:, :, None, None] * y))


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(32, 10)
        self.tail = Inverted()
        self.blocks = nn.ModuleList([Basic(16, 16, 1), Basic(16, 32, 2), Basic(32, 32, 1)])
        self.stem = conv_bn(3, 16, 3, 1, 1)

    def forward(self, x: torch.Tensor) -> Any:
        x = self.stem(x).relu()
        for block in self.blocks:
            x = block(x)
        return self.head(F.adaptive_avg_pool2d(self.tail(x), 1).flatten(1))
