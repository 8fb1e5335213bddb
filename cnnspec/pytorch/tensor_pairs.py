"""Pair the tensors of a built module with those of another model, before weights are copied.

Where calls differ there are several ways to pair them. A wrong one gives other values.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import permutations
from math import prod
from typing import TypeVar

import torch
from torch import nn

from cnnspec.analyses.alignment.align import Alignment
from cnnspec.pytorch.built_module import BuiltModule
from cnnspec.units import Shape

# Names in the built module and in the model. "qkv.weight[8:16]" are these rows of a tensor.
TensorPairs = list[tuple[str, str]]
ROWS = re.compile(r"\[(\d+):(\d+)\]$")
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


def pair_tensors_by_name(alignment: Alignment, built: BuiltModule, model: nn.Module) -> TensorPairs:
    """Pair tensors of one name and shape (weight, running_mean, ...) by their first use.

    Two ways to write one function may use its tensors in another order.
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
            if name.rpartition(".")[2] == other.rpartition(".")[2]
            and fit_shape(theirs[other], tuple(ours[name].shape)) is not None
        )
        found = next(same, None)
        if found is not None:
            left.remove(found)
            pairs.append((name, found))
    return pairs


def pair_split_tensors(
    alignment: Alignment, built: BuiltModule, model: nn.Module
) -> Iterator[TensorPairs]:
    """Pair a tensor with several that are its rows: one of q, k and v with one for each of them.

    Weights and biases are paired apart, by their first use. Nothing if rows do not add up. The
    parts of a tensor are tried in every order, the same for all tensors.
    """
    sides = [
        split_by_columns(side.tensors(), dict(module.named_parameters()))
        for side, module in ((alignment.spec, built), (alignment.model, model))
    ]
    if sides[0].keys() != sides[1].keys():
        return
    pairs: TensorPairs = []
    for key, ours in sides[0].items():
        found = refine_rows(ours, sides[1][key])
        if found is None:
            return
        pairs += found
    groups: dict[str, list[int]] = {}
    for i, (name, other) in enumerate(pairs):
        whole = base_name(name) if name != base_name(name) else base_name(other)
        if (name, other) != (base_name(name), base_name(other)):
            groups.setdefault(whole, []).append(i)
    if not groups:
        return
    sizes = {len(group) for group in groups.values()}
    orders = permutations(range(max(sizes))) if len(sizes) == 1 and max(sizes) < 4 else [()]
    for order in orders:
        ordered = list(pairs)
        for group in groups.values() if order else ():
            for i, k in zip(group, order, strict=True):
                ordered[i] = pairs[i][0], pairs[group[k]][1]
        yield ordered


def split_by_columns(
    names: list[str], parameters: Mapping[str, torch.Tensor]
) -> dict[tuple[bool, int], list[tuple[str, int]]]:
    """Return parameters with their numbers of rows, by whether they are vectors, and columns."""
    found: dict[tuple[bool, int], list[tuple[str, int]]] = {}
    for name in names:
        if name in parameters:
            p = parameters[name]
            rows = p.shape[0] if p.dim() else 1
            key = p.numel() == rows, p.numel() // max(rows, 1)
            found.setdefault(key, []).append((name, rows))
    return found


def refine_rows(ours: list[tuple[str, int]], theirs: list[tuple[str, int]]) -> TensorPairs | None:
    """Pair rows of tensors in their order, of which one of two is whole; None where none is."""
    if sum(n for _, n in ours) != sum(n for _, n in theirs):
        return None
    pairs: TensorPairs = []
    i = j = a = b = 0  # tensors of both sides, and the rows of them that are paired
    while i < len(ours) and j < len(theirs):
        (mine, m), (other, n) = ours[i], theirs[j]
        rows = min(m - a, n - b)
        if rows not in (m, n):
            return None
        pairs.append((name_rows(mine, a, rows, m), name_rows(other, b, rows, n)))
        a, b = a + rows, b + rows
        if a == m:
            i, a = i + 1, 0
        if b == n:
            j, b = j + 1, 0
    return pairs


def name_rows(name: str, start: int, rows: int, size: int) -> str:
    return name if rows == size else f"{name}[{start}:{start + rows}]"


def base_name(name: str) -> str:
    """Return the name of the tensor of which a name may mean only some rows."""
    return ROWS.sub("", name)


def take_rows(tensors: Mapping[str, Tensor], name: str) -> Tensor:
    """Return the tensor of a name, or the rows of it that the name means."""
    if name in tensors:
        return tensors[name]
    tensor, found = tensors[base_name(name)], ROWS.search(name)
    assert found
    return None if tensor is None else tensor[int(found[1]) : int(found[2])]


def named_tensors(model: nn.Module) -> dict[str, torch.Tensor]:
    return dict([*model.named_parameters(), *model.named_buffers()])


def fit_shape(value: torch.Tensor, shape: Shape) -> torch.Tensor | None:
    """Reshape a tensor; None where shapes differ by more than ones or the place of channels.

    The weight of a linear layer also fits a convolution over its whole map, row by row.
    """

    def without_ones(s: Shape) -> Shape:
        return tuple(n for n in s if n != 1)

    channels_first = value.movedim(-1, 1) if value.dim() > 2 else value
    for candidate in (value, channels_first):
        if without_ones(tuple(candidate.shape)) == without_ones(shape):
            return candidate.reshape(shape)
    rows = value.shape[:1] == shape[:1] and 2 in (value.dim(), len(shape))
    return value.reshape(shape) if rows and value.numel() == prod(shape) else None
