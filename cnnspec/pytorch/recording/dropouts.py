"""Record dropout and random masks with their probability, but switch them off.

A random mask of zeros and ones is replaced by its mean, which rescaling makes one: dropping then
does nothing, y / keep * floor(keep + rand) gives y. A recorded run is the same each time, and its
values can be compared.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import torch
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.overrides import TorchFunctionMode
from torch.utils.weak import WeakTensorKeyDictionary

from cnnspec.ops.registry import find_operator
from cnnspec.pytorch.recording.call_log import CallLog, NewCall
from cnnspec.pytorch.recording.readers import Fields
from cnnspec.pytorch.recording.scalings import is_scaling, multiply
from cnnspec.records import Record
from cnnspec.units import Shape

# Matches not native_dropout, which also returns a mask.
DROPOUT_FUNCTION = re.compile(r"(?:feature_)?(alpha_)?dropout(?:[123]d|_)?")
# Takes the kind of the call, its fields, the tensor it read and the tensor it returned.
NoteCall = Callable[[str, dict[str, Any], torch.Tensor, torch.Tensor], None]
UNIFORM, MASK, OTHER = "uniform", "mask", "other"
VIEWS = frozenset(["view", "expand", "reshape", "unsqueeze", "squeeze", "alias", "detach"])
COPIES = frozenset(["clone", "_to_copy"])


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


class RandomTensor(Record):
    """What is known of a random tensor.

    Uniform numbers between ``low`` and ``low`` + 1; a mask that is ``scale`` with the probability
    ``keep``, else 0; or anything else. With ``is_mean``, the values of a mask were replaced by its
    mean, else by ones: only double precision holds the mean exactly.
    """

    kind: str
    low: float = 0.0
    keep: float = 0.0
    scale: float = 1.0
    is_mean: bool = True


class RandomTensors:
    """The random tensors of a run."""

    def __init__(self) -> None:
        self.known: Any = WeakTensorKeyDictionary()

    def find(self, tensors: list[torch.Tensor]) -> torch.Tensor | None:
        """Return the first of these tensors that is random."""
        if not len(self.known):
            return None
        return next((t for t in tensors if t in self.known), None)

    def as_mean(self, factor: Any) -> Any:
        """Return the factor of a product, in double precision if it is a mask that needs it."""
        if not len(self.known) or not isinstance(factor, torch.Tensor) or factor.is_meta:
            return factor
        mask = self.known.get(factor)
        if mask is None or mask.kind != MASK or mask.is_mean:
            return factor
        mean = torch.full_like(factor, mask.keep * mask.scale, dtype=torch.float64)
        self.known[mean] = mask.replace(is_mean=True)
        return mean

    def concerns(self, func: Any) -> bool:
        """Return whether an operation is random, or may read what is."""
        return len(self.known) > 0 or torch.Tag.nondeterministic_seeded in func.tags

    def follow(self, func: Any, name: str, given: Fields, result: Any) -> None:
        """Note the result of an operation on random tensors and constants, or of a random one.

        ``name`` is PyTorch's name of the operation ``func``, ``given`` are the arguments by name.
        """
        if not isinstance(result, torch.Tensor):
            return
        drawn = torch.Tag.nondeterministic_seeded in func.tags
        tensors = [t for t in given.values() if isinstance(t, torch.Tensor)]
        first = self.find(tensors)
        if not drawn and first is None:
            return
        before = None if first is None else self.known[first]
        after = describe_drawn(name, given) if drawn else None
        if before and not drawn and len(tensors) == 1:
            after = describe_changed(name, given, before)
        after = after or RandomTensor(OTHER)
        if after.kind == MASK and name not in VIEWS:
            after = after.replace(is_mean=result.dtype == torch.float64)
            result.fill_(after.keep * after.scale if after.is_mean else 1)
        self.known[result] = after


def describe_drawn(name: str, given: Fields) -> RandomTensor | None:
    """Describe what a random operation gives, if it is known."""
    name = name.removesuffix("_")
    if name in ("rand", "rand_like"):
        return RandomTensor(UNIFORM)
    if name == "uniform" and (given.get("from", 0.0), given.get("to", 1.0)) == (0.0, 1.0):
        return RandomTensor(UNIFORM)
    if name == "bernoulli":
        p = given.get("p")
        if isinstance(p, float):
            return RandomTensor(MASK, keep=p)
        chances = p if isinstance(p, torch.Tensor) else given["self"]
        if not chances.is_meta and chances.numel() and bool((chances == chances.max()).all()):
            digits = 12 if chances.dtype == torch.float64 else 7
            return RandomTensor(MASK, keep=float(f"{chances.max().item():.{digits}g}"))
    return None


def describe_changed(name: str, given: Fields, x: RandomTensor) -> RandomTensor | None:
    """Describe what an operation on a random tensor gives, if it is known."""
    name, other = name.removesuffix("_"), given.get("other")
    if name in VIEWS | COPIES:
        return x
    if x.kind == UNIFORM and name == "floor" and 0 <= x.low <= 1:
        return RandomTensor(MASK, keep=x.low)
    if not isinstance(other, (int, float)):
        return None
    if x.kind == UNIFORM:
        if name == "add" and given.get("alpha", 1) == 1:
            return x.replace(low=x.low + other)
        if name in ("lt", "le"):
            return RandomTensor(MASK, keep=min(max(other - x.low, 0.0), 1.0))
        if name in ("gt", "ge"):
            return RandomTensor(MASK, keep=min(max(1 + x.low - other, 0.0), 1.0))
    if x.kind == MASK and name == "mul":
        return x.replace(scale=x.scale * other)
    if x.kind == MASK and name == "div" and other:
        return x.replace(scale=x.scale / other)
    return None


def round_probability(fields: Fields) -> Fields:
    """Return the fields of a dropout with what float32 shows of its probability.

    Libraries compute the rates of stochastic depth in float32."""
    return {**fields, "p": float(f"{fields['p']:.6g}")} if "p" in fields else fields


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
