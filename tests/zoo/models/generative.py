"""DCGAN, an autoencoder and a Siamese pair, written from their descriptions."""

import torch
from torch import Tensor, nn


def dcgan_generator() -> nn.Module:
    """Radford, Metz & Chintala (2015), as PyTorch's example: 100 values become 64x64 images."""
    layers, channels = [], 100
    for i, width in enumerate((512, 256, 128, 64)):
        layers += [
            nn.ConvTranspose2d(channels, width, 4, 2 if i else 1, 1 if i else 0, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
        ]
        channels = width
    return nn.Sequential(*layers, nn.ConvTranspose2d(64, 3, 4, 2, 1, bias=False), nn.Tanh())


def dcgan_discriminator() -> nn.Module:
    """The same paper: leaky ReLU, and no normalization after the first layer."""
    layers, channels = [nn.Conv2d(3, 64, 4, 2, 1, bias=False), nn.LeakyReLU(0.2)], 64
    for width in (128, 256, 512):
        layers += [
            nn.Conv2d(channels, width, 4, 2, 1, bias=False),
            nn.BatchNorm2d(width),
            nn.LeakyReLU(0.2),
        ]
        channels = width
    return nn.Sequential(*layers, nn.Conv2d(512, 1, 4, bias=False), nn.Sigmoid(), nn.Flatten())


def conv_autoencoder() -> nn.Module:
    """Chollet (2016), Building autoencoders in Keras: one decoder convolution has no padding."""
    layers: list[nn.Module] = []
    for channels, width in ((1, 16), (16, 8), (8, 8)):
        layers += [
            nn.Conv2d(channels, width, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2, ceil_mode=True),
        ]
    for channels, width, padding in ((8, 8, 1), (8, 8, 1), (8, 16, 0)):
        layers += [
            nn.Conv2d(channels, width, 3, padding=padding),
            nn.ReLU(),
            nn.Upsample(scale_factor=2),
        ]
    return nn.Sequential(*layers, nn.Conv2d(16, 1, 3, padding=1), nn.Sigmoid())


class Siamese(nn.Module):
    """Koch, Zemel & Salakhutdinov (2015), figure 4: shared layers, L1 distance, sigmoid."""

    def __init__(self) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            nn.Conv2d(1, 64, 10),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(64, 128, 7),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(128, 128, 4),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(128, 256, 4),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(6 * 6 * 256, 4096),
            nn.Sigmoid(),
        )
        self.score = nn.Linear(4096, 1)

    def forward(self, one: Tensor, other: Tensor) -> Tensor:
        return torch.sigmoid(self.score((self.branch(one) - self.branch(other)).abs()))
