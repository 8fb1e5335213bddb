"""LeNet-5 and small networks from lectures and tutorials, written from their descriptions."""

from itertools import pairwise

import torch
from torch import Tensor, nn

# LeCun et al. (1998), table I: the maps of S2 that each map of C3 reads
READS = [
    (0, 1, 2),
    (1, 2, 3),
    (2, 3, 4),
    (3, 4, 5),
    (0, 4, 5),
    (0, 1, 5),
    (0, 1, 2, 3),
    (1, 2, 3, 4),
    (2, 3, 4, 5),
    (0, 3, 4, 5),
    (0, 1, 4, 5),
    (0, 1, 2, 5),
    (0, 1, 3, 4),
    (1, 2, 4, 5),
    (0, 2, 3, 5),
    (0, 1, 2, 3, 4, 5),
]


class Subsampling(nn.Module):
    """The sum of 2x2 inputs times a trainable coefficient, plus a trainable bias, then squashed."""

    def __init__(self, maps: int) -> None:
        super().__init__()
        self.coefficient = nn.Parameter(torch.ones(maps))
        self.bias = nn.Parameter(torch.zeros(maps))

    def forward(self, x: Tensor) -> Tensor:
        total = 4 * nn.functional.avg_pool2d(x, 2)
        return squash(total * self.coefficient[:, None, None] + self.bias[:, None, None])


class SparseConvolution(nn.Module):
    """5x5 convolutions that each read some of the maps, with their 60 kernels in one tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(sum(map(len, READS)), 5, 5))
        self.bias = nn.Parameter(torch.zeros(len(READS)))

    def forward(self, x: Tensor) -> Tensor:
        kernels = self.weight.split([len(read) for read in READS])
        maps = [
            nn.functional.conv2d(x[:, list(read)], k[None])
            for read, k in zip(READS, kernels, strict=True)
        ]
        return torch.cat(maps, 1) + self.bias[:, None, None]


class RBF(nn.Module):
    """The squared distance to a fixed bitmap of 84 pixels for each class."""

    bitmaps: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("bitmaps", torch.ones(10, 84))

    def forward(self, x: Tensor) -> Tensor:
        return ((x[:, None, :] - self.bitmaps) ** 2).sum(2)


def squash(x: Tensor) -> Tensor:
    """The scaled hyperbolic tangent, A tanh(Sa), of appendix A."""
    return 1.7159 * torch.tanh(2 / 3 * x)


class OriginalLeNet5(nn.Module):
    """LeCun, Bottou, Bengio & Haffner (1998), section II.B."""

    def __init__(self) -> None:
        super().__init__()
        self.c1, self.s2 = nn.Conv2d(1, 6, 5), Subsampling(6)
        self.c3, self.s4 = SparseConvolution(), Subsampling(16)
        self.c5, self.f6, self.output = nn.Conv2d(16, 120, 5), nn.Linear(120, 84), RBF()

    def forward(self, x: Tensor) -> Tensor:
        x = self.s2(squash(self.c1(x)))
        x = self.s4(squash(self.c3(x)))
        x = squash(self.c5(x)).flatten(1)
        return self.output(squash(self.f6(x)))


def convolutions(activation: type[nn.Module], *channels: int) -> list[nn.Module]:
    """5x5 convolutions, each with its activation and an average pool of 2x2."""
    return [
        m
        for i, o in pairwise(channels)
        for m in (nn.Conv2d(i, o, 5), activation(), nn.AvgPool2d(2))
    ]


def lenet5() -> nn.Sequential:
    """LeNet-5 as it is taught: C3 reads all maps of S2, average pools, linear C5 and output."""
    return nn.Sequential(
        *convolutions(nn.Tanh, 1, 6, 16),
        nn.Flatten(),
        nn.Linear(400, 120),
        nn.Tanh(),
        nn.Linear(120, 84),
        nn.Tanh(),
        nn.Linear(84, 10),
    )


def lenet5_geron() -> nn.Module:
    """Géron, Hands-on machine learning, table 14-1: convolutional C5, tanh, and an RBF output."""
    return nn.Sequential(
        *convolutions(nn.Tanh, 1, 6, 16),
        nn.Conv2d(16, 120, 5),
        nn.Tanh(),
        nn.Flatten(),
        nn.Linear(120, 84),
        nn.Tanh(),
        RBF(),
    )


def bird_cnn() -> nn.Module:
    """A lecture's example: two 5x5 convolutions with 2x2 max pools, then 120, 84 and 10 units."""
    return nn.Sequential(
        nn.Conv2d(3, 8, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(400, 120),
        nn.ReLU(),
        nn.Linear(120, 84),
        nn.ReLU(),
        nn.Linear(84, 10),
        nn.Softmax(1),
    )


def keras_cifar_cnn() -> nn.Module:
    """TensorFlow's tutorial: three unpadded 3x3 convolutions, two max pools, 64 and 10 units."""
    return nn.Sequential(
        nn.Conv2d(3, 32, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(64, 64, 3),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(1024, 64),
        nn.ReLU(),
        nn.Linear(64, 10),
    )


def mlp_32x32() -> nn.Module:
    """One linear layer over an image of 32x32x3."""
    return nn.Sequential(nn.Flatten(), nn.Linear(3072, 10))


def mlp_mnist() -> nn.Module:
    """Keras' mnist_mlp: 512, 512, 10, with dropout of 0.2 between."""
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(784, 512),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Linear(512, 512),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Linear(512, 10),
        nn.Softmax(1),
    )


class TimeSeriesFCN(nn.Module):
    """Wang, Yan & Oates (2016): kernels of 8, 5 and 3, Keras' batch norm, ReLU, a mean."""

    def __init__(self, classes: int = 37) -> None:
        super().__init__()
        self.blocks = nn.Sequential()
        for i, o, k in ((1, 128, 8), (128, 256, 5), (256, 128, 3)):
            self.blocks.extend(
                [nn.Conv1d(i, o, k, padding="same"), nn.BatchNorm1d(o, eps=1e-3), nn.ReLU()]
            )
        self.fc = nn.Linear(128, classes)

    def forward(self, x: Tensor) -> Tensor:
        return torch.softmax(self.fc(self.blocks(x).mean(2)), 1)
