"""Dropout and its like: while a model is recorded they are noted, with their probability, and do
nothing."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from cnnspec.ops.registry import OPERATORS, operator
from cnnspec.pytorch.recording.hooks import hooked

FUNCTION = re.compile(
    r"(?:feature_)?(alpha_)?dropout(?:[123]d|_)?"
)  # not native_dropout, which gives a mask too
MODULES = {
    "StochasticDepth": "stochastic_depth",
    "DropPath": "stochastic_depth",
}  # by what their classes are called
Note = Callable[
    [str, dict[str, Any], torch.Tensor, torch.Tensor], None
]  # kind, fields, what it read, what it gave


@cache
def acts_in_training_only(kind: str) -> bool:
    """Whether a recorded call is dropout or its like."""
    known = kind in OPERATORS and operator(kind).role == "regulariser"
    return known or kind == "alpha_dropout"


class Dropouts(TorchFunctionMode):
    """Sees dropout wherever it is called, by modules and as a function."""

    def __init__(self, note: Note):
        super().__init__()
        self.note = note

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name, kwargs = getattr(func, "__name__", ""), kwargs or {}
        kind = FUNCTION.fullmatch(name)
        if kind is None:
            return func(*args, **kwargs)
        given = dict(zip(("input", "p", "training", "inplace"), args, strict=False)) | kwargs
        x: torch.Tensor = given["input"]
        p, active = given.get("p", 0.5), given.get("training", given.get("train", kind[1] is None))
        if not active or p == 0:
            return x
        fields = {"p": p, "channels": "feature" in name or name.endswith("d")}
        result = x if given.get("inplace") or name.endswith("_") else x.clone()
        self.note(f"{kind[1] or ''}dropout", fields, x, result)
        return result


@contextmanager
def paths(note: Note) -> Iterator[None]:
    """While this lasts, modules that drop whole branches are noted and do nothing."""
    active: list[nn.Module] = []

    def enter(module: nn.Module, args: Any) -> None:
        if module.training and type(module).__name__ in MODULES and not list(module.children()):
            module.training = False
            active.append(module)

    def leave(module: nn.Module, args: Any, output: Any) -> Any:
        if not active or active[-1] is not module:
            return None
        active.pop().training = True
        p = getattr(module, "drop_prob", getattr(module, "p", None))
        if not p or not isinstance(output, torch.Tensor):
            return None
        given = output.clone()
        note(
            MODULES[type(module).__name__],
            {"p": p, "mode": getattr(module, "mode", "row")},
            output,
            given,
        )
        return given

    with hooked(enter, leave):
        yield
