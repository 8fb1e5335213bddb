"""Copy a model's weights into a built module: pair tensors, and report those without a partner."""

from collections.abc import Collection
from math import prod

import torch
from torch import nn
from torch.nn.utils import (
    parametrizations,
    parametrize,
    remove_spectral_norm,
    remove_weight_norm,
    spectral_norm,
    weight_norm,
)

from cnnspec.analyses.alignment.align import Alignment
from cnnspec.analyses.verdict import Check, Difference, make_check
from cnnspec.pytorch.built_module import BuiltModule
from cnnspec.pytorch.real_values import relative_difference
from cnnspec.pytorch.tensor_pairs import TensorPairs, base_name, fit_shape, take_rows
from cnnspec.units import Shape, format_plural

HOOKS = {  # the old way: a hook computes the weight before each call
    "WeightNorm": (weight_norm.__module__, remove_weight_norm),
    "SpectralNorm": (spectral_norm.__module__, remove_spectral_norm),
}
PARAMETRIZATIONS = "_WeightNorm", "_SpectralNorm"


def unequal_tensor_counts(alignment: Alignment) -> list[Difference]:
    """Return the aligned calls that use different numbers of tensors.

    This happens where a model computes a weight from two tensors, for instance.
    """
    spec, model = alignment.spec.calls, alignment.model.calls
    calls = [(spec[i], model[j]) for i, j in sorted(alignment.pairs.items())]
    return [
        Difference(a.place, "tensors", a.tensors, b.tensors, "how many tensors it takes")
        for a, b in calls
        if len(a.tensors) != len(b.tensors)
    ]


def transplant_weights(
    pairs: TensorPairs,
    found: list[Difference],
    built: BuiltModule,
    model: nn.Module,
    name: str,
    fixed: Collection[str] = (),
) -> Check:
    """Copy the model's tensors into the built module; each tensor of both must have a partner.

    ``found`` are differences that were found before, ``name`` is the name of the model, and
    ``fixed`` are its buffers that are compared as settings of calls, as the spec's fixed numbers
    are.
    """
    ours, theirs = float_tensors(built), float_tensors(model)
    pairs = [(a, b) for a, b in pairs if base_name(a) in ours and base_name(b) in theirs]
    buffers = dict(built.named_buffers())
    reported = {n for d in found for side in (d.calculated, d.measured) for n in side}
    for mine, other in pairs:
        target, given = take_rows(ours, mine), take_rows(theirs, other)
        shape, other_shape = tuple(target.shape), tuple(given.shape)
        value = fit_shape(given, shape)
        if value is None and mine in buffers:
            value = repeat_kernel(given, shape)
        if value is None:
            cause = f"the shape of {other}"
            found.append(Difference(mine, "tensor", shape, other_shape, cause))
        else:
            target.copy_(value)
    whole = [(a, b) for a, b in pairs if not {base_name(a), base_name(b)} & reported]
    found += training_differences(whole, built, model)
    known = {base_name(a) for a, _ in pairs} | reported | built.fixed_numbers.keys()
    unpaired = [
        Difference(n, "tensor", tuple(t.shape), None, "the model uses no such tensor")
        for n, t in ours.items()
        if n not in known
    ]
    known = {base_name(b) for _, b in pairs} | reported
    unpaired += [
        Difference(n, "tensor", None, tuple(t.shape), "the spec has no such tensor")
        for n, t in dict(model.named_parameters()).items()
        if n not in known
    ]
    count = sum(prod(p.shape) for p in built.parameters())
    differences = found + unpaired + sharing_differences(pairs)
    text = f"{format_plural(len(pairs), 'tensor')}, {format_plural(count, 'parameter')}"
    left = theirs.keys() - {b for _, b in pairs} - {*fixed}
    unused = [n for n, _ in model.named_buffers() if n in left]
    notes = [
        Difference(n, "buffer", None, tuple(theirs[n].shape), "a buffer that the spec lacks")
        for n in unused
    ]
    return make_check("tensors", name, text, differences).replace(notes=tuple(notes))


def repeat_kernel(given: torch.Tensor, shape: Shape) -> torch.Tensor | None:
    """Return one fixed kernel for each channel of a weight; None where it does not fit."""
    one = given.numel() == prod(shape[1:]) and tuple(given.shape[-len(shape[2:]) :]) == shape[2:]
    return given.reshape(1, *shape[1:]).expand(shape) if len(shape) > 2 and one else None


def training_differences(
    pairs: TensorPairs, built: BuiltModule, model: nn.Module
) -> list[Difference]:
    """Return the tensors that are a parameter on one side and a buffer on the other."""
    ours, theirs = ({n for n, _ in m.named_parameters()} for m in (built, model))
    kinds = {True: "a parameter", False: "a buffer"}
    return [
        Difference(a, "tensor", kinds[a in ours], kinds[b in theirs], f"whether {b} is trained")
        for a, b in dict.fromkeys((base_name(a), base_name(b)) for a, b in pairs)
        if (a in ours) != (b in theirs)
    ]


def sharing_differences(pairs: TensorPairs) -> list[Difference]:
    """Return the parameters that are one tensor on one side and several on the other."""
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
    pairs: TensorPairs,
    ours: dict[str, torch.Tensor],
    theirs: dict[str, torch.Tensor],
    tolerance: float,
) -> list[Difference]:
    """Return the running statistics that training left different."""
    offs = [
        (a, relative_difference(ours[a], theirs[b])) for a, b in pairs if a in ours and b in theirs
    ]
    return [
        Difference(
            name, "after training", "the same", f"relative difference of {off:.3g}", "momentum"
        )
        for name, off in offs
        if not off <= tolerance
    ]


def float_tensors(model: nn.Module) -> dict[str, torch.Tensor]:
    """Return parameters and buffers by name, without PyTorch's counters."""
    named = [*model.named_parameters(), *model.named_buffers()]
    return {name: t.detach() for name, t in named if t.is_floating_point()}


def replace_normalized_weights(model: nn.Module) -> list[str]:
    """Make plain parameters of normalized weights in a model, and return their names.

    A convolution with weight or spectral normalization is a convolution with the weight that this
    gives: how it is trained is no matter of a spec. Other parametrizations stay.
    """
    found = []
    for path, module in [*model.named_modules()]:
        names = []
        for hook in [*module._forward_pre_hooks.values()]:
            home, remove = HOOKS.get(type(hook).__name__, ("", None))
            if remove is not None and type(hook).__module__ == home:
                remove(module, hook.name)
                names.append(hook.name)
        for name in parametrized_names(module):
            parametrize.remove_parametrizations(module, name, leave_parametrized=True)
            names.append(name)
        found += [f"{path}.{name}".lstrip(".") for name in names]
    return found


def parametrized_names(module: nn.Module) -> list[str]:
    """Return a module's tensors that only weight or spectral normalization computes."""
    if not parametrize.is_parametrized(module):
        return []
    return [
        name
        for name, steps in module.parametrizations.items()  # type: ignore[union-attr,operator]
        if all(
            type(step).__name__ in PARAMETRIZATIONS
            and type(step).__module__ == parametrizations.__name__
            for step in steps
        )
    ]
