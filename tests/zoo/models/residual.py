"""Residual networks from their papers: He et al. (2015) and He et al. (2016)."""

import torch
from torch import Tensor, nn
from torch.nn import functional


def conv(channels: int, width: int, kernel: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(channels, width, kernel, stride, kernel // 2, bias=False)


class Bottleneck(nn.Module):
    """He et al. (2015), figure 5 right and table 1: the first 1x1 convolution has the stride."""

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.a, self.norm_a = conv(channels, width, 1, stride), nn.BatchNorm2d(width)
        self.b, self.norm_b = conv(width, width, 3), nn.BatchNorm2d(width)
        self.c, self.norm_c = conv(width, 4 * width, 1), nn.BatchNorm2d(4 * width)
        self.shortcut = nn.Sequential()
        if channels != 4 * width:
            self.shortcut.extend([conv(channels, 4 * width, 1, stride), nn.BatchNorm2d(4 * width)])

    def forward(self, x: Tensor) -> Tensor:
        y = torch.relu(self.norm_a(self.a(x)))
        y = torch.relu(self.norm_b(self.b(y)))
        y = self.norm_c(self.c(y))
        return torch.relu(y + self.shortcut(x))


def resnet_v1(*depths: int) -> nn.Module:
    """The bottleneck networks of table 1: the blocks of conv2_x to conv5_x."""
    layers = [conv(3, 64, 7, 2), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    channels = 64
    for stage, depth in enumerate(depths):
        for i in range(depth):
            layers.append(Bottleneck(channels, 64 * 2**stage, 2 if stage and not i else 1))
            channels = 256 * 2**stage
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2048, 1000))


def padded(x: Tensor, width: int, stride: int) -> Tensor:
    """Option A: every second position, and zeros for the new channels."""
    return functional.pad(x[:, :, ::stride, ::stride], (0, 0, 0, 0, 0, width - x.shape[1]))


class Basic(nn.Module):
    """Two 3x3 convolutions, with option A (padding) or B (projection) into a wider stage."""

    def __init__(self, channels: int, width: int, stride: int, option: str) -> None:
        super().__init__()
        self.width, self.stride = width, stride
        self.a, self.norm_a = conv(channels, width, 3, stride), nn.BatchNorm2d(width)
        self.b, self.norm_b = conv(width, width, 3), nn.BatchNorm2d(width)
        self.projection = None
        if option == "B" and channels != width:
            self.projection = nn.Sequential(conv(channels, width, 1, stride), nn.BatchNorm2d(width))

    def forward(self, x: Tensor) -> Tensor:
        y = torch.relu(self.norm_a(self.a(x)))
        y = self.norm_b(self.b(y))
        return torch.relu(
            y + (self.projection(x) if self.projection else padded(x, self.width, self.stride))
        )


def resnet_cifar(depth: int, option: str = "A") -> nn.Module:
    """He et al. (2015), section 4.2: 6n + 2 layers, widths of 16, 32 and 64."""
    layers: list[nn.Module] = [conv(3, 16, 3), nn.BatchNorm2d(16), nn.ReLU()]
    channels = 16
    for width in (16, 32, 64):
        for i in range((depth - 2) // 6):
            layers.append(Basic(channels, width, 2 if width > 16 and not i else 1, option))
            channels = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


class PreactivationBasic(nn.Module):
    """He et al. (2016), figure 1 (b), with option A's shortcut into a wider stage.

    In the first unit the activation comes before the paths split, so that the shortcut carries it
    too (appendix).
    """

    def __init__(self, channels: int, width: int, stride: int, first: bool) -> None:
        super().__init__()
        self.width, self.stride, self.first = width, stride, first
        self.norm_a, self.a = nn.BatchNorm2d(channels), conv(channels, width, 3, stride)
        self.norm_b, self.b = nn.BatchNorm2d(width), conv(width, width, 3)

    def forward(self, x: Tensor) -> Tensor:
        y = torch.relu(self.norm_a(x))
        shortcut = padded(y if self.first else x, self.width, self.stride)
        return shortcut + self.b(torch.relu(self.norm_b(self.a(y))))


class PreactivationBottleneck(nn.Module):
    """The authors' bottleneck: stride in the first 1x1; a projection reads activated values."""

    def __init__(self, channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.norm_a, self.a = nn.BatchNorm2d(channels), conv(channels, width // 4, 1, stride)
        self.norm_b, self.b = nn.BatchNorm2d(width // 4), conv(width // 4, width // 4, 3)
        self.norm_c, self.c = nn.BatchNorm2d(width // 4), conv(width // 4, width, 1)
        self.projection = conv(channels, width, 1, stride) if channels != width else None

    def forward(self, x: Tensor) -> Tensor:
        y = torch.relu(self.norm_a(x))
        z = self.a(y)
        z = self.b(torch.relu(self.norm_b(z)))
        z = self.c(torch.relu(self.norm_c(z)))
        return z + (self.projection(y) if self.projection else x)


def preact_resnet(depth: int) -> nn.Module:
    """He et al. (2016): ResNet-110 of basic blocks; 164 and 1001 of bottlenecks, 9n + 2 layers."""
    layers: list[nn.Module] = [conv(3, 16, 3)]
    basic, channels = depth == 110, 16
    for stage, width in enumerate((16, 32, 64) if basic else (64, 128, 256)):
        for i in range((depth - 2) // (6 if basic else 9)):
            stride = 2 if stage and not i else 1
            layers.append(
                PreactivationBasic(channels, width, stride, len(layers) == 1)
                if basic
                else PreactivationBottleneck(channels, width, stride)
            )
            channels = width
    return nn.Sequential(
        *layers,
        nn.BatchNorm2d(channels),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(channels, 10),
    )
