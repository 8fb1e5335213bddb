"""Plant faults in PyTorch models: in settings of modules, and in what runs around them.

A fault takes a model and a source of chance, changes the model, and returns what it changed, or
None where it finds no place.
"""

import inspect
from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any

import torch
from torch import nn

from tests.faults.wrapped import (
    DROP_PATHS,
    GRADIENTS,
    RIGHT_DROP_PATHS,
    VALUES,
    Around,
    Wrapped,
    autocast,
    concatenate_reversed,
)

Fault = Callable[[nn.Module, Random], str | None]
CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
POOLS = (nn.MaxPool2d, nn.AvgPool2d)
ACTIVATIONS = (nn.ReLU, nn.ReLU6, nn.Hardswish, nn.SiLU, nn.Hardsigmoid, nn.Sigmoid, nn.GELU)
LEAVES = (*CONVOLUTIONS, *NORMS, *POOLS, *ACTIVATIONS, nn.Linear, nn.Dropout)


def find_modules(model: nn.Module, *kinds: type) -> list[tuple[str, Any]]:
    return [(name, m) for name, m in model.named_modules() if name and isinstance(m, kinds)]


def is_drop_path(module: nn.Module) -> bool:
    return type(module).__name__ in ("DropPath", "StochasticDepth")


def set_field(
    key: str, kinds: tuple[type, ...], *choices: Any, when: Callable[[Any], bool] = lambda m: True
) -> Fault:
    """Return the fault that sets a field of a module to another of some values."""

    def plant(model: nn.Module, chance: Random) -> str | None:
        found = [(name, m) for name, m in find_modules(model, *kinds) if when(m)]
        if not found:
            return None
        name, module = chance.choice(found)
        before = getattr(module, key)
        after = chance.choice([c for c in choices if c != before])
        setattr(module, key, after)
        return f"{name}: {key} {before} -> {after}"

    return plant


def set_padding_mode(model: nn.Module, chance: Random) -> str | None:
    """Let a convolution pad otherwise than with zeros."""
    found = [(n, m) for n, m in find_modules(model, *CONVOLUTIONS) if any(m.padding)]
    if not found:
        return None
    name, conv = chance.choice(found)
    mode = chance.choice(["reflect", "replicate", "circular"])
    made = type(conv)(
        conv.in_channels,
        conv.out_channels,
        conv.kernel_size,
        conv.stride,
        conv.padding,
        conv.dilation,
        conv.groups,
        conv.bias is not None,
        mode,
    )
    model.set_submodule(name, made)
    return f"{name}: padding_mode {mode}"


def share_weights(model: nn.Module, chance: Random) -> str | None:
    """Let two modules have one parameter."""
    slots = [
        (f"{name}.{key}", module, key, p.shape)
        for name, module in model.named_modules()
        for key, p in module._parameters.items()
        if p is not None
    ]
    chance.shuffle(slots)
    for i, (first, module, key, shape) in enumerate(slots):
        for second, other, its_key, its_shape in slots[i + 1 :]:
            if shape == its_shape and module is not other:
                setattr(other, its_key, getattr(module, key))
                return f"{second} is {first}"
    return None


def change_bias(model: nn.Module, chance: Random) -> str | None:
    """Add or take the bias of a layer."""
    found = find_modules(model, *CONVOLUTIONS, nn.Linear)
    name, layer = chance.choice(found)
    had = layer.bias is not None
    size = layer.weight.shape[0]
    layer.bias = None if had else nn.Parameter(torch.zeros(size))
    return f"{name}: bias {had} -> {not had}"


def replace_activation(model: nn.Module, chance: Random) -> str | None:
    found = find_modules(model, *ACTIVATIONS)
    if not found:
        return None
    name, module = chance.choice(found)
    kind = chance.choice([k for k in ACTIVATIONS if not isinstance(module, k)])
    model.set_submodule(name, kind())
    return f"{name}: {type(module).__name__} -> {kind.__name__}"


