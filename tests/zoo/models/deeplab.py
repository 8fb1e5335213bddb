"""DeepLabv3 with the auxiliary head that torchvision adds for training."""

from typing import Any

from torch import Tensor, nn

from tests.support import import_torchvision


class DeepLabv3(nn.Module):
    """torchvision's model without the output of the auxiliary head at inference."""

    def __init__(self) -> None:
        super().__init__()
        build: Any = import_torchvision().models.get_model_builder("deeplabv3_resnet50")
        self.model = build(weights=None, weights_backbone=None, aux_loss=True)

    def forward(self, x: Tensor) -> Tensor:
        found = self.model.classifier(self.model.backbone(x)["out"])
        return nn.functional.interpolate(found, x.shape[2:], mode="bilinear")
