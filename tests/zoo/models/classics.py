"""AlexNet, ZFNet, Network in network and VGG, from their papers and their authors' Caffe files."""

from collections.abc import Iterator

from torch import nn


def response_norm() -> nn.Module:
    """Krizhevsky et al. (2012), section 3.3: k = 2, n = 5, alpha = 1e-4, beta = 0.75.

    PyTorch divides alpha by n.
    """
    return nn.LocalResponseNorm(5, 5 * 1e-4, 0.75, 2)


def classifier(features: int) -> list[nn.Module]:
    """Three linear layers with dropout."""
    return [
        nn.Flatten(),
        nn.Linear(features, 4096),
        nn.ReLU(),
        nn.Dropout(),
        nn.Linear(4096, 4096),
        nn.ReLU(),
        nn.Dropout(),
        nn.Linear(4096, 1000),
    ]


def alexnet(groups: int = 2, softmax: bool = False) -> nn.Module:
    """Krizhevsky, Sutskever & Hinton (2012), section 3.5, with kernels on two GPUs or on one."""
    return nn.Sequential(
        nn.Conv2d(3, 96, 11, 4),
        nn.ReLU(),
        response_norm(),
        nn.MaxPool2d(3, 2),
        nn.Conv2d(96, 256, 5, padding=2, groups=groups),
        nn.ReLU(),
        response_norm(),
        nn.MaxPool2d(3, 2),
        nn.Conv2d(256, 384, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(384, 384, 3, padding=1, groups=groups),
        nn.ReLU(),
        nn.Conv2d(384, 256, 3, padding=1, groups=groups),
        nn.ReLU(),
        nn.MaxPool2d(3, 2),
        *classifier(6 * 6 * 256),
        *([nn.Softmax(1)] if softmax else []),
    )


def zfnet() -> nn.Module:
    """Zeiler & Fergus (2013), figure 3: sizes 224, 110, 55, 26, 13, 13, 13, 13, 6.

    A response normalization follows each of the first two pools.
    """
    return nn.Sequential(
        nn.Conv2d(3, 96, 7, 2, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(3, 2, ceil_mode=True),
        response_norm(),
        nn.Conv2d(96, 256, 5, 2),
        nn.ReLU(),
        nn.MaxPool2d(3, 2, ceil_mode=True),
        response_norm(),
        nn.Conv2d(256, 384, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(384, 384, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(384, 256, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(3, 2),
        *classifier(6 * 6 * 256),
    )


def mlpconv(
    channels: int, widths: tuple[int, int, int], kernel: int, stride: int = 1, padding: int = 0
) -> nn.Module:
    """A convolution, and a small perceptron at each position: two 1x1 convolutions."""
    first, second, third = widths
    return nn.Sequential(
        nn.Conv2d(channels, first, kernel, stride, padding),
        nn.ReLU(),
        nn.Conv2d(first, second, 1),
        nn.ReLU(),
        nn.Conv2d(second, third, 1),
        nn.ReLU(),
    )


def nin() -> nn.Module:
    """Lin, Chen & Yan (2013) for ImageNet, as the authors' nin_imagenet in the Caffe zoo."""
    return nn.Sequential(
        mlpconv(3, (96, 96, 96), 11, 4),
        nn.MaxPool2d(3, 2, ceil_mode=True),
        mlpconv(96, (256, 256, 256), 5, padding=2),
        nn.MaxPool2d(3, 2, ceil_mode=True),
        mlpconv(256, (384, 384, 384), 3, padding=1),
        nn.MaxPool2d(3, 2, ceil_mode=True),
        nn.Dropout(),
        mlpconv(384, (1024, 1024, 1000), 3, padding=1),
        nn.AvgPool2d(6),
        nn.Flatten(),
    )


def nin_cifar10() -> nn.Module:
    """Lin, Chen & Yan (2013) for CIFAR-10, as the authors' Caffe file, with one average pool."""
    return nn.Sequential(
        mlpconv(3, (192, 160, 96), 5, padding=2),
        nn.MaxPool2d(3, 2, ceil_mode=True),
        nn.Dropout(),
        mlpconv(96, (192, 192, 192), 5, padding=2),
        nn.AvgPool2d(3, 2, ceil_mode=True),
        nn.Dropout(),
        mlpconv(192, (192, 192, 10), 3, padding=1),
        nn.AvgPool2d(8),
        nn.Flatten(),
    )


def vgg(*stages: tuple[int, ...], one: bool = False, norm: bool = False) -> nn.Module:
    """Simonyan & Zisserman (2014), table 1: the widths of each stage, with a max pool after it.

    ``one`` makes the third kernel of a stage 1x1 (column C); ``norm`` adds an LRN after the first
    convolution (A-LRN).
    """

    def layers() -> Iterator[nn.Module]:
        channels = 3
        for stage in stages:
            for i, width in enumerate(stage):
                kernel = 1 if one and i == 2 else 3
                yield nn.Conv2d(channels, width, kernel, padding=kernel // 2)
                yield nn.ReLU()
                if norm and channels == 3:
                    yield response_norm()
                channels = width
            yield nn.MaxPool2d(2)

    return nn.Sequential(*layers(), *classifier(7 * 7 * 512))


def vgg11_lrn() -> nn.Module:
    """Column A-LRN."""
    return vgg((64,), (128,), (256, 256), (512, 512), (512, 512), norm=True)


def vgg16_conv1() -> nn.Module:
    """Column C."""
    return vgg((64, 64), (128, 128), (256,) * 3, (512,) * 3, (512,) * 3, one=True)
