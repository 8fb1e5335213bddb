"""Record dropout with its probability, but switch it off.

A recorded run is then the same each time, and its values can be compared.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import torch
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.overrides import TorchFunctionMode

from cnnspec.ops.registry import OPERATORS, load_operator

# Matches not native_dropout, which also returns a mask.
DROPOUT_FUNCTION = re.compile(r"(?:feature_)?(alpha_)?dropout(?:[123]d|_)?")
# Takes the kind of the call, its fields, the tensor it read and the tensor it returned.
NoteCall = Callable[[str, dict[str, Any], torch.Tensor, torch.Tensor], None]


@cache
def acts_in_training_only(kind: str) -> bool:
    """Return whether a recorded call is dropout or the like, which values do not show."""
    known = kind in OPERATORS and load_operator(kind).role == "regulariser"
    return known or kind in ("alpha_dropout", "random")


class DropoutRecorder(TorchFunctionMode):
    """Record each dropout, whether a module or a function calls it, and make it the identity."""

    def __init__(self, note: NoteCall):
        super().__init__()
        self.note = note

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name, kwargs = getattr(func, "__name__", ""), kwargs or {}
        match = DROPOUT_FUNCTION.fullmatch(name)
        if match is None:
            return func(*args, **kwargs)
        given = dict(zip(("input", "p", "training", "inplace"), args, strict=False)) | kwargs
        x: torch.Tensor = given["input"]
        p = given.get("p", 0.5)
        # torch.nn.functional's alpha dropout is off by default, its other dropouts are on.
        active = given.get("training", given.get("train", match[1] is None))
        if not active or p == 0:
            return x
        fields = {"p": p, "channels": "feature" in name or name.endswith("d")}
        result = x if given.get("inplace") or name.endswith("_") else x.clone()
        self.note(f"{match[1] or ''}dropout", fields, x, result)
        return result


@contextmanager
def module_hooks(enter: Callable[..., Any], leave: Callable[..., Any]) -> Iterator[None]:
    """Call ``enter`` before the forward of every module, and ``leave`` after it, even if it raised.

    What ``leave`` returns replaces the output, unless it is None.
    """
    hooks = [
        register_module_forward_pre_hook(enter),
        register_module_forward_hook(leave, always_call=True),
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
