"""The models of the census: the fixed sample, all of torchvision's and timm's, and their kinds."""

import hashlib
from typing import Any

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

# The fixed sample that the long tests import and prove, at 64x64 where no size is given.
SAMPLE: dict[str, int] = {
    **dict.fromkeys(
        [
            *[f"torchvision:{name}" for name in ("alexnet", "densenet121", "efficientnet_b0")],
            *[f"torchvision:{name}" for name in ("mnasnet0_5", "mobilenet_v2", "resnet18")],
            *[f"torchvision:{name}" for name in ("mobilenet_v3_small", "regnet_x_400mf")],
            *[f"torchvision:{name}" for name in ("shufflenet_v2_x0_5", "squeezenet1_1")],
            *[f"torchvision:{name}" for name in ("convnext_tiny", "vgg11_bn", "googlenet")],
            *[f"torchvision:{name}" for name in ("resnext50_32x4d", "efficientnet_v2_s")],
            *[f"timm:{name}" for name in ("resnetv2_50", "ghostnet_100", "dla34", "repvgg_a0")],
            *[f"timm:{name}" for name in ("mixnet_s", "xception41", "res2net50_26w_4s")],
            *[f"timm:{name}" for name in ("gcresnet50t", "eca_resnet33ts", "poolformer_s12")],
            *[f"timm:{name}" for name in ("efficientnet_lite0", "seresnet50", "cspresnet50")],
            *[f"timm:{name}" for name in ("mobilenetv4_conv_small", "dpn48b", "hardcorenas_a")],
            *[f"timm:{name}" for name in ("fbnetc_100", "spnasnet_100", "tinynet_e", "lcnet_050")],
            *[f"timm:{name}" for name in ("regnety_002", "semnasnet_075", "resnet26d")],
        ],
        64,
    ),
    "timm:vit_tiny_patch16_224": 224,
    "timm:mixer_s32_224": 224,
}
DENSE_PARTS = "tests.census.dense_parts"
# Calls that multiply two computed values as matrices; a CNN has none.
PRODUCTS = ("bmm", "baddbmm", "scaled_dot_product")


def list_all_sources() -> list[str]:
    """List torchvision's models of images and videos, its detectors' dense parts, and timm's."""
    from tests.support import import_timm

    timm = import_timm()
    from torchvision import models

    kinds = (models, models.segmentation, models.video)
    ours = [f"torchvision:{name}" for kind in kinds for name in models.list_models(kind)]
    dense = [f"{DENSE_PARTS}:{name}" for name in models.list_models(models.detection)]
    return ours + dense + [f"timm:{name}" for name in timm.list_models()]


def fingerprint(model: nn.Module) -> str:
    """Return a digest of all that a model is except for its weights' values."""
    found = hashlib.sha256(repr(model).encode())
    for name, value in [*model.named_parameters(), *model.named_buffers()]:
        found.update(f"{name} {tuple(value.shape)}\n".encode())
    for name, module in model.named_modules():
        plain = {key: value for key, value in vars(module).items() if is_plain(value)}
        found.update(f"{name} {type(module).__qualname__} {plain}\n".encode())
    return found.hexdigest()[:16]


def is_plain(value: Any) -> bool:
    """Return whether an attribute is a number, a word, or several of them."""
    if isinstance(value, (tuple, list)):
        return all(map(is_plain, value))
    return isinstance(value, (int, float, str, torch.Size))


class CountOperations(TorchDispatchMode):
    """Counts the spatial convolutions, and the products of two computed values."""

    def __init__(self) -> None:
        super().__init__()
        self.convolutions = self.products = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        name = func.__name__
        if name.startswith("convolution") and max(args[1].shape[2:]) > 1:
            self.convolutions += 1
        self.products += any(product in name for product in PRODUCTS)
        return func(*args, **(kwargs or {}))


def find_kind(model: nn.Module, shape: tuple[int, ...]) -> str:
    """Return "cnn" for a model with three spatial convolutions and no attention, else "other".

    A model that cannot run without values is "other" too."""
    counts = CountOperations()
    try:
        with torch.no_grad(), counts, torch.device("meta"):
            model.to("meta").eval()(torch.zeros(1, *shape))
    except (RuntimeError, ValueError, TypeError, AssertionError):
        return "other"
    return "cnn" if counts.convolutions >= 3 and not counts.products else "other"
