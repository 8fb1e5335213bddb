"""Draw random weights that let every fault show, and put a model back as it was.

Freshly initialised networks hide faults: a scale of zero silences a branch, a bias of zero hides a
missing addition, and a mean of zero and a variance of one hide a missing normalisation.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.instancenorm import _InstanceNorm
from torch.overrides import TorchFunctionMode

FILLS = frozenset(
    [
        "uniform_",
        "normal_",
        "trunc_normal_",
        "kaiming_uniform_",
        "kaiming_normal_",
        "xavier_uniform_",
        "xavier_normal_",
        "orthogonal_",
    ]
)


class SkipInitialization(TorchFunctionMode):
    """Fill weights with zeros inside this context: random numbers take longer than all the rest.

    They are not left as they are: truncated normal numbers are drawn until none is out of range."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if getattr(func, "__name__", "") in FILLS:
            filled = args[0] if args else next(iter((kwargs or {}).values()))
            with torch.no_grad():
                return filled.zero_() if isinstance(filled, torch.Tensor) else filled
        return func(*args, **(kwargs or {}))


@contextmanager
def in_mode(model: nn.Module, training: bool) -> Iterator[None]:
    """Put a model in training or evaluation mode, and restore the mode of every module after."""
    before = {module: module.training for module in model.modules()}
    model.train(training)
    try:
        yield
    finally:
        for module, training in before.items():
            module.training = training


NORMS = (_BatchNorm, _InstanceNorm)  # those that may have running statistics


def draw_weights(model: nn.Module, generator: torch.Generator) -> None:
    """Draw every parameter: scales in 0.5..1.5, offsets near 0.2, weights that keep values' size.

    The statistics of frozen batch normalisation are drawn too. Those of other batch normalisation
    come from a pass in training mode (:class:`RunningStatistics`).
    """
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            draw_tensor(name, parameter, generator)
        for module in model.modules():
            has_statistics = isinstance(getattr(module, "running_var", None), torch.Tensor)
            if has_statistics and not isinstance(module, NORMS):
                for name, buffer in module.named_buffers(recurse=False):
                    draw_tensor(name, buffer, generator)


def draw_tensor(name: str, tensor: torch.Tensor, generator: torch.Generator) -> None:
    """Draw one tensor. Values are drawn on the CPU, so that they are the same on every device."""
    values = torch.empty(tensor.shape, dtype=torch.float64)
    if name.endswith(("bias", "mean")):
        values.normal_(0, 0.2, generator=generator)
    elif tensor.dim() < 2 or tensor.numel() == max(tensor.shape):
        values.uniform_(0.5, 1.5, generator=generator)
    else:
        values.normal_(0, (2 * len(tensor) / tensor.numel()) ** 0.5, generator=generator)
    tensor.copy_(values)


@contextmanager
def restoring_tensors(model: nn.Module) -> Iterator[None]:
    """Give a model back the tensors and gradients it had, whatever happens to them inside."""
    parameters = {p: p.data.clone() for p in model.parameters() if not nn.parameter.is_lazy(p)}
    buffers = [
        (m, name, b, b.clone())
        for m in model.modules()
        for name, b in m.named_buffers(recurse=False)
        if not nn.parameter.is_lazy(b)
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


class RunningStatistics:
    """Reset a model's batch norm statistics, and keep what one training pass makes of them."""

    def __init__(self, model: nn.Module):
        self.norms = {
            name: m
            for name, m in model.named_modules()
            if isinstance(m, NORMS) and m.running_mean is not None
        }
        for module in self.norms.values():
            module.reset_running_stats()
        self.after_training: dict[str, torch.Tensor] = {}

    def current(self) -> dict[str, torch.Tensor]:
        """Return the statistics as they are now, by name."""
        return {
            f"{name}.{which}".lstrip("."): getattr(module, which)
            for name, module in self.norms.items()
            for which in ("running_mean", "running_var")
        }

    def settle(self) -> None:
        """After one training pass, keep its statistics and then set those of its batch.

        The latter are what a momentum of 1 would give.
        """
        self.after_training = {name: t.clone() for name, t in self.current().items()}
        for module in self.norms.values():
            mean, variance = module.running_mean, module.running_var
            if module.momentum and mean is not None and variance is not None:
                passes = int(module.num_batches_tracked or 0)
                old = (1 - module.momentum) ** passes  # the weight of the initial 0 and 1
                mean.div_(1 - old or 1)
                variance.sub_(old if old < 1 else 0).div_(1 - old or 1)
