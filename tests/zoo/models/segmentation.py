"""FCN, U-Net, SegNet and DeconvNet, written from their papers and their authors' Caffe files."""

from typing import Any

import torch
from torch import Tensor, nn

VGG16 = ((64, 64), (128, 128), (256,) * 3, (512,) * 3, (512,) * 3)


def conv(channels: int, width: int, kernel: int = 3, padding: int = 1) -> list[nn.Module]:
    return [nn.Conv2d(channels, width, kernel, padding=padding), nn.ReLU()]


def normed(channels: int, width: int, kernel: int = 3, padding: int = 1) -> list[nn.Module]:
    return [nn.Conv2d(channels, width, kernel, padding=padding), nn.BatchNorm2d(width), nn.ReLU()]


def deconv(channels: int, width: int, kernel: int = 3, padding: int = 1) -> list[nn.Module]:
    return [
        nn.ConvTranspose2d(channels, width, kernel, padding=padding),
        nn.BatchNorm2d(width),
        nn.ReLU(),
    ]


class FCN(nn.Module):
    """Long, Shelhamer & Darrell (2014) on VGG-16, as the authors' voc-fcn32s and voc-fcn8s.

    The image is padded with 100 zeros, and maps are cropped: FCN-8s crops pool4 at an offset of 5,
    pool3 at 9 and the scores at 31; FCN-32s crops the scores at 19.
    """

    def __init__(self, skips: bool, classes: int = 21) -> None:
        super().__init__()
        stages, channels = [], 3
        for i, widths in enumerate(VGG16):
            layers = []
            for j, width in enumerate(widths):
                layers += conv(channels, width, padding=100 if i == j == 0 else 1)
                channels = width
            stages.append(nn.Sequential(*layers, nn.MaxPool2d(2, ceil_mode=True)))
        self.stages = nn.ModuleList(stages)
        self.head = nn.Sequential(
            *conv(512, 4096, 7, 0),
            nn.Dropout2d(),
            *conv(4096, 4096, 1, 0),
            nn.Dropout2d(),
            nn.Conv2d(4096, classes, 1),
        )
        self.skips = skips
        if skips:
            self.up2 = nn.ConvTranspose2d(classes, classes, 4, 2, bias=False)
            self.score4 = nn.Conv2d(512, classes, 1)
            self.up4 = nn.ConvTranspose2d(classes, classes, 4, 2, bias=False)
            self.score3 = nn.Conv2d(256, classes, 1)
            self.up8 = nn.ConvTranspose2d(classes, classes, 16, 8, bias=False)
        else:
            self.up32 = nn.ConvTranspose2d(classes, classes, 64, 32, bias=False)

    def forward(self, image: Tensor) -> Tensor:
        pools = [image]
        for stage in self.stages:
            pools.append(stage(pools[-1]))
        x = self.head(pools[5])
        if not self.skips:
            return cut(self.up32(x), image, 19)
        x = self.up2(x)
        x = x + cut(self.score4(pools[4]), x, 5)
        x = self.up4(x)
        x = x + cut(self.score3(pools[3]), x, 9)
        return cut(self.up8(x), image, 31)


def cut(x: Tensor, like: Tensor, offset: int | None = None) -> Tensor:
    """Crop x to the size of another tensor, at an offset or in the middle."""
    height, width = like.shape[2:]
    top, left = (
        (a - b) // 2 if offset is None else offset
        for a, b in zip(x.shape[2:], (height, width), strict=True)
    )
    found = x[:, :, top : top + height, left : left + width]
    assert found.shape[2:] == like.shape[2:]
    return found


class UNet(nn.Module):
    """Ronneberger, Fischer & Brox (2015), figure 1: unpadded convolutions, cropped skips."""

    def __init__(self) -> None:
        super().__init__()
        widths = (64, 128, 256, 512, 1024)
        self.down = nn.ModuleList(
            nn.Sequential(*conv(i, o, padding=0), *conv(o, o, padding=0))
            for i, o in zip((1, *widths), widths, strict=False)
        )
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * w, w, 2, 2) for w in widths[-2::-1])
        self.merge = nn.ModuleList(
            nn.Sequential(*conv(2 * w, w, padding=0), *conv(w, w, padding=0))
            for w in widths[-2::-1]
        )
        self.score = nn.Conv2d(64, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        kept: list[Tensor] = []
        for step in self.down:
            if kept:
                x = nn.functional.max_pool2d(x, 2)
            x = step(x)
            kept.append(x)
        kept.pop()
        for up, merge in zip(self.up, self.merge, strict=True):
            x = up(x)
            x = merge(torch.cat([cut(kept.pop(), x), x], 1))
        return self.score(x)


def encoder() -> nn.ModuleList:
    """VGG-16's convolutions with batch normalization, stage by stage."""
    stages, channels = nn.ModuleList(), 3
    for widths in VGG16:
        pairs = zip((channels, *widths), widths, strict=False)
        stages.append(nn.Sequential(*(m for i, o in pairs for m in normed(i, o))))
        channels = widths[-1]
    return stages


class SegNet(nn.Module):
    """Badrinarayanan, Kendall & Cipolla (2015): VGG-16 and a mirror that unpools."""

    def __init__(self, classes: int = 12) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder(), nn.ModuleList()
        for stage, after in ((5, 512), (4, 256), (3, 128), (2, 64), (1, classes)):
            same = VGG16[stage - 1][1:]
            layers = [m for width in same for m in normed(width, width)]
            last = (
                normed(same[0], after) if stage > 1 else [nn.Conv2d(same[0], classes, 3, padding=1)]
            )
            self.decoder.append(nn.Sequential(*layers, *last))

    def forward(self, x: Tensor) -> Tensor:
        switches: list[Any] = []
        sizes = []
        for stage in self.encoder:
            x = stage(x)
            sizes.append(x.shape[2:])
            x, indices = nn.functional.max_pool2d(x, 2, 2, ceil_mode=True, return_indices=True)
            switches.append(indices)
        for stage in self.decoder:
            x = stage(
                nn.functional.max_unpool2d(x, switches.pop(), (2, 2), output_size=list(sizes.pop()))
            )
        return x


class DeconvNet(nn.Module):
    """Noh, Hong & Han (2015), table 4: VGG-16 with batch norm, two 1x1 layers, and the mirror."""

    def __init__(self, classes: int = 21) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder(), nn.ModuleList()
        self.middle = nn.Sequential(
            *normed(512, 4096, 7, 0), *normed(4096, 4096, 1, 0), *deconv(4096, 512, 7, 0)
        )
        for widths in ((512, 512, 512), (512, 512, 256), (256, 256, 128), (128, 64), (64, 64)):
            layers, channels = [], widths[0]
            for width in widths:
                layers += deconv(channels, width)
                channels = width
            self.decoder.append(nn.Sequential(*layers))
        self.score = nn.Conv2d(64, classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        switches: list[Any] = []
        for stage in self.encoder:
            x, indices = nn.functional.max_pool2d(stage(x), 2, return_indices=True)
            switches.append(indices)
        x = self.middle(x)
        for stage in self.decoder:
            x = stage(nn.functional.max_unpool2d(x, switches.pop(), (2, 2)))
        return self.score(x)
