"""Compare the zoo with the models of torchvision and timm that the specs name in [reference].

For torchvision's detectors and timm's image encoders only the part that specs describe is compared.
"""

from typing import Any

import pytest
import torch

import cnnspec
from tests.support import Reference, build, import_torchvision, references
from tests.zoo import comparison
from tests.zoo.comparison import Shape, assert_equal, squeezed

LONG: set[str] = set()  # networks that take more than about 10 s


def model_of(reference: Reference) -> torch.nn.Module:
    """Return the reference on the meta device; some are built elsewhere and moved there."""
    try:
        with torch.device("meta"):
            return build(reference.library, reference.model).eval()
    except (NotImplementedError, RuntimeError):
        return build(reference.library, reference.model).to("meta").eval()


def run_reference(model: Any, *inputs: torch.Tensor) -> Any:
    """Return the outputs of the part of a model that the specs describe."""
    match type(model).__name__:
        case "FasterRCNN" | "RetinaNet" | "SSD":
            return predict_boxes(model, *inputs)
        case "VisionTransformerSAM":
            return model.forward_features(*inputs)
    return model(*inputs)


def predict_boxes(model: Any, images: torch.Tensor) -> Any:
    """Return what a torchvision detector predicts for each box, without what depends on data.

    The images are scaled already. The box head gets the largest number of proposals.
    """
    maps = list(model.backbone(images).values())
    if not hasattr(model, "roi_heads"):
        return model.head(maps)
    rows = import_torchvision().models.detection.rpn.concat_box_prediction_layers(
        *model.rpn.head(maps)
    )
    heads = model.roi_heads
    size = (model.backbone.out_channels, *heads.box_roi_pool.output_size)
    regions = torch.zeros(len(images) * model.rpn.post_nms_top_n(), *size, device=images.device)
    return [
        t.unflatten(0, (len(images), -1))
        for t in (*rows, *heads.box_predictor(heads.box_head(regions)))
    ]


def shapes_of(model: torch.nn.Module) -> dict[int, Shape]:
    """Return the shapes of a model's parameters, by id.

    timm's image encoders keep the position embedding with channels last.
    """
    turned = {"pos_embed"} if type(model).__name__ == "VisionTransformerSAM" else set()
    moved = {
        id(p): squeezed(tuple(p[0].movedim(-1, 0).shape))
        for n, p in model.named_parameters()
        if n in turned
    }
    return comparison.shapes_of(model) | moved


@pytest.mark.parametrize(
    "reference",
    [
        pytest.param(
            r, id=f"{r.network}-{r.library}", marks=[pytest.mark.long] * (r.network in LONG)
        )
        for r in references()
    ],
)
def test_network_equals_its_reference(reference: Reference) -> None:
    model = model_of(reference)
    assert_equal(cnnspec.load(reference.path), model, run_reference, shapes_of(model))
