"""What a verification is asked for: devices, libraries and models that are there, or a
RequestError."""

import copy
import os
import sys
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from torch import nn

from cnnspec.analyses.verdict import DEVICES
from cnnspec.graph.model import Graph
from cnnspec.problems import RequestError, did_you_mean, visible
from cnnspec.spec.references import LIBRARIES


def check_device(device: str) -> None:
    """Raises RequestError for a device that there is not."""
    if device not in DEVICES:
        raise RequestError(f"a device is one of {', '.join(DEVICES)}, not {visible(device, 60)!r}")


def check_libraries(libraries: tuple[str, ...], graph: Graph | None = None) -> None:
    """Raises RequestError for libraries that are not there, or in which a spec, if given, has no
    reference."""
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


def copied(model: Any) -> nn.Module:
    """A copy of a user's model, which verifying may change. Raises RequestError where that cannot
    be."""
    if not isinstance(model, nn.Module):
        raise RequestError(f"a model is a torch.nn.Module, not {kind(model)}")
    try:
        return copy.deepcopy(model)
    except Exception as error:
        raise RequestError(f"the model cannot be copied: {told(error)}") from None


def made(path: str, arguments: dict[str, Any]) -> nn.Module:
    """The model that ``package.module:factory`` gives for arguments. Raises RequestError where it
    gives none.

    The module is looked for in the current folder too.
    """
    module, _, attribute = path.partition(":")
    if not module or not attribute or module.startswith("."):
        raise RequestError(f"--model takes package.module:factory, not {visible(path, 60)!r}")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    shown = visible(module, 60)
    try:
        found: Any = import_module(module)
    except ModuleNotFoundError as error:
        lacking = error.name and (module == error.name or module.startswith(f"{error.name}."))
        why = (
            "it is looked for in the current folder and among what is installed"
            if lacking
            else told(error)
        )
        raise RequestError(
            f"there is no module {shown!r} to import: {why}"
            if lacking
            else f"{shown} cannot be imported: {why}"
        ) from None
    except (Exception, SystemExit) as error:
        raise RequestError(f"{shown} cannot be imported: {told(error)}") from None
    for name in attribute.split("."):
        if not hasattr(found, name):
            hint = did_you_mean(name, [n for n in dir(found) if not n.startswith("_")])
            raise RequestError(
                f"{shown} has no {visible(name, 60)}" + (f"; {hint}" if hint else "")
            )
        found = getattr(found, name)
    return called(found, visible(path, 120), arguments)


def called(factory: Any, path: str, arguments: dict[str, Any]) -> nn.Module:
    """What a factory gives. Raises RequestError where that is no model."""
    if not callable(factory) or isinstance(factory, nn.Module):
        raise RequestError(
            f"{path} is {kind(factory)}; --model takes a class or a function that makes the model"
        )
    given = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
    try:
        model = factory(**arguments)
    except (Exception, SystemExit) as error:
        raise RequestError(f"{path}({visible(given)}) fails: {told(error)}") from None
    if not isinstance(model, nn.Module):
        raise RequestError(f"{path}({visible(given)}) gives {kind(model)}, not a torch.nn.Module")
    return model


def kind(value: Any) -> str:
    name = type(value).__name__
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


def told(error: BaseException) -> str:
    """An exception of someone else's code in a line."""
    return visible(
        f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}".removesuffix(": "),
        300,
    )
