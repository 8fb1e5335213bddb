"""Weights of a model moved into a twin: which tensor of one is which of the other, and what has no
partner."""

from math import prod

import torch
from torch import nn

from cnnspec.analyses.alignment.align import Alignment
from cnnspec.analyses.verdict import Check, Difference, make_check
from cnnspec.pytorch.built_module import BuiltModule
from cnnspec.pytorch.compare_values import TOLERANCE, relative_deviation
from cnnspec.units import Shape


def pair_tensors_by_calls(alignment: Alignment) -> list[tuple[str, str]]:
    """Tensors of the twin and of the model that aligned calls take: which is which."""
    sheet, model = alignment.spec.calls, alignment.model.calls
    pairs = [(sheet[i].tensors, model[j].tensors) for i, j in sorted(alignment.pairs.items())]
    return list(dict.fromkeys(pair for a, b in pairs for pair in zip(a, b, strict=False)))


def pair_tensors_by_order(
    alignment: Alignment, twin: BuiltModule, model: nn.Module
) -> list[tuple[str, str]]:
    """The same where calls are not aligned: parameters in the order of their first use, and
    buffers."""
    sheet, other = alignment.spec.tensors(), alignment.model.tensors()
    pairs: list[tuple[str, str]] = []
    for ours, theirs in (
        (dict(twin.named_parameters()), dict(model.named_parameters())),
        (dict(twin.named_buffers()), dict(model.named_buffers())),
    ):
        pairs += zip(
            [n for n in sheet if n in ours], [n for n in other if n in theirs], strict=False
        )
    return pairs


def unequal_tensor_counts(alignment: Alignment) -> list[Difference]:
    """Aligned calls that do not take the same number of tensors, as where a weight is computed from
    two."""
    both = [
        (alignment.spec.calls[i], alignment.model.calls[j])
        for i, j in sorted(alignment.pairs.items())
    ]
    return [
        Difference(a.place, "tensors", a.tensors, b.tensors, "how many tensors it takes")
        for a, b in both
        if len(a.tensors) != len(b.tensors)
    ]


def transplant_weights(
    pairs: list[tuple[str, str]],
    found: list[Difference],
    twin: BuiltModule,
    model: nn.Module,
    name: str,
) -> Check:
    """Move the model's weights into the twin; every tensor of both must have its partner.

    ``found`` are differences that were found before.
    """
    ours, theirs = tensors(twin), tensors(model)
    told = {n for d in found for side in (d.calculated, d.measured) for n in side}
    for mine, other in pairs:
        value = fitted(theirs[other], tuple(ours[mine].shape))
        if value is None:
            found.append(
                Difference(
                    mine,
                    "tensor",
                    tuple(ours[mine].shape),
                    tuple(theirs[other].shape),
                    f"the shape of {other}",
                )
            )
        else:
            ours[mine].copy_(value)
    lonely = [
        Difference(n, "tensor", tuple(t.shape), None, "the model uses no such tensor")
        for n, t in ours.items()
        if n not in {a for a, _ in pairs} | told
    ]
    lonely += [
        Difference(n, "tensor", None, tuple(t.shape), "the sheet has no such tensor")
        for n, t in dict(model.named_parameters()).items()
        if n not in {b for _, b in pairs} | told
    ]
    lonely += sharing(pairs)
    count = sum(prod(p.shape) for p in twin.parameters())
    return make_check(
        "tensors", name, f"{len(pairs)} tensors, {count:,} parameters", found + lonely
    )


def sharing(pairs: list[tuple[str, str]]) -> list[Difference]:
    """Parameters that are one tensor on one side and several on the other."""
    by_ours: dict[str, list[str]] = {}
    by_theirs: dict[str, list[str]] = {}
    for a, b in pairs:
        by_ours.setdefault(a, []).append(b)
        by_theirs.setdefault(b, []).append(a)
    cause = "parameters are shared on one side only"
    found = [
        Difference(a, "sharing", "one tensor", ", ".join(bs), cause)
        for a, bs in by_ours.items()
        if len(bs) > 1
    ]
    return found + [
        Difference(names[-1], "sharing", ", ".join(names), f"one tensor, {b}", cause)
        for b, names in by_theirs.items()
        if len(names) > 1
    ]


def running_statistics_differences(
    pairs: list[tuple[str, str]], ours: dict[str, torch.Tensor], theirs: dict[str, torch.Tensor]
) -> list[Difference]:
    """Where training left other running statistics."""
    both = [
        (a, relative_deviation(ours[a], theirs[b])) for a, b in pairs if a in ours and b in theirs
    ]
    return [
        Difference(name, "after training", "the same", f"{off:.3g} of the largest off", "momentum")
        for name, off in both
        if not off <= TOLERANCE
    ]


def tensors(model: nn.Module) -> dict[str, torch.Tensor]:
    """Parameters and buffers by name, without PyTorch's bookkeeping."""
    named = [*model.named_parameters(), *model.named_buffers()]
    return {name: t.detach() for name, t in named if t.is_floating_point()}


def fitted(value: torch.Tensor, shape: Shape) -> torch.Tensor | None:
    """A tensor in another shape, where that is only a matter of ones, or of channels that stand
    last."""

    def plain(s: Shape) -> Shape:
        return tuple(n for n in s if n != 1)

    if plain(tuple(value.shape)) == plain(shape):
        return value.reshape(shape)
    turned = value.movedim(-1, 1) if value.dim() > 2 else value
    return turned.reshape(shape) if plain(tuple(turned.shape)) == plain(shape) else None
