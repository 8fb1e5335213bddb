"""Load the models that a network is compared with: a library's reference, or a user's own model."""

import copy
import inspect
import os
import sys
import warnings
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import torch
from torch import nn

from cnnspec.graph.model import Graph
from cnnspec.ops.roi_align import RoiAlign
from cnnspec.problems import RequestError, describe_exception, did_you_mean, visible
from cnnspec.spec.variants import LIBRARIES


def check_libraries(libraries: tuple[str, ...], graph: Graph | None = None) -> None:
    """Raise RequestError for a library that is unknown, missing, or not referenced by the spec."""
    for library in libraries:
        if library not in LIBRARIES:
            raise RequestError(
                f"references are in {' and '.join(LIBRARIES)}, not in {visible(library, 60)!r}"
            )
        if graph and library not in graph.reference:
            named = [
                f"{name} ({graph.reference[name]})" for name in LIBRARIES if name in graph.reference
            ]
            has = f"it names one in {' and '.join(named)}" if named else "it names none"
            raise RequestError(
                f"the spec of {visible(graph.name)} names no reference in {library}; {has}"
            )
        if library not in sys.modules and find_spec(library) is None:
            raise RequestError(
                f"comparing with {library} needs it: pip install 'cnnspec[references]'"
            )


def load_reference(library: str, name: str, shape: tuple[int, ...]) -> tuple[nn.Module, str]:
    """Build a library's model, without trained weights, for an input of a shape (C, H, W).

    Also returns the arguments that were needed for this shape, as text. Raises RequestError where
    the library or the model is missing.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            arguments = timm_size_arguments(name, shape) if library == "timm" else {}
            model: nn.Module = BUILDERS[library](name, **arguments)
            return model, "".join(f" with {key} = {value}" for key, value in arguments.items())
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


def build_torchvision_model(name: str, **given: Any) -> Any:
    from torchvision import models

    builder = models.get_model_builder(name)
    known = inspect.signature(builder).parameters
    arguments: dict[str, Any] = {"weights": None}
    if "weights_backbone" in known:
        arguments["weights_backbone"] = None
    if "init_weights" in known or name in ("googlenet", "inception_v3"):
        arguments["init_weights"] = False  # initialisation takes long
    return builder(**{**arguments, **given})


def build_timm_model(name: str, **arguments: Any) -> Any:
    import timm

    return timm.create_model(name, **{"pretrained": False, **arguments})


BUILDERS = {"torchvision": build_torchvision_model, "timm": build_timm_model}


def timm_size_arguments(name: str, shape: tuple[int, ...]) -> dict[str, Any]:
    """Return the arguments that timm needs where its model has a fixed input size of another H, W.

    ``shape`` is (C, H, W).
    """
    import timm

    config = timm.get_pretrained_cfg(name)
    if config is None or not config.fixed_input_size or tuple(config.input_size[1:]) == shape[1:]:
        return {}
    return {"img_size": shape[1:]}


def run_reference(model: Any, *inputs: torch.Tensor) -> Any:
    """Run the part of a library's model that a spec describes: all that does not depend on data."""
    match type(model).__name__:
        case "FasterRCNN" | "RetinaNet" | "SSD":
            return predict_boxes(model, *inputs)
        case "VisionTransformerSAM":
            return model.forward_features(*inputs)
    return model(*inputs)


def predict_boxes(model: Any, images: torch.Tensor) -> Any:
    """Return what a torchvision detector predicts for each box of images that are already scaled.

    A box head gets as many regions as the model keeps proposals at inference. The regions are those
    that a spec's roi_align chooses by itself, so that the two can be compared.
    """
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
    roi_align = pool.build(torch, *shapes, y=pool.output(*shapes))
    regions = roi_align(*pyramid).movedim(-1, 1).flatten(0, 1)
    boxes = heads.box_predictor(heads.box_head(regions))
    return [t.unflatten(0, (len(images), -1)) for t in (*rows, *boxes)]


