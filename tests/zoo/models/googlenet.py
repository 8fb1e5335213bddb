"""GoogLeNet of Szegedy et al. (2014): table 1, figure 3 and section 5's auxiliary classifiers."""

import torch
from torch import Tensor, nn


def conv(channels: int, width: int, kernel: int, stride: int = 1) -> nn.Module:
    """A padded convolution with bias, and its ReLU."""
    return nn.Sequential(nn.Conv2d(channels, width, kernel, stride, kernel // 2), nn.ReLU())


class Inception(nn.Module):
    """A row of table 1: #1x1, #3x3 reduce, #3x3, #5x5 reduce, #5x5, pool proj."""

    def __init__(
        self, channels: int, one: int, reduce3: int, three: int, reduce5: int, five: int, proj: int
    ) -> None:
        super().__init__()
        self.one = conv(channels, one, 1)
        self.three = nn.Sequential(conv(channels, reduce3, 1), conv(reduce3, three, 3))
        self.five = nn.Sequential(conv(channels, reduce5, 1), conv(reduce5, five, 5))
        self.proj = nn.Sequential(nn.MaxPool2d(3, 1, 1), conv(channels, proj, 1))
        self.channels = one + three + five + proj

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.one(x), self.three(x), self.five(x), self.proj(x)], 1)


def auxiliary(channels: int) -> nn.Module:
    """The classifier after 4a and 4d, which exists only in training."""
    return nn.Sequential(
        nn.AvgPool2d(5, 3),
        conv(channels, 128, 1),
        nn.Flatten(),
        nn.Linear(4 * 4 * 128, 1024),
        nn.ReLU(),
        nn.Dropout(0.7),
        nn.Linear(1024, 1000),
    )


ROWS = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}


class GoogLeNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        norm = nn.LocalResponseNorm(5, 1e-4, 0.75, 1)
        self.stem = nn.Sequential(
            conv(3, 64, 7, 2),
            nn.MaxPool2d(3, 2, ceil_mode=True),
            norm,
            conv(64, 64, 1),
            conv(64, 192, 3),
            norm,
            nn.MaxPool2d(3, 2, ceil_mode=True),
        )
        self.modules_ = nn.ModuleDict()
        channels = 192
        for name, row in ROWS.items():
            module = Inception(channels, *row)
            self.modules_[name] = module
            channels = module.channels
        self.pool = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.head = nn.Sequential(
            nn.AvgPool2d(7), nn.Flatten(), nn.Dropout(0.4), nn.Linear(1024, 1000)
        )
        self.auxiliaries = nn.ModuleDict({"4a": auxiliary(512), "4d": auxiliary(528)})

    def forward(self, x: Tensor) -> Tensor | list[Tensor]:
        x, extra = self.stem(x), []
        for name, module in self.modules_.items():
            x = module(x)
            if self.training and name in self.auxiliaries:
                extra.append(self.auxiliaries[name](x))
            if name in ("3b", "4e"):
                x = self.pool(x)
        x = self.head(x)
        return [x, *extra] if self.training else x
