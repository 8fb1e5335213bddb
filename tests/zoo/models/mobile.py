"""Howard et al. (2017), MobileNets: table 1, and the multipliers of section 3.3."""

from torch import nn

# the width and the stride of each depthwise separable convolution
TABLE_1 = [
    (64, 1),
    (128, 2),
    (128, 1),
    (256, 2),
    (256, 1),
    (512, 2),
    *[(512, 1)] * 5,
    (1024, 2),
    (1024, 1),
]


def conv(
    channels: int, width: int, kernel: int, stride: int = 1, groups: int = 1
) -> list[nn.Module]:
    """A convolution with batch normalization, and ReLU6 as in the authors' code."""
    return [
        nn.Conv2d(channels, width, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU6(),
    ]


def mobilenet(alpha: float = 1.0, separable: bool = True) -> nn.Module:
    """MobileNet, alpha times as wide; not ``separable`` is Conv MobileNet of table 4."""
    channels = int(32 * alpha)
    layers = conv(3, channels, 3, 2)
    for width, stride in TABLE_1:
        width = int(width * alpha)
        if separable:
            layers += conv(channels, channels, 3, stride, channels) + conv(channels, width, 1)
        else:
            layers += conv(channels, width, 3, stride)
        channels = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 1000))
