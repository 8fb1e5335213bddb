"""Follow random tensors: uniform numbers, and the masks of zeros and ones that are made of them.

A random mask is replaced by its mean, which rescaling makes one: dropping then does nothing,
y / keep * floor(keep + rand) gives y.
"""

from typing import Any

import torch
from torch.utils.weak import WeakTensorKeyDictionary

from cnnspec.pytorch.recording.readers import Fields
from cnnspec.records import Record

UNIFORM, MASK, OTHER = "uniform", "mask", "other"
VIEWS = frozenset(["view", "expand", "reshape", "unsqueeze", "squeeze", "alias", "detach"])
COPIES = frozenset(["clone", "_to_copy"])
INVERSES = "logical_not", "bitwise_not"


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

    def as_product(self, name: str, given: Fields) -> tuple[torch.Tensor, torch.Tensor] | None:
        """Return the factors of the product that a selection by a mask is, if it is one.

        torch.where(mask, x, 0) and x.masked_fill(mask, 0) are x * mask; the mask is its mean.
        """
        if not len(self.known):
            return None
        if name == "where":
            mask, value, other = (given.get(k) for k in ("condition", "input", "other"))
            inverse = is_filled(value, 0)
            value, other = (other, value) if inverse else (value, other)
        else:
            mask, value, other = (given.get(k) for k in ("mask", "input", "value"))
            inverse = True
        if not isinstance(mask, torch.Tensor) or not isinstance(value, torch.Tensor):
            return None
        known = self.known.get(mask)
        if known is None or known.kind != MASK or known.scale != 1 or not is_filled(other, 0):
            return None
        keep = 1 - known.keep if inverse else known.keep
        mean = torch.full_like(mask, keep, dtype=value.dtype)
        self.known[mean] = known.replace(keep=keep, is_mean=True)
        return value, mean

    def note_dropped(
        self, kind: str, fields: Fields, read: torch.Tensor, output: torch.Tensor
    ) -> None:
        """Note the result of dropout of a constant: of ones it is a mask that is rescaled."""
        keep = 1 - fields["p"]
        single = not fields["channels"] or output[:1, :1].numel() == 1
        if kind == "dropout" and keep and single and is_filled(read, 1):
            self.known[output] = RandomTensor(MASK, keep=keep, scale=1 / keep)
        else:
            self.known[output] = RandomTensor(OTHER)

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
    if name == "binomial" and is_filled(given["count"], 1):
        name, given = "bernoulli", {"p": given["prob"]}
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
    if x.kind == UNIFORM and name == "ceil" and -1 <= x.low <= 0:
        return RandomTensor(MASK, keep=1 + x.low)
    inverse = name in INVERSES or (name == "rsub" and other == 1 and given.get("alpha", 1) == 1)
    if x.kind == MASK and x.scale == 1 and inverse:
        return x.replace(keep=1 - x.keep)
    if not isinstance(other, (int, float)):
        return None
    if x.kind == UNIFORM:
        return describe_shifted(name, given, x, other)
    if x.kind == MASK and name == "mul":
        return x.replace(scale=x.scale * other)
    if x.kind == MASK and name == "div" and other:
        return x.replace(scale=x.scale / other)
    return None


def describe_shifted(
    name: str, given: Fields, x: RandomTensor, other: float
) -> RandomTensor | None:
    """Describe uniform numbers with a number added, or compared with one."""
    if given.get("alpha", 1) == 1:
        match name:
            case "add":
                return x.replace(low=x.low + other)
            case "sub":
                return x.replace(low=x.low - other)
            case "rsub":
                return x.replace(low=other - x.low - 1)
    if name in ("lt", "le"):
        return RandomTensor(MASK, keep=min(max(other - x.low, 0.0), 1.0))
    if name in ("gt", "ge"):
        return RandomTensor(MASK, keep=min(max(1 + x.low - other, 0.0), 1.0))
    return None


def is_filled(value: Any, number: int) -> bool:
    """Return whether a value is a number, or a tensor that holds nothing else."""
    if not isinstance(value, torch.Tensor):
        return bool(value == number)
    return not value.is_meta and bool(value.numel()) and bool((value == number).all())
