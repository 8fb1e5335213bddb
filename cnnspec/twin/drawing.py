"""Weights and inputs at random, such that no fault hides behind them.

Freshly initialised networks hide faults: a scale of zero silences a branch, a bias of zero a missing addition, and a
mean of zero and a variance of one a missing normalisation.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

FILLS = {"uniform_", "normal_", "trunc_normal_", "kaiming_uniform_", "kaiming_normal_", "xavier_uniform_",
         "xavier_normal_", "orthogonal_"}
RANDOM = re.compile(r"(Alpha|Feature)?Dropout|StochasticDepth|DropPath|DropBlock")  # modules, by what they are called


class Uninitialised(TorchFunctionMode):
    """While this lasts, models are made without drawing their weights, which takes longer than all the rest."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if getattr(func, "__name__", "") in FILLS:
            return args[0] if args else next(iter((kwargs or {}).values()))
        return func(*args, **(kwargs or {}))


class NoDropout(TorchFunctionMode):
    """While this lasts, dropout that is called as a function does nothing."""

    def __torch_function__(self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if "dropout" in getattr(func, "__name__", ""):
            return args[0]
        return func(*args, **(kwargs or {}))


@contextmanager
def mode(model: nn.Module, training: bool) -> Iterator[None]:
    """A model in training or evaluation mode, without dropout and stochastic depth; then as it was."""
    was = {module: module.training for module in model.modules()}
    model.train(training)
    for module in model.modules():
        if RANDOM.match(type(module).__name__):
            module.eval()
    try:
        with NoDropout():
            yield
    finally:
        for module, training in was.items():
            module.training = training


def draw(model: nn.Module, generator: torch.Generator) -> None:
    """Draw every parameter: scales in 0.5..1.5, offsets about 0.2, weights such that values keep their size.

    So are the statistics of frozen batch normalisation; those of other batch normalisation come by a pass in
    training mode, for which its momentum is set to 1.
    """
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            fill(name, parameter, generator)
        for module in model.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.momentum = 1.0
            elif isinstance(getattr(module, "running_var", None), torch.Tensor):
                for name, buffer in module.named_buffers(recurse=False):
                    fill(name, buffer, generator)


def fill(name: str, tensor: torch.Tensor, generator: torch.Generator) -> None:
    """Draw one tensor, on the CPU whatever its device, so that it is the same on all."""
    values = torch.empty(tensor.shape, dtype=torch.float64)
    if name.endswith(("bias", "mean")):
        values.normal_(0, 0.2, generator=generator)
    elif tensor.dim() < 2 or tensor.numel() == max(tensor.shape):
        values.uniform_(0.5, 1.5, generator=generator)
    else:
        values.normal_(0, (2 * len(tensor) / tensor.numel()) ** 0.5, generator=generator)
    tensor.copy_(values)
