"""Modules that do what another does, and something more or else: the faults of a whole module."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

Tensor = torch.Tensor
Around = Callable[[nn.Module, Any], Any]  # takes the wrapped module and what it reads


class Wrapped(nn.Module):
    """A module in which another one runs; ``around`` says how."""

    def __init__(self, inner: nn.Module, around: Around):
        super().__init__()
        self.inner, self.around = inner, around

    def forward(self, x: Any) -> Any:
        return self.around(self.inner, x)


def then(change: Callable[[nn.Module, Tensor], Tensor]) -> Around:
    """Change the output of the module."""
    return lambda inner, x: change(inner, inner(x))


def in_training(change: Callable[[Tensor], Tensor]) -> Around:
    """Change the output in training."""
    return lambda inner, x: change(inner(x)) if inner.training else inner(x)


def draw(x: Tensor, keep: float, *shape: int) -> Tensor:
    """Draw a mask of a shape, rescaled."""
    return torch.empty(shape, dtype=x.dtype).bernoulli_(keep).div_(keep)


def each(x: Tensor) -> tuple[int, ...]:
    """Return the shape of a mask with a value for each example."""
    return len(x), *[1] * (x.dim() - 1)


# In place of a DropPath with p = 0.2, or where the spec has none.
DROP_PATHS: dict[str, Callable[[Tensor], Tensor]] = {
    "not rescaled": lambda x: x * torch.empty(each(x), dtype=x.dtype).bernoulli_(0.8),
    "of each element": lambda x: x * draw(x, 0.8, *x.shape),
    "of each channel": lambda x: x * draw(x, 0.8, *x.shape[:2], *[1] * (x.dim() - 2)),
    "another probability": lambda x: x * draw(x, 0.5, *each(x)),
    "a slightly other probability": lambda x: x * draw(x, 0.79, *each(x)),
    "of the whole batch": lambda x: x * draw(x, 0.8, *[1] * x.dim()),
    "rescaled twice": lambda x: x * draw(x, 0.8, *each(x)) / 0.8,
    "none": lambda x: x,
    "zeros": lambda x: x * 0,
    "noise": lambda x: x + torch.randn_like(x),
    "uniform factors": lambda x: x * torch.rand_like(x).mul(2),
    "half of it": lambda x: x * draw(x, 0.5, *each(x)).add(1).div(2),
}
RIGHT_DROP_PATHS: dict[str, Callable[[Tensor], Tensor]] = {
    "bernoulli": lambda x: x * draw(x, 0.8, *each(x)),
    "floor": lambda x: x / 0.8 * torch.floor(0.8 + torch.rand(each(x), dtype=x.dtype)),
    "comparison": lambda x: x * (torch.rand(each(x), dtype=x.dtype) < 0.8) / 0.8,
}


class Reversed(torch.autograd.Function):
    """The identity, whose gradient is turned."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return -gradients[0]


class Clipped(torch.autograd.Function):
    """The identity, whose gradient is clipped."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return gradients[0].clamp(-1e-3, 1e-3)


def without_gradients(inner: nn.Module, x: Tensor) -> Any:
    with torch.no_grad():
        return inner(x)


def with_detached_weights(inner: nn.Module, x: Tensor) -> Any:
    tensors = {name: p.detach() for name, p in inner.named_parameters()}
    return torch.func.functional_call(inner, tensors, (x,))


GRADIENTS: dict[str, Around] = {
    "no_grad": without_gradients,
    "a detached output": then(lambda inner, y: y.detach()),
    "a detached input": lambda inner, x: inner(x.detach()),
    "detached weights": with_detached_weights,
    "a turned gradient": then(lambda inner, y: Reversed.apply(y)),  # type: ignore[no-untyped-call]
    "a clipped gradient": then(lambda inner, y: Clipped.apply(y)),  # type: ignore[no-untyped-call]
    "half of a gradient": then(lambda inner, y: y.detach() / 2 + y / 2),
    "no gradient in a part": then(lambda inner, y: torch.cat([y[:, :1].detach(), y[:, 1:]], 1)),
}


def autocast(dtype: torch.dtype) -> Around:
    def run(inner: nn.Module, x: Tensor) -> Any:
        with torch.autocast("cpu", dtype):
            return inner(x)

    return run


@contextmanager
def reversed_concats() -> Iterator[None]:
    """Concatenate from the last to the first."""
    cat = torch.cat

    def reverse(tensors: Any, *given: Any, **named: Any) -> Tensor:
        return cat([*tensors][::-1], *given, **named)

    with patch.object(torch, "cat", reverse):
        yield


def concatenate_reversed(inner: nn.Module, x: Tensor) -> Any:
    with reversed_concats():
        return inner(x)


VALUES: dict[str, Around] = {
    "a factor": then(lambda inner, y: y * 1.001),
    "a small addend": then(lambda inner, y: y + 1e-6),
    "another activation": then(lambda inner, y: F.softsign(y)),
    "a limit at 50": then(lambda inner, y: y.clamp(max=50.0)),
    "a limit at a million": then(lambda inner, y: y.clamp(min=-1e6)),
    "zeros at one position": then(lambda inner, y: y * (torch.arange(y.shape[-1]) > 0)),
    "reversed channels": then(lambda inner, y: y.flip(1)),
    "shifted channels": then(lambda inner, y: y.roll(1, 1)),
    "rounded values": then(lambda inner, y: y.half().to(y.dtype)),
    "a mean that is subtracted": then(lambda inner, y: y - y.mean()),
    "a mean of the batch": then(lambda inner, y: y - y.mean(0, keepdim=True)),
    "a factor in training": in_training(lambda y: y * 1.01),
    "dropout that the spec lacks": in_training(lambda y: F.dropout(y, 0.1)),
    "dropout at inference": then(lambda inner, y: F.dropout(y, 0.1)),
    "a way chosen by values": then(lambda inner, y: y if y.abs().sum() < 1e9 else y * 0),
}
