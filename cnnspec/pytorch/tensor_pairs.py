"""Pair the tensors of a built module with those of another model, before weights are copied.

Where calls differ there are several ways to pair them. A wrong one gives other values.
"""

import re
from collections.abc import Mapping
from math import prod
from typing import TypeVar

import torch
from torch import nn

from cnnspec.analyses.alignment.align import Alignment
from cnnspec.pytorch.built_module import BuiltModule
from cnnspec.units import Shape

# Names in the built module and in the model. "qkv.weight[8:16]" are these rows of a tensor, and
# "qkv.weight[8:16:3]" every third of them.
TensorPairs = list[tuple[str, str]]
ROWS = re.compile(r"\[(\d+):(\d+)(?::(\d+))?\]$")
Tensor = TypeVar("Tensor", torch.Tensor, torch.Tensor | None)


def pair_tensors_by_calls(alignment: Alignment) -> TensorPairs:
    """Pair the tensors of the built module and of the model that aligned calls use."""
    spec, model = alignment.spec.calls, alignment.model.calls
    calls = [(spec[i].tensors, model[j].tensors) for i, j in sorted(alignment.pairs.items())]
    return list(dict.fromkeys(pair for a, b in calls for pair in zip(a, b, strict=False)))


def pair_tensors_by_order(
    alignment: Alignment, built: BuiltModule, model: nn.Module
) -> TensorPairs:
    """Pair tensors where calls are not aligned: parameters by their first use, then buffers."""
    spec_order, model_order = alignment.spec.tensors(), alignment.model.tensors()
    pairs: TensorPairs = []
    for ours, theirs in (
        (dict(built.named_parameters()), dict(model.named_parameters())),
        (dict(built.named_buffers()), dict(model.named_buffers())),
    ):
        pairs += zip(
            [name for name in spec_order if name in ours],
            [name for name in model_order if name in theirs],
            strict=False,
        )
    return pairs


def pair_remaining_tensors(
    alignment: Alignment, built: BuiltModule, model: nn.Module
) -> TensorPairs:
    """Pair tensors by the aligned calls that use as many, and the remaining ones by their order."""
    spec, calls = alignment.spec.calls, alignment.model.calls
    used = [(spec[i].tensors, calls[j].tensors) for i, j in sorted(alignment.pairs.items())]
    pairs: TensorPairs = []
    for a, b in used:
        if len(a) == len(b):
            pairs += zip(a, b, strict=True)
    by_name: dict[str, str] = {}
    taken: set[str] = set()
    for mine, other in pairs:
        if mine not in by_name and other not in taken:
            by_name[mine] = other
            taken.add(other)
    for kind in ("named_parameters", "named_buffers"):
        ours, theirs = dict(getattr(built, kind)()), dict(getattr(model, kind)())
        left = [n for n in alignment.spec.tensors() if n in ours and n not in by_name]
        right = [n for n in alignment.model.tensors() if n in theirs and n not in taken]
        by_name.update(zip(left, right, strict=False))
    return list(by_name.items())


def pair_tensors_by_name(
    alignment: Alignment, built: BuiltModule, model: nn.Module, any_name: bool = False
) -> TensorPairs:
    """Pair tensors of one name and shape (weight, running_mean, ...) by their first use.

    Two ways to write one function may use its tensors in another order. With ``any_name`` only
    shapes count, and whether a tensor is trained.
    """
    pairs: TensorPairs = []
    ours, theirs = named_tensors(built), named_tensors(model)
    left = [n for n in alignment.model.tensors() if n in theirs]
    for name in alignment.spec.tensors():
        if name not in ours:
            continue
        same = (
            other
            for other in left
            if (any_name or name.rpartition(".")[2] == other.rpartition(".")[2])
            and isinstance(ours[name], nn.Parameter) == isinstance(theirs[other], nn.Parameter)
            and fit_shape(theirs[other], tuple(ours[name].shape)) is not None
        )
        found = next(same, None)
        if found is not None:
            left.remove(found)
            pairs.append((name, found))
    return pairs


def name_rows(name: str, start: int, rows: int, size: int, step: int = 1) -> str:
    if rows == size:
        return name
    end = start + (rows - 1) * step + 1
    return f"{name}[{start}:{end}]" if step == 1 else f"{name}[{start}:{end}:{step}]"


def base_name(name: str) -> str:
    """Return the name of a whole tensor; ``name`` may mean only some of its rows."""
    return ROWS.sub("", name)


def take_rows(tensors: Mapping[str, Tensor], name: str) -> Tensor:
    """Return the tensor of a name, or the rows of it that the name means."""
    if name in tensors:
        return tensors[name]
    tensor, found = tensors[base_name(name)], ROWS.search(name)
    assert found
    return None if tensor is None else tensor[int(found[1]) : int(found[2]) : int(found[3] or 1)]


def named_tensors(model: nn.Module) -> dict[str, torch.Tensor]:
    return dict([*model.named_parameters(), *model.named_buffers()])


def fit_shape(value: torch.Tensor, shape: Shape) -> torch.Tensor | None:
    """Reshape a tensor; None where shapes differ by more than ones or the place of channels.

    A matrix may be transposed, and so may a table with a map in each row. The positions of a map
    may be one dimension of it. The weight of a linear layer also fits a convolution over its whole
    map, row by row.
    """

    def without_ones(s: Shape) -> Shape:
        return tuple(n for n in s if n != 1)

    channels_first = value.movedim(-1, 1) if value.dim() > 2 else value
    candidates = [value, channels_first]
    if value.dim() > 1 and 2 in (len(shape), value.dim()):
        candidates.append(value.flatten(1).t())
    joined = (*shape[:1], prod(shape[1:]))
    for candidate in candidates:
        if without_ones(tuple(candidate.shape)) in (without_ones(shape), without_ones(joined)):
            return candidate.reshape(shape)
    rows = value.shape[:1] == shape[:1] and 2 in (value.dim(), len(shape))
    return value.reshape(shape) if rows and value.numel() == prod(shape) else None
