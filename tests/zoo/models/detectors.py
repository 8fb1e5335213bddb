"""SSD, YOLO and YOLOX, written from their papers and their authors' code."""

import torch
from torch import Tensor, nn


class Normalize(nn.Module):
    """Scale each position to unit length, times a trainable factor per channel (20 at first)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.full((channels,), 20.0))

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.normalize(x) * self.scale[:, None, None]


def conv(
    i: int, o: int, kernel: int = 3, stride: int = 1, padding: int = 1, dilation: int = 1
) -> nn.Module:
    return nn.Sequential(nn.Conv2d(i, o, kernel, stride, padding, dilation), nn.ReLU())


class SSD(nn.Module):
    """Liu et al. (2015), figure 2, as the authors' Caffe files: VGG-16 and more maps, 21 classes.

    ``extra`` are the layers to each map after conv8, with its channels; ``boxes`` are the numbers
    of boxes at a position of each map.
    """

    def __init__(
        self, extra: list[tuple[nn.Module, int]], boxes: tuple[int, ...], classes: int = 21
    ) -> None:
        super().__init__()
        self.to_conv4_3 = nn.Sequential(
            conv(3, 64),
            conv(64, 64),
            nn.MaxPool2d(2),
            conv(64, 128),
            conv(128, 128),
            nn.MaxPool2d(2),
            conv(128, 256),
            conv(256, 256),
            conv(256, 256),
            nn.MaxPool2d(2, ceil_mode=True),
            conv(256, 512),
            conv(512, 512),
            conv(512, 512),
        )
        self.norm = Normalize(512)
        self.maps = nn.ModuleList(
            [
                nn.Sequential(
                    nn.MaxPool2d(2),
                    conv(512, 512),
                    conv(512, 512),
                    conv(512, 512),
                    nn.MaxPool2d(3, 1, 1),
                    conv(512, 1024, padding=6, dilation=6),
                    conv(1024, 1024, 1, padding=0),
                ),
                nn.Sequential(conv(1024, 256, 1, padding=0), conv(256, 512, stride=2)),
                *(step for step, _ in extra),
            ]
        )
        self.classes = classes
        sources = list(zip((512, 1024, 512, *(width for _, width in extra)), boxes, strict=True))
        self.boxes = nn.ModuleList(nn.Conv2d(c, 4 * n, 3, padding=1) for c, n in sources)
        self.scores = nn.ModuleList(nn.Conv2d(c, classes * n, 3, padding=1) for c, n in sources)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.to_conv4_3(x)
        found = [self.norm(x)]
        for step in self.maps:
            x = step(x)
            found.append(x)
        boxes = [rows(head(y), 4) for head, y in zip(self.boxes, found, strict=True)]
        scores = [rows(head(y), self.classes) for head, y in zip(self.scores, found, strict=True)]
        return torch.cat(boxes, 1), torch.cat(scores, 1)


def ssd300() -> SSD:
    """Six maps, 8732 boxes."""
    small = [
        (nn.Sequential(conv(256, 128, 1, padding=0), conv(128, 256, padding=0)), 256)
        for _ in range(2)
    ]
    return SSD(
        [(nn.Sequential(conv(512, 128, 1, padding=0), conv(128, 256, stride=2)), 256), *small],
        (4, 6, 6, 6, 4, 4),
    )


def ssd512() -> SSD:
    """Seven maps, of 64 to 1, 24564 boxes."""
    halved = [
        (nn.Sequential(conv(n, 128, 1, padding=0), conv(128, 256, stride=2)), 256)
        for n in (512, 256, 256)
    ]
    last = nn.Sequential(conv(256, 128, 1, padding=0), conv(128, 256, kernel=4))
    return SSD([*halved, (last, 256)], (4, 6, 6, 6, 6, 4, 4))


def yolov1() -> nn.Module:
    """Redmon et al. (2015), figure 3: (kernel, channels, stride) or a pool, then two linear."""
    pool: tuple[int, ...] = ()
    layers = [
        (7, 64, 2),
        pool,
        (3, 192),
        pool,
        (1, 128),
        (3, 256),
        (1, 256),
        (3, 512),
        pool,
        *((1, 256), (3, 512)) * 4,
        (1, 512),
        (3, 1024),
        pool,
        *((1, 512), (3, 1024)) * 2,
        (3, 1024),
        (3, 1024, 2),
        (3, 1024),
        (3, 1024),
    ]
    steps: list[nn.Module] = []
    channels = 3
    for layer in layers:
        if layer:
            kernel, width, *stride = layer
            steps += [
                nn.Conv2d(channels, width, kernel, *stride, padding=kernel // 2),  # type: ignore
                nn.LeakyReLU(0.1),
            ]
            channels = width
        else:
            steps += [nn.MaxPool2d(2)]
    return nn.Sequential(
        *steps,
        nn.Flatten(),
        nn.Linear(7 * 7 * 1024, 4096),
        nn.LeakyReLU(0.1),
        nn.Dropout(),
        nn.Linear(4096, 7 * 7 * 30),
    )


def rows(x: Tensor, values: int) -> Tensor:
    """Turn maps with several boxes at each position into one row for each box."""
    return x.movedim(1, 3).reshape(len(x), -1, values)


class Conv(nn.Sequential):
    """YOLOX's BaseConv: no bias, batch normalization, SiLU."""

    def __init__(self, channels: int, width: int, kernel: int = 1, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(channels, width, kernel, stride, kernel // 2, bias=False),
            nn.BatchNorm2d(width, 1e-3),
            nn.SiLU(),
        )


class Bottleneck(nn.Module):
    def __init__(self, width: int, shortcut: bool) -> None:
        super().__init__()
        self.steps, self.shortcut = (
            nn.Sequential(Conv(width, width), Conv(width, width, 3)),
            shortcut,
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.steps(x) if self.shortcut else self.steps(x)


class CSP(nn.Module):
    """Half of the channels go through the bottlenecks, half around them."""

    def __init__(self, channels: int, width: int, depth: int, shortcut: bool) -> None:
        super().__init__()
        half = width // 2
        self.through, self.around = Conv(channels, half), Conv(channels, half)
        self.steps = nn.Sequential(*(Bottleneck(half, shortcut) for _ in range(depth)))
        self.out = Conv(2 * half, width)

    def forward(self, x: Tensor) -> Tensor:
        x, around = self.through(x), self.around(x)
        return self.out(torch.cat([self.steps(x), around], 1))


class SPP(nn.Module):
    """Spatial pyramid pooling of 5, 9 and 13."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.narrow, self.out = Conv(width, width // 2), Conv(2 * width, width)
        self.pools = nn.ModuleList(nn.MaxPool2d(k, 1, k // 2) for k in (5, 9, 13))

    def forward(self, x: Tensor) -> Tensor:
        x = self.narrow(x)
        return self.out(torch.cat([x, *(pool(x) for pool in self.pools)], 1))


class Focus(nn.Module):
    """Turn each 2x2 square of the image into channels, in PyTorch's order.

    The authors' order is a permutation of it.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = Conv(12, width, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(nn.functional.pixel_unshuffle(x, 2))


class YOLOX(nn.Module):
    """Ge et al. (2021), as the authors' code: CSPDarknet, a pyramid, and decoupled heads."""

    def __init__(self, depth: float, width: float, classes: int = 80) -> None:
        super().__init__()
        base, n = int(64 * width), max(round(3 * depth), 1)
        c3, c4, c5 = 4 * base, 8 * base, 16 * base
        self.dark2 = nn.Sequential(
            Focus(base), Conv(base, 2 * base, 3, 2), CSP(2 * base, 2 * base, n, True)
        )
        self.dark3 = nn.Sequential(Conv(2 * base, c3, 3, 2), CSP(c3, c3, 3 * n, True))
        self.dark4 = nn.Sequential(Conv(c3, c4, 3, 2), CSP(c4, c4, 3 * n, True))
        self.dark5 = nn.Sequential(Conv(c4, c5, 3, 2), SPP(c5), CSP(c5, c5, n, False))
        self.lateral, self.p4 = Conv(c5, c4), CSP(2 * c4, c4, n, False)
        self.reduce, self.p3 = Conv(c4, c3), CSP(2 * c3, c3, n, False)
        self.down3, self.n3 = Conv(c3, c3, 3, 2), CSP(2 * c3, c4, n, False)
        self.down4, self.n4 = Conv(c4, c4, 3, 2), CSP(2 * c4, c5, n, False)
        self.up = nn.Upsample(scale_factor=2)
        self.heads = nn.ModuleList(Head(c, c3, classes) for c in (c3, c4, c5))

    def forward(self, x: Tensor) -> Tensor:
        c3 = self.dark3(self.dark2(x))
        c4 = self.dark4(c3)
        f5 = self.lateral(self.dark5(c4))
        f4 = self.reduce(self.p4(torch.cat([self.up(f5), c4], 1)))
        out3 = self.p3(torch.cat([self.up(f4), c3], 1))
        out4 = self.n3(torch.cat([self.down3(out3), f4], 1))
        out5 = self.n4(torch.cat([self.down4(out4), f5], 1))
        return torch.cat(
            [head(y) for head, y in zip(self.heads, (out3, out4, out5), strict=True)], 1
        )


class Head(nn.Module):
    """Figure 2: boxes and objectness from one branch, classes from the other; 85 values in all."""

    def __init__(self, channels: int, width: int, classes: int) -> None:
        super().__init__()
        self.stem = Conv(channels, width)
        self.for_classes = nn.Sequential(Conv(width, width, 3), Conv(width, width, 3))
        self.for_boxes = nn.Sequential(Conv(width, width, 3), Conv(width, width, 3))
        self.classes = nn.Conv2d(width, classes, 1)
        self.boxes, self.objectness = nn.Conv2d(width, 4, 1), nn.Conv2d(width, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        classes = self.classes(self.for_classes(x))
        y = self.for_boxes(x)
        found = [self.boxes(y), self.objectness(y).sigmoid(), classes.sigmoid()]
        return torch.cat(found, 1).flatten(2).movedim(1, 2)
