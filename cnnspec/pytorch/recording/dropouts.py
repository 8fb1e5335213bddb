"""Record dropout and products with random masks with their probability, but switch them off.

A recorded run is the same each time, and its values can be compared.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import torch
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.overrides import TorchFunctionMode

from cnnspec.ops.registry import find_operator
from cnnspec.pytorch.recording.call_log import CallLog, NewCall
from cnnspec.pytorch.recording.random_tensors import RandomTensor
from cnnspec.pytorch.recording.readers import Fields
from cnnspec.pytorch.recording.scalings import is_scaling, multiply
from cnnspec.units import Shape

# Matches not native_dropout, which also returns a mask.
DROPOUT_FUNCTION = re.compile(r"(?:feature_)?(alpha_)?dropout(?:[123]d|_)?")
# Takes the kind of the call, its fields, the tensor it read and the tensor it returned.
NoteCall = Callable[[str, dict[str, Any], torch.Tensor, torch.Tensor], None]


@cache
def acts_in_training_only(kind: str) -> bool:
    """Return whether a recorded call is dropout or the like, which values do not show."""
    return find_operator(kind).role == "regulariser" or kind in ("alpha_dropout", "random")


def mark_dropped(kind: str, fields: Fields, x: torch.Tensor) -> None:
    """Change values in place where dropout acts, to show that both sides drop the same values.

    The change depends on the probability. Dropping whole examples commutes with a factor, as this
    does; dropping elements commutes with the order of elements alone.
    """
    p = fields.get("p", 0.0)
    if kind == "random":
        return  # one that is rescaled later is marked then
    if "mode" in fields:
        x.mul_(1 + p)
    else:
        x.add_(x.mul(3).add_(1).sin_(), alpha=p)


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


def round_probability(fields: Fields) -> Fields:
    """Return the fields of a dropout with what float32 shows of its probability.

    Libraries compute the rates of stochastic depth in float32."""
    return {**fields, "p": float(f"{fields['p']:.6g}")} if "p" in fields else fields


def read_dropout(kind: str, fields: Fields, x: torch.Tensor) -> tuple[str, Fields]:
    """Return the kind and the fields of a dropout; of single channels it drops whole examples."""
    fields = round_probability(fields)
    if kind == "dropout" and fields["channels"] and x.dim() > 2 and x.shape[1] == 1:
        return "stochastic_depth", {"p": fields["p"], "mode": "row"}
    return kind, fields


def find_dropping(x: RandomTensor, mask: Shape, shape: Shape) -> tuple[str, Fields] | None:
    """Return the kind and the fields of dropping values of a shape, with the batch, by a mask."""
    p = round(1 - x.keep, 12)
    mask = (1,) * (len(shape) - len(mask)) + mask
    if mask == shape and any(n > 1 for n in shape[1:]):
        return "dropout", {"p": p, "channels": False}
    if set(mask) == {1}:
        return "stochastic_depth", {"p": p, "mode": "batch"}
    if mask[0] == shape[0] and set(mask[1:]) <= {1}:
        return "stochastic_depth", {"p": p, "mode": "row"}
    if mask[:2] == shape[:2] and set(mask[2:]) <= {1}:
        return "dropout", {"p": p, "channels": True}
    return None


def read_random_product(
    log: CallLog, new: NewCall, x: RandomTensor, mask: Shape, result: torch.Tensor
) -> NewCall:
    """Return the call that multiplies a value by a random mask, and correct its result.

    It drops and rescales if the mask is rescaled, or the value was before: else it is a "random"
    operation with the mask's probability, until a later one rescales.
    """
    if not x.is_mean:
        result.mul_(x.keep * x.scale)
    found = find_dropping(x, mask, new.output)
    if found is None or new.output != new.shapes[0]:
        return new.replace(kind="random", fields={"of": "mul"})
    kind, fields = found[0], round_probability(found[1])
    before = log.maker(new.reads[0], "mul")
    if multiply(x.keep, x.scale) == 1:
        return new.replace(kind=kind, fields=fields)
    if before and is_scaling(before) and multiply(x.keep, x.scale, before.fields["other"]) == 1:
        return before.replace(kind=kind, fields=fields, absorbs=(new.reads[0].call,))
    fields = {**fields, "of": kind, "scale": multiply(x.keep, x.scale)}
    return new.replace(kind="random", fields=fields)
