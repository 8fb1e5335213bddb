"""LeNet-5 with batch norm and dropout, as a Sequential and with functions."""

from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - as everybody calls it
from torch import nn


def layers() -> dict[str, nn.Module]:
    """Return the layers by name."""
    return {
        "c1": nn.Conv2d(1, 6, 5),
        "n1": nn.BatchNorm2d(6),
        "a1": nn.ReLU(),
        "s2": nn.MaxPool2d(2),
        "c3": nn.Conv2d(6, 16, 3, padding=1),
        "n3": nn.BatchNorm2d(16),
        "a3": nn.ReLU(),
        "s4": nn.AvgPool2d(2),
        "flat": nn.Flatten(),
        "drop": nn.Dropout(0.3),
        "f5": nn.Linear(16 * 49, 84),
        "a5": nn.ReLU(),
        "out": nn.Linear(84, 10),
    }


def sequential(**edits: nn.Module | None) -> nn.Sequential:
    """Return the network as a Sequential; an edit replaces a layer, or removes it with None."""
    return nn.Sequential(*[m for m in {**layers(), **edits}.values() if m is not None])


class Functional(nn.Module):
    """The same network with functions and methods, and other names in another order."""

    def __init__(self) -> None:
        super().__init__()
        self.classifier = nn.Linear(84, 10)
        self.hidden = nn.Linear(784, 84)
        self.bn_b, self.bn_a = nn.BatchNorm2d(16), nn.BatchNorm2d(6)
        self.second = nn.Conv2d(6, 16, 3)
        self.pad = nn.ZeroPad2d(1)
        self.first = nn.Conv2d(1, 6, 5)

    def forward(self, x: torch.Tensor) -> Any:
        x = F.max_pool2d(F.relu(self.bn_a(self.first(x))), 2, 2)
        x = self.bn_b(self.second(self.pad(x))).relu_()
        x = F.avg_pool2d(x, (2, 2)).view(x.size(0), -1)
        x = torch.clamp(self.hidden(F.dropout(x, 0.3, self.training)), min=0)
        return {"logits": self.classifier(x)}
