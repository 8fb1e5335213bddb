"""The parts of torchvision's detectors that do not depend on data: backbone, pyramid, dense head.

``python -m cnnspec import tests.census.dense_parts:ssd300_vgg16`` imports one."""

from functools import partial
from typing import Any

import torch
from torch import nn

from tests.support import build


class DensePart(nn.Module):
    """A detector's backbone and the head that reads its maps; no anchors, no boxes."""

    def __init__(self, detector: Any):
        super().__init__()
        self.backbone = detector.backbone
        self.head = detector.rpn.head if hasattr(detector, "rpn") else detector.head

    def forward(self, images: torch.Tensor) -> Any:
        return self.head(list(self.backbone(images).values()))


def build_dense_part(name: str) -> DensePart:
    """Build the dense part of one of torchvision's detectors, without weights."""
    return DensePart(build("torchvision", name))


def __getattr__(name: str) -> Any:
    if "_" in name and not name.startswith("_"):
        return partial(build_dense_part, name)
    raise AttributeError(name)
