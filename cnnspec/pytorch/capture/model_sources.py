"""Make the model that a source of an import names: a library's, or that of a user's factory.

``torchvision:NAME`` and ``timm:NAME`` are built without weights; ``package.module:factory`` and
``file.py:factory`` call the user's code. No connection may be opened meanwhile."""

import os
import sys
import warnings
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from torch import nn

from cnnspec.files import FILES_READ
from cnnspec.problems import RequestError, describe_exception, did_you_mean, visible
from cnnspec.pytorch.capture.forbid_network import forbid_network
from cnnspec.pytorch.load_models import BUILDERS, load_user_model
from cnnspec.pytorch.random_weights import SkipInitialization
from cnnspec.records import Record
from cnnspec.units import Shape

ASKED = "cnnspec import"  # what takes a source, in messages
FORMS = "torchvision:resnet50, timm:resnetv2_50, package.module:factory or file.py:factory"
VIDEO_INPUT = (3, 16, 112, 112)


class LoadedModel(Record):
    """A model to import, its name and title, its origin, and the input that it is made for.

    ``input`` is None where nothing says it."""

    model: nn.Module
    name: str
    title: str
    origin: str
    input: Shape | None = None


def load_source(source: str, arguments: dict[str, Any]) -> LoadedModel:
    """Make the model that a source names, with arguments for its factory. Raises RequestError."""
    library, _, name = source.partition(":")
    if not library or not name:
        shown = visible(source, 60)
        if ":" not in source:
            check_is_file(source)
        raise RequestError(f"{ASKED} takes {FORMS}, or a model file; {shown!r} is none of them")
    with forbid_network(f"building {visible(source, 60)}"), SkipInitialization():
        if library in BUILDERS:
            return load_library_model(library, name, arguments)
        return load_factory_model(source, arguments)


def check_is_file(source: str) -> None:
    """Raise RequestError for a folder, and for the name of a file that is not there."""
    if os.path.isdir(source):
        raise RequestError(f"{visible(source, 60)} is a folder, not a model file")
    if os.path.splitext(source)[1] or os.path.dirname(source):  # no model's name has a dot
        raise RequestError(f"there is no file {visible(source, 60)}")


def load_library_model(library: str, name: str, arguments: dict[str, Any]) -> LoadedModel:
    """Build a library's model without weights. Raises RequestError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            model = BUILDERS[library](name, **arguments)
    except ImportError as error:
        if error.name != library:
            raise RequestError(f"{library} cannot be imported: {error}") from None
        raise RequestError(
            f"a model of {library} needs it: pip install 'cnnspec[references]'"
        ) from None
    except (RuntimeError, ValueError, TypeError, KeyError) as error:
        hint = did_you_mean(name, list_models(library))
        reason = describe_exception(error)
        raise RequestError(
            f"{library} does not make {visible(name, 60)!r}: {reason}"
            + (f"; {hint}" if hint else "")
        ) from None
    origin = f"{library} {version(library)}, {name}"
    return LoadedModel(model, name, f"{name} ({library})", origin, INPUTS[library](model, name))


def list_models(library: str) -> list[str]:
    """List the models of a library; none if it cannot be imported."""
    try:
        if library == "timm":
            import timm

            return list(timm.list_models())
        from torchvision import models

        return list(models.list_models())
    except (ImportError, RuntimeError):
        return []


def find_torchvision_input(model: nn.Module, name: str) -> Shape | None:
    """Return the input for which torchvision's weights of a model are made."""
    from torchvision import models

    try:
        transforms = next(iter(models.get_model_weights(name))).transforms.keywords
    except (ValueError, StopIteration, AttributeError):
        return None
    size = transforms.get("crop_size")
    if size is None:
        return None
    return (*VIDEO_INPUT[:2], *size) if isinstance(size, (list, tuple)) else (3, size, size)


def find_timm_input(model: Any, name: str) -> Shape | None:
    """Return the input for which a timm model is made."""
    size = (getattr(model, "default_cfg", None) or {}).get("input_size")
    return tuple(size) if size else None


INPUTS: dict[str, Callable[[Any, str], Shape | None]] = {
    "torchvision": find_torchvision_input,
    "timm": find_timm_input,
}


def load_factory_model(source: str, arguments: dict[str, Any]) -> LoadedModel:
    """Make the model of a factory in a module or in a file. Raises RequestError."""
    module, _, attribute = source.rpartition(":")
    if module.endswith(".py"):
        folder, file = os.path.split(os.path.abspath(module))
        if not os.path.isfile(module):
            raise RequestError(f"there is no file {visible(module)}")
        FILES_READ.add(os.path.realpath(module))
        sys.path.insert(0, folder)
        module = file.removesuffix(".py")
        if is_elsewhere(module, folder):
            del sys.modules[module]
    model = load_user_model(f"{module}:{attribute}", arguments, ASKED)
    name = type(model).__name__
    return LoadedModel(model, name, name, visible(source, 120))


def is_elsewhere(module: str, folder: str) -> bool:
    """Return whether a module of this name was imported from another folder."""
    file = getattr(sys.modules.get(module), "__file__", None)
    return file is not None and os.path.dirname(os.path.abspath(file)) != folder
