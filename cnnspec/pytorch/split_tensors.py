"""Pair tensors by their rows: one of q, k and v with three, or with one of another order.

Models also lay the rows of q, k and v out in another order than (3, heads, channels of a head):
as (heads, 3, channels), for instance.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import permutations
from math import gcd, prod

import torch
from torch import nn

from cnnspec.analyses.alignment.align import Alignment
from cnnspec.analyses.alignment.call_graph import Recording, find_readers
from cnnspec.pytorch.built_module import BuiltModule
from cnnspec.pytorch.tensor_pairs import TensorPairs, name_rows
from cnnspec.records import Record

MOST_PARTS = 3  # that are tried in every order
AXES = "part", "head", "channel"  # of the rows that give q, k and v
NEAR = 3  # calls from a product to the slices of its channels


class WeightRows(Record):
    """Every ``step``-th row of a tensor that has ``size`` rows, ``length`` of them."""

    name: str
    start: int
    length: int
    size: int
    step: int = 1

    def part(self, start: int, length: int, step: int = 1) -> "WeightRows":
        return self.replace(start=self.start + start, length=length, step=step)

    def __str__(self) -> str:
        return name_rows(self.name, self.start, self.length, self.size, self.step)


RowPairs = list[tuple[WeightRows, WeightRows]]


def pair_split_tensors(
    alignment: Alignment, built: BuiltModule, model: nn.Module
) -> Iterator[TensorPairs]:
    """Pair tensors by their first use, where one may be several of the other side.

    Weights and biases are paired apart. Nothing if rows do not add up. The parts of a tensor are
    tried in every order, the same for all tensors, and the axes of the model's rows, too. If no
    tensor is several, the parts are those that slices take of what a layer gives.
    """
    pairs: RowPairs = []
    sides = [
        split_by_columns(side.tensors(), dict(module.named_parameters()))
        for side, module in ((alignment.spec, built), (alignment.model, model))
    ]
    if sides[0].keys() != sides[1].keys():
        return
    for key, ours in sides[0].items():
        found = refine_rows(ours, sides[1][key])
        if found is None:
            return
        pairs += found
    groups, others = cut_into_parts(pairs, count_parts(alignment.spec))
    sizes = {len(group) for group in groups}
    if not groups:
        return
    orders = permutations(range(max(sizes))) if sizes in ({2}, {MOST_PARTS}) else [()]
    for order in orders:
        ordered = [*others]
        for group in groups:
            ordered += [(group[i][0], group[k][1]) for i, k in enumerate(order)] or group
        yield [(str(a), str(b)) for a, b in ordered]
    heads = count_heads(alignment.spec)
    for layout in [*permutations(AXES)][1:]:  # the first is that of the spec
        laid_out = [p for g in groups for p in pair_rows_by_heads(g, heads, layout)]
        yield [(str(a), str(b)) for a, b in others + laid_out]


def split_by_columns(
    names: list[str], parameters: Mapping[str, torch.Tensor]
) -> dict[tuple[bool, int], list[WeightRows]]:
    """Return the rows of parameters, by whether these are vectors, and by columns."""
    found: dict[tuple[bool, int], list[WeightRows]] = {}
    for name in names:
        if name in parameters:
            p = parameters[name]
            rows = p.shape[0] if p.dim() else 1
            key = p.numel() == rows, p.numel() // max(rows, 1)
            found.setdefault(key, []).append(WeightRows(name, 0, rows, rows))
    return found


def refine_rows(ours: list[WeightRows], theirs: list[WeightRows]) -> RowPairs | None:
    """Pair rows of tensors in their order, of which one of two is whole; None where none is."""
    if sum(r.length for r in ours) != sum(r.length for r in theirs):
        return None
    pairs: RowPairs = []
    i = j = a = b = 0  # tensors of both sides, and the rows of them that are paired
    while i < len(ours) and j < len(theirs):
        m, n = ours[i].length, theirs[j].length
        rows = min(m - a, n - b)
        if rows not in (m, n):
            return None
        pairs.append((ours[i].part(a, rows), theirs[j].part(b, rows)))
        a, b = a + rows, b + rows
        if a == m:
            i, a = i + 1, 0
        if b == n:
            j, b = j + 1, 0
    return pairs


def cut_into_parts(pairs: RowPairs, parts: dict[str, int]) -> tuple[list[RowPairs], RowPairs]:
    """Return the equal parts of each tensor that has several, and the pairs of all others.

    ``parts`` is the number of parts, by name, where no tensor is several of the other side.
    """
    by_whole: dict[str, RowPairs] = {}
    others: RowPairs = []
    for a, b in pairs:
        if a.length < a.size or b.length < b.size:
            by_whole.setdefault(a.name if a.length < a.size else b.name, []).append((a, b))
        else:
            others.append((a, b))
    if not by_whole:
        by_whole = {a.name: [(a, b)] for a, b in pairs if divides(parts.get(a.name), a.length)}
        others = [(a, b) for a, b in pairs if a.name not in by_whole]
    groups = []
    for name, group in by_whole.items():
        unit = gcd(*[a.length for a, _ in group])
        if len(group) == 1:
            unit //= parts[name]
        groups.append(
            [
                (a.part(start, unit), b.part(start, unit))
                for a, b in group
                for start in range(0, a.length, unit)
            ]
        )
    return groups, others


def pair_rows_by_heads(group: RowPairs, heads: dict[str, int], layout: Iterable[str]) -> RowPairs:
    """Pair equal parts with rows of one tensor of the model that is laid out in another order.

    The rows of a part in ``group`` are (heads, channels). Those of the model are the axes of
    ``layout``, outermost first. Groups of several tensors of the model remain.
    """
    whole, length = group[0][1], group[0][0].length
    h = heads.get(group[0][0].name, 1)
    if length % h or any((b.name, b.length) != (whole.name, length) for _, b in group):
        return group
    sizes = {"part": len(group), "head": h, "channel": length // h}
    axes = [*layout]
    steps = {axis: prod(sizes[inner] for inner in axes[i + 1 :]) for i, axis in enumerate(axes)}
    first = whole.replace(start=min(b.start for _, b in group))
    n, step = sizes["channel"], steps["channel"]
    return [
        (a.part(k * n, n), first.part(i * steps["part"] + k * steps["head"], n, step))
        for i, (a, _) in enumerate(group)
        for k in range(h)
    ]


def count_heads(side: Recording) -> dict[str, int]:
    """Return, by name of a tensor, the heads of the first softmax of products after its layer."""
    found: dict[str, int] = {}
    heads = 1
    for call in reversed(side.calls):
        if call.kind == "softmax" and len(call.output) == 3:
            heads = call.output[0]
        found.update(dict.fromkeys(call.tensors, heads))
    return found


def divides(parts: int | None, length: int) -> bool:
    return parts is not None and length % parts == 0


def count_parts(side: Recording) -> dict[str, int]:
    """Return, by name of a tensor, in how many slices the output of its layer is cut."""
    readers = find_readers(side)
    found: dict[str, int] = {}
    for i, call in enumerate(side.calls):
        front, slices = {i} if call.tensors else set(), set[int]()
        for _ in range(NEAR):
            front = {r for k in front for r, _ in readers[k] if r >= 0}
            slices |= {r for r in front if side.calls[r].kind == "slice"}
            front -= slices
        if 2 <= len(slices) <= MOST_PARTS:
            found.update(dict.fromkeys(call.tensors, len(slices)))
    return found
