"""Compare an operator with PyTorch: either both refuse the inputs, or they agree."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from cnnspec.ops.kit.fields import OperatorError
from cnnspec.ops.kit.operator import Operator
from cnnspec.ops.registry import load_operator
from tests.ops.draws import Shape

Fields = dict[str, Any]
Runs = Callable[..., Tensor]


def ours(name: str, fields: Fields, *inputs: Shape) -> Shape | None:
    """Return the output shape, or None if the operator refuses."""
    try:
        return load_operator(name)(**fields).output(*inputs)
    except OperatorError:
        return None


def theirs(run: Runs, *inputs: Shape) -> Shape | None:
    """Return PyTorch's output shape, or None if it refuses."""
    try:
        return tuple(run(*(torch.zeros(1, *x) for x in inputs)).shape[1:])
    except (RuntimeError, ValueError, IndexError):
        return None


def shapes_agree(name: str, fields: Fields, run: Runs, *inputs: Shape) -> None:
    """Check that both refuse, or the shapes of the outputs are equal."""
    assert ours(name, fields, *inputs) == theirs(run, *inputs)


def named(tensors: Iterable[tuple[str, Tensor]]) -> dict[str, Shape]:
    """Return the tensors by name, without the bookkeeping that is not counted."""
    return {name: tuple(t.shape) for name, t in tensors if name != "num_batches_tracked"}


def layers_agree(
    name: str, x: Shape, fields: Fields, build: Callable[[], nn.Module], batch: int = 1
) -> None:
    """Check that both refuse, or output, parameters, buffers and multiply-accumulates are equal.

    PyTorch allows a transposed convolution with an empty output, which operators refuse."""
    try:
        module = build().eval()
        with FlopCounterMode(display=False) as flops:
            theirs = tuple(module(torch.zeros(batch, *x)).shape[1:])
        refused = 0 in theirs
    except (RuntimeError, ValueError):
        refused = True
    if refused:
        with pytest.raises(OperatorError):
            load_operator(name)(**fields).output(x)
        return
    op: Operator = load_operator(name)(**fields)
    y = op.output(x)
    assert y == theirs
    assert op.parameters(x) == named(module.named_parameters())
    assert op.buffers(x) == named(module.named_buffers())
    assert 2 * batch * op.macs(x, y) == flops.get_total_flops()


def dims(kind: str, x: Shape) -> Any:
    """Return PyTorch's module for the dimensions of the shape: Conv2d, MaxPool1d, ..."""
    return getattr(nn, f"{kind}{len(x) - 1}d")


class Apply(nn.Module):
    """A function as a module, with the parameters of another."""

    def __init__(self, function: Callable[[Tensor], Tensor], inner: nn.Module | None = None):
        super().__init__()
        self.function = function
        for name, parameter in inner.named_parameters() if inner else ():
            self.register_parameter(name, parameter)

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)
