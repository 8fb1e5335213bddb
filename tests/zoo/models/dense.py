"""The CIFAR networks of Huang et al. (2016), Densely connected convolutional networks."""

import torch
from torch import Tensor, nn


class Layer(nn.Module):
    """BN, ReLU, 3x3 convolution; in B networks BN, ReLU, 1x1 convolution to 4k maps before it."""

    def __init__(self, channels: int, growth: int, bottleneck: bool) -> None:
        super().__init__()
        steps: list[nn.Module] = []
        if bottleneck:
            steps += [
                nn.BatchNorm2d(channels),
                nn.ReLU(),
                nn.Conv2d(channels, 4 * growth, 1, bias=False),
            ]
            channels = 4 * growth
        steps += [
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Conv2d(channels, growth, 3, padding=1, bias=False),
        ]
        self.steps = nn.Sequential(*steps)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, self.steps(x)], 1)


def densenet(depth: int, growth: int, bc: bool) -> nn.Module:
    """Three blocks (sections 3 and 4).

    BC networks start with 2k maps and halve the maps at each transition; the others start with 16.
    """
    layers_in_block = (depth - 4) // 3 // (2 if bc else 1)
    channels = 2 * growth if bc else 16
    steps: list[nn.Module] = [nn.Conv2d(3, channels, 3, padding=1, bias=False)]
    for block in range(3):
        for _ in range(layers_in_block):
            steps.append(Layer(channels, growth, bc))
            channels += growth
        steps += [nn.BatchNorm2d(channels), nn.ReLU()]
        if block < 2:
            width = channels // 2 if bc else channels
            steps += [nn.Conv2d(channels, width, 1, bias=False), nn.AvgPool2d(2)]
            channels = width
    return nn.Sequential(*steps, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10))
