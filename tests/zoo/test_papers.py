"""Compare the zoo with models written from papers, where no library has them.

``models/`` does not use cnnspec: each model is what somebody with the paper would write in PyTorch.
"""

from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import nn

import cnnspec
from tests.support import references
from tests.zoo.comparison import assert_equal, assert_same_values
from tests.zoo.models import (
    classics,
    deeplab,
    dense,
    detectors,
    generative,
    googlenet,
    lenet,
    mobile,
    residual,
    segmentation,
)

MODELS: dict[str, Callable[[], nn.Module]] = {
    "lenet5": lenet.lenet5,
    "lenet5_original": lenet.OriginalLeNet5,
    "lenet5_geron": lenet.lenet5_geron,
    "bird_cnn": lenet.bird_cnn,
    "keras_cifar_cnn": lenet.keras_cifar_cnn,
    "mlp_32x32": lenet.mlp_32x32,
    "mlp_mnist": lenet.mlp_mnist,
    "cnn_1d": lenet.TimeSeriesFCN,
    "alexnet": classics.alexnet,
    "alexnet_single_tower": partial(classics.alexnet, groups=1),
    "alexnet_geron": partial(classics.alexnet, groups=1, softmax=True),
    "zfnet": classics.zfnet,
    "nin": classics.nin,
    "nin_cifar10": classics.nin_cifar10,
    "vgg11_lrn": classics.vgg11_lrn,
    "vgg16_conv1": classics.vgg16_conv1,
    "googlenet": googlenet.GoogLeNet,
    "resnet50_v1": partial(residual.resnet_v1, 3, 4, 6, 3),
    "resnet101_v1": partial(residual.resnet_v1, 3, 4, 23, 3),
    "resnet152_v1": partial(residual.resnet_v1, 3, 8, 36, 3),
    **{f"resnet{n}_cifar": partial(residual.resnet_cifar, n) for n in (20, 32, 44, 56, 110, 1202)},
    **{
        f"resnet{n}_cifar_b": partial(residual.resnet_cifar, n, "B")
        for n in (20, 32, 44, 56, 110, 1202)
    },
    **{f"preact_resnet{n}": partial(residual.preact_resnet, n) for n in (110, 164, 1001)},
    "densenet_40_12": partial(dense.densenet, 40, 12, bc=False),
    "densenet_bc_100_12": partial(dense.densenet, 100, 12, bc=True),
    **{
        f"mobilenet_v1_{name}": partial(mobile.mobilenet, alpha)
        for name, alpha in {
            "075": 0.75,
            "050": 0.5,
            "025": 0.25,
            "192": 1,
            "160": 1,
            "128": 1,
        }.items()
    },
    "mobilenet_v1_full_conv": partial(mobile.mobilenet, separable=False),
    "fcn32s": partial(segmentation.FCN, skips=False),
    "fcn8s": partial(segmentation.FCN, skips=True),
    "unet": segmentation.UNet,
    "segnet": segmentation.SegNet,
    "deconvnet": segmentation.DeconvNet,
    "deeplabv3_resnet50_aux": deeplab.DeepLabv3,
    "dcgan_generator": generative.dcgan_generator,
    "dcgan_discriminator": generative.dcgan_discriminator,
    "conv_autoencoder": generative.conv_autoencoder,
    "siamese": generative.Siamese,
    "ssd300_vgg16": detectors.ssd300,
    "ssd512": detectors.ssd512,
    "yolov1": detectors.yolov1,
    "yolox_s": partial(detectors.YOLOX, 0.33, 0.5),
    "yolox_m": partial(detectors.YOLOX, 0.67, 0.75),
    "yolox_l": partial(detectors.YOLOX, 1, 1),
    "yolox_x": partial(detectors.YOLOX, 1.33, 1.25),
}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(n, marks=[pytest.mark.long] if n == "resnet1202_cifar_b" else [])
        for n in MODELS
    ],
)
def test_network_equals_the_papers(name: str) -> None:
    with torch.device("meta"):
        model = MODELS[name]().eval()
    assert_equal(cnnspec.load(name), model)


# Smaller inputs for the comparison of values, where the own size of a network takes long.
SMALLER = {
    **dict.fromkeys(
        (
            "resnet50_v1",
            "resnet101_v1",
            "resnet152_v1",
            "mobilenet_v1_075",
            "mobilenet_v1_050",
            "mobilenet_v1_025",
            "mobilenet_v1_full_conv",
        ),
        (3, 64, 64),
    ),
    **dict.fromkeys(("yolox_s", "yolox_m", "yolox_l", "yolox_x", "fcn32s", "fcn8s"), (3, 64, 64)),
    "unet": (1, 188, 188),
    "segnet": (3, 72, 104),
    "deeplabv3_resnet50_aux": (3, 65, 65),
}
QUICK = {
    "lenet5",
    "bird_cnn",
    "keras_cifar_cnn",
    "mlp_32x32",
    "mlp_mnist",
    "cnn_1d",
    "nin",
    "nin_cifar10",
    "googlenet",
    "resnet20_cifar",
    "resnet20_cifar_b",
    "densenet_40_12",
    "mobilenet_v1_050",
    "dcgan_generator",
    "dcgan_discriminator",
    "conv_autoencoder",
    "siamese",
}
# The bitmaps of RBF units are drawn anew, and the tanh is not scaled.
WITHOUT_VALUES = {"lenet5_original", "lenet5_geron"}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(n, marks=[] if n in QUICK else pytest.mark.long)
        for n in MODELS
        if n not in WITHOUT_VALUES
    ],
)
def test_network_gives_what_the_papers_gives(name: str) -> None:
    network = cnnspec.load(name, input=SMALLER[name]) if name in SMALLER else cnnspec.load(name)
    assert_same_values(network, MODELS[name])


@pytest.mark.parametrize("name", [n for names in cnnspec.networks().values() for n in names])
def test_every_network_has_a_second_author(name: str) -> None:
    assert name in MODELS.keys() | {r.network for r in references()}, (
        "write a model of it, or add a [reference]"
    )