def wrap(around: dict[str, Around]) -> Fault:
    """Return the fault that runs a random module in one of some ways."""

    def plant(model: nn.Module, chance: Random) -> str | None:
        name, module = chance.choice(find_modules(model, *LEAVES))
        what = chance.choice(list(around))
        model.set_submodule(name, Wrapped(module, around[what]))
        return f"{name}: {what}"

    return plant


def wrap_convolution(around: dict[str, Around]) -> Fault:
    """Do so with a layer that has weights, as others may have no gradient of their own."""

    def plant(model: nn.Module, chance: Random) -> str | None:
        name, module = chance.choice(find_modules(model, *CONVOLUTIONS, nn.Linear))
        what = chance.choice(list(around))
        model.set_submodule(name, Wrapped(module, around[what]))
        return f"{name}: {what}"

    return plant


class DropPath(nn.Module):
    """Drops in training as a function says, whatever its name promises."""

    def __init__(self, drop: Callable[[torch.Tensor], torch.Tensor], always: bool = False):
        super().__init__()
        self.drop, self.drop_prob, self.always = drop, 0.2, always

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.drop(x) if self.training or self.always else x


def replace_drop_path(
    drops: dict[str, Callable[[torch.Tensor], torch.Tensor]], model: nn.Module, chance: Random
) -> str | None:
    """Replace a DropPath of p = 0.2."""
    found = [(n, m) for n, m in model.named_modules() if is_drop_path(m)]
    found = [(n, m) for n, m in found if 0.2 in (getattr(m, "p", 0), getattr(m, "drop_prob", 0))]
    if not found:
        return None
    name, _ = chance.choice(found)
    what = chance.choice(list(drops))
    always = what not in RIGHT_DROP_PATHS and chance.random() < 0.1
    drop = RIGHT_DROP_PATHS["bernoulli"] if always else drops[what]
    model.set_submodule(name, DropPath(drop, always))
    return f"{name}: drop path, {'also at inference' if always else what}"


def reverse_concat(model: nn.Module, chance: Random) -> str | None:
    """Concatenate in the other order in a module that does so."""
    found = [
        (name, m)
        for name, m in model.named_modules()
        if name and "cat(" in inspect.getsource(type(m).forward)
    ]
    if not found:
        return None
    name, module = chance.choice(found)
    model.set_submodule(name, Wrapped(module, concatenate_reversed))
    return f"{name}: order of concat"


AUTOCAST = {f"autocast in {d}": autocast(d) for d in (torch.bfloat16, torch.float16)}
FAULTS: dict[str, Fault] = {
    "drop path": partial(replace_drop_path, DROP_PATHS),
    "gradients": wrap_convolution(GRADIENTS),
    "autocast": wrap_convolution(AUTOCAST),
    "order of concat": reverse_concat,
    "eps": set_field("eps", NORMS, 1e-5, 1e-3, 1e-6, 1.1e-5),
    "momentum": set_field("momentum", NORMS, 0.1, 0.01, 0.11, None),
    "padding mode": set_padding_mode,
    "shared weights": share_weights,
    "values": wrap(VALUES),
    "bias": change_bias,
    "activation": replace_activation,
    # On a map of one position, as in squeeze-excite, a stride of a 1x1 convolution has no effect.
    "stride": set_field(
        "stride", CONVOLUTIONS, (1, 1), (2, 2), when=lambda m: max(m.kernel_size) > 1
    ),
    "padding": set_field("padding", CONVOLUTIONS, (0, 0), (1, 1), (2, 2)),
    "dilation": set_field(
        "dilation", CONVOLUTIONS, (1, 1), (2, 2), when=lambda m: max(m.kernel_size) > 1
    ),
    "ceil mode": set_field("ceil_mode", POOLS, True, False),
    "dropout": set_field("p", (nn.Dropout,), 0.0, 0.1, 0.21, 1.0),
}