def copy_model(model: Any) -> nn.Module:
    """Copy a user's model, as verifying may change it. Raises RequestError where it cannot."""
    if not isinstance(model, nn.Module):
        raise RequestError(f"a model is a torch.nn.Module, not {with_article(model)}")
    computed = [t for m in model.modules() for t in vars(m).values() if is_computed(t)]
    try:
        copied = copy.deepcopy(model, {id(t): t.detach().clone() for t in computed})
        for p, other in zip(model.parameters(), copied.parameters(), strict=True):
            copy_hooks(p, other)
        return copied
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit too
        raise RequestError(f"the model cannot be copied: {describe_exception(error)}") from None


def copy_hooks(parameter: nn.Parameter, copied: nn.Parameter) -> None:
    """Let a copy of a parameter have the hooks that change its gradient, as deepcopy does not."""
    for name in ("_backward_hooks", "_post_accumulate_grad_hooks"):
        hooks = getattr(parameter, name, None)
        if hooks:
            setattr(copied, name, copy.copy(hooks))


def is_computed(value: Any) -> bool:
    """Return whether a value is a tensor computed from others, which deepcopy refuses to copy."""
    return isinstance(value, torch.Tensor) and not value.is_leaf


def load_user_model(path: str, arguments: dict[str, Any], asked: str = "--model") -> nn.Module:
    """Call the factory ``package.module:factory`` with arguments and return the model it makes.

    The module is also looked for in the current folder. ``asked`` is what takes the path, in
    messages. Raises RequestError where there is no such factory, or it makes no model.
    """
    module, _, attribute = path.partition(":")
    if not module or not attribute or module.startswith("."):
        raise RequestError(f"{asked} takes package.module:factory, not {visible(path, 60)!r}")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    shown = visible(module, 60)
    try:
        found: Any = import_module(module)
    except ModuleNotFoundError as error:
        if error.name and (module == error.name or module.startswith(f"{error.name}.")):
            raise RequestError(
                f"there is no module {shown!r} to import: it is looked for in the current folder"
                " and among the installed packages"
            ) from None
        raise RequestError(f"{shown} cannot be imported: {describe_exception(error)}") from None
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit too
        raise RequestError(f"{shown} cannot be imported: {describe_exception(error)}") from None
    for name in attribute.split("."):
        if not hasattr(found, name):
            hint = did_you_mean(name, [n for n in dir(found) if not n.startswith("_")])
            raise RequestError(
                f"{shown} has no {visible(name, 60)}" + (f"; {hint}" if hint else "")
            )
        found = getattr(found, name)
    return call_factory(found, visible(path, 120), arguments, asked)


def call_factory(factory: Any, path: str, arguments: dict[str, Any], asked: str) -> nn.Module:
    """Return the model that a factory makes. Raises RequestError where it makes none."""
    if not callable(factory) or isinstance(factory, nn.Module):
        raise RequestError(
            f"{path} is {with_article(factory)};"
            f" {asked} takes a class or a function that makes the model"
        )
    call = f"{path}({visible(', '.join(f'{key}={value!r}' for key, value in arguments.items()))})"
    check_arguments(factory, call, arguments)
    try:
        model = factory(**arguments)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit too
        raise RequestError(f"{call} fails: {describe_exception(error)}") from None
    if not isinstance(model, nn.Module):
        raise RequestError(f"{call} returns {with_article(model)}, not a torch.nn.Module")
    return model


def check_arguments(factory: Any, call: str, arguments: dict[str, Any]) -> None:
    """Raise RequestError for arguments that a factory needs or does not have."""
    try:
        signature = inspect.signature(factory)
    except (TypeError, ValueError):  # compiled code has none
        return
    try:
        signature.bind(**arguments)
    except TypeError as error:
        raise RequestError(
            f"{call} cannot be called: {error}; --arg NAME=VALUE gives an argument"
        ) from None


def with_article(value: Any) -> str:
    """Return the name of a value's class with its article: "an int"."""
    name = type(value).__name__
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"
