"""An inception module, and a shuffled unit that leaves half of its channels unchanged."""

from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn


class Branches(nn.Module):
    """The network; its branches run from the last to the first, interleaved."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 24, 3, 2, 1)
        self.pool: nn.Module = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.b4, self.b1 = nn.Conv2d(24, 8, 1), nn.Conv2d(24, 8, 1)
        self.b3 = nn.ModuleList([nn.Conv2d(24, 12, 1), nn.Conv2d(12, 16, 3, padding=1)])
        self.b2 = nn.ModuleList([nn.Conv2d(24, 12, 1), nn.Conv2d(12, 16, 3, padding=1)])
        self.grouped = nn.Conv2d(24, 24, 3, padding=1, groups=4)
        self.fc = nn.Linear(48, 7)
        self.order = [0, 1, 2, 3]

    def mixed(self, x: torch.Tensor) -> torch.Tensor:
        d = F.relu(self.b4(F.max_pool2d(x, 3, 1, 1)))
        b, c = self.b2[0](x), self.b3[0](x)
        c, b = F.relu(c), F.relu(b)
        b, c = F.relu(self.b2[1](b)), F.relu(self.b3[1](c))
        parts = [F.relu(self.b1(x)), b, c, d]
        return torch.cat([parts[i] for i in self.order], 1)

    def halves(self, x: torch.Tensor) -> Any:
        return x.chunk(2, dim=1)

    def forward(self, x: torch.Tensor) -> Any:
        left, right = self.halves(self.mixed(self.pool(self.stem(x).relu())))
        y = torch.cat((left, torch.relu(self.grouped(right))), dim=1)
        n, c, h, w = y.shape
        y = y.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)
        return F.softmax(self.fc(torch.mean(y, dim=[2, 3])), dim=-1)
