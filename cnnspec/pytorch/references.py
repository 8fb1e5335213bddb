"""The models of torchvision and timm that specs name as references: how each is built, and how it
is run."""

import inspect
import warnings
from typing import Any

import torch
from torch import nn

from cnnspec.ops.roi_align import RoiAlign
from cnnspec.problems import RequestError


def reference(library: str, name: str, shape: tuple[int, ...]) -> tuple[nn.Module, str]:
    """A library's model without trained weights, for an input of a shape (C,H,W), and how it is
    made.

    Raises RequestError where it cannot be had.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            arguments = sized(name, shape) if library == "timm" else {}
            made: nn.Module = BUILDERS[library](name, **arguments)
            return made, "".join(f" with {key} = {value}" for key, value in arguments.items())
    except ImportError:
        raise RequestError(
            f"comparing with {library} needs it: pip install 'cnnspec[references]'"
        ) from None
    except RuntimeError as error:
        raise RequestError(
            f"{library} cannot be imported or cannot build {name}: {error}"
        ) from None
    except ValueError as error:
        raise RequestError(f"{library} has no model {name!r}: {error}") from None


def torchvision(name: str) -> Any:
    from torchvision import models

    builder = models.get_model_builder(name)
    known = inspect.signature(builder).parameters
    more = {"weights_backbone": None} if "weights_backbone" in known else {}
    quick = (
        {"init_weights": False}
        if "init_weights" in known or name in ("googlenet", "inception_v3")
        else {}
    )
    return builder(weights=None, **more, **quick)


def timm(name: str, **arguments: Any) -> Any:
    import timm

    return timm.create_model(name, pretrained=False, **arguments)


def sized(name: str, shape: tuple[int, ...]) -> dict[str, Any]:
    """What timm must be told for another size of input, where its model is made for one."""
    import timm

    own = timm.get_pretrained_cfg(name)
    other = own is not None and own.fixed_input_size and tuple(own.input_size[1:]) != shape[1:]
    return {"img_size": shape[1:]} if other else {}


BUILDERS = {"torchvision": torchvision, "timm": timm}


def run(model: Any, *inputs: torch.Tensor) -> Any:
    """What a reference gives for what a spec describes: all of it but what depends on data."""
    match type(model).__name__:
        case "FasterRCNN" | "RetinaNet" | "SSD":
            return predictions(model, *inputs)
        case "VisionTransformerSAM":
            return model.forward_features(*inputs)
    return model(*inputs)


def predictions(model: Any, images: torch.Tensor) -> Any:
    """What a detector of torchvision predicts for each box of images scaled already.

    A box head gets as many regions as proposals are kept at most at inference; they are those of a
    spec's roi_align, which chooses them by itself, so that the two can be compared."""
    maps = list(model.backbone(images).values())
    if not hasattr(model, "roi_heads"):
        return model.head(maps)
    from torchvision.models.detection.rpn import concat_box_prediction_layers

    rows = concat_box_prediction_layers(*model.rpn.head(maps))
    heads, count = model.roi_heads, model.rpn._post_nms_top_n["testing"]
    pool = RoiAlign(
        regions=count,
        output_size=tuple(heads.box_roi_pool.output_size),
        sampling_ratio=heads.box_roi_pool.sampling_ratio,
    )
    pyramid = maps[: len(heads.box_roi_pool.featmap_names)]
    shapes = [tuple(m.shape[1:]) for m in pyramid]
    regions = (
        pool.build(torch, *shapes, y=pool.output(*shapes))(*pyramid).movedim(-1, 1).flatten(0, 1)
    )
    return [
        t.unflatten(0, (len(images), -1))
        for t in (*rows, *heads.box_predictor(heads.box_head(regions)))
    ]
