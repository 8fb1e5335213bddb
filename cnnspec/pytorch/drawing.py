"""Weights and inputs at random, such that no fault hides behind them.

Freshly initialised networks hide faults: a scale of zero silences a branch, a bias of zero a
missing addition, and a mean of zero and a variance of one a missing normalisation."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

FILLS = {
    "uniform_",
    "normal_",
    "trunc_normal_",
    "kaiming_uniform_",
    "kaiming_normal_",
    "xavier_uniform_",
    "xavier_normal_",
    "orthogonal_",
}


class Uninitialised(TorchFunctionMode):
    """While this lasts, models are made without drawing their weights, which takes longer than all
    the rest."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if getattr(func, "__name__", "") in FILLS:
            return args[0] if args else next(iter((kwargs or {}).values()))
        return func(*args, **(kwargs or {}))


@contextmanager
def mode(model: nn.Module, training: bool) -> Iterator[None]:
    """A model in training or evaluation mode; then as it was."""
    was = {module: module.training for module in model.modules()}
    model.train(training)
    try:
        yield
    finally:
        for module, training in was.items():
            module.training = training


def draw(model: nn.Module, generator: torch.Generator) -> None:
    """Draw every parameter: scales in 0.5..1.5, offsets about 0.2, weights such that values keep
    their size.

    So are the statistics of frozen batch normalisation; those of other batch normalisation come by
    a pass in training mode (:class:`Statistics`)."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            fill(name, parameter, generator)
        for module in model.modules():
            statistics = isinstance(getattr(module, "running_var", None), torch.Tensor)
            if statistics and not isinstance(module, nn.modules.batchnorm._BatchNorm):
                for name, buffer in module.named_buffers(recurse=False):
                    fill(name, buffer, generator)


@contextmanager
def kept(model: nn.Module) -> Iterator[None]:
    """Afterwards a model has the tensors that it had before, whatever was done to them, on whatever
    device."""
    parameters = {p: p.data.clone() for p in model.parameters() if not nn.parameter.is_lazy(p)}
    buffers = [
        (m, name, b, b.clone())
        for m in model.modules()
        for name, b in m.named_buffers(recurse=False)
    ]
    grads = {p: (p.grad, p.grad.clone()) for p in parameters if p.grad is not None}
    try:
        yield
    finally:
        for parameter, value in parameters.items():
            parameter.data = value
        for module, name, buffer, value in buffers:
            buffer.data = value
            module._buffers[name] = buffer
        for parameter, (grad, value) in grads.items():
            grad.data = value
            parameter.grad = grad


class Statistics:
    """The running statistics of a model's batch normalizations, fresh, and what a pass in training
    leaves of them."""

    def __init__(self, model: nn.Module):
        self.norms = {
            name: m
            for name, m in model.named_modules()
            if isinstance(m, nn.modules.batchnorm._BatchNorm) and m.running_mean is not None
        }
        for module in self.norms.values():
            module.reset_running_stats()
        self.left: dict[str, torch.Tensor] = {}

    def now(self) -> dict[str, torch.Tensor]:
        """The statistics as they are, by their names."""
        return {
            f"{name}.{which}".lstrip("."): getattr(module, which)
            for name, module in self.norms.items()
            for which in ("running_mean", "running_var")
        }

    def settle(self) -> None:
        """After one pass: keep what it left, and make the statistics those of its batch, as at a
        momentum of 1."""
        self.left = {name: t.clone() for name, t in self.now().items()}
        for module in self.norms.values():
            if (
                module.momentum
                and module.running_mean is not None
                and module.running_var is not None
            ):
                old = (1 - module.momentum) ** int(
                    module.num_batches_tracked or 0
                )  # what is left of 0 and 1
                module.running_mean.div_(1 - old or 1)
                module.running_var.sub_(old if old < 1 else 0).div_(1 - old or 1)


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
