"""Operators of tests, as their files and lines in the registry would add them."""

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any, ClassVar

import pytest
from torch import nn

from cnnspec.ops.batchnorm import BatchNorm
from cnnspec.ops.kit.elementwise import Activation, Elementwise
from cnnspec.ops.kit.fields import flag_field
from cnnspec.ops.kit.operator import Operator
from cnnspec.ops.kit.pooling import Pool
from cnnspec.ops.maxpool import MaxPool
from cnnspec.ops.registry import OPERATORS, load_operator
from cnnspec.ops.relu import Relu
from cnnspec.pytorch.recording import operations
from cnnspec.units import Shape


class PeakPool(Pool):
    title = "Peak Pooling"
    takes = "largest"
    autocast = "follows"

    zeros: bool = flag_field("whether the zeros of the padding count in a mean", default=False)

    @property
    def averages_padding(self) -> bool:
        return self.zeros

    def memory(self, x: Shape, y: Shape, training: bool) -> Any:
        return MaxPool.memory(self, x, y, training)  # type: ignore[arg-type]

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        return self.largest(torch, x, y)


class PlainNorm(Elementwise):
    title = "Plain Norm"
    role = "norm"
    per_element: ClassVar[dict[str, int]] = {"additions": 1, "multiplications": 1}
    is_affine = True
    uses_batch_statistics = True
    autocast = "statistics"

    def buffers(self, x: Shape) -> dict[str, Shape]:
        return {"running_mean": x[:1], "running_var": x[:1]}

    def memory(self, x: Shape, y: Shape, training: bool) -> Any:
        return BatchNorm(affine=False).memory(x, y, training)

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        return torch.nn.BatchNorm2d(x[0], affine=False)


class Ramp(Activation):
    title = "Ramp"
    per_element: ClassVar[dict[str, int]] = {"comparisons": 1}
    is_idempotent = True
    autocast = "follows"

    def memory(self, x: Shape, y: Shape, training: bool) -> Any:
        return Relu().memory(x, y, training)

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        return torch.nn.ReLU()


class Shrink(Ramp):
    title = "Shrink"
    is_idempotent = False
    value_limits = (0.0,)
    recorded_from = ("softshrink",)

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        return torch.nn.Softshrink(0.5)


NEW: dict[str, type[Operator]] = {
    "crest": PeakPool,
    "plain_norm": PlainNorm,
    "ramp": Ramp,
    "shrink": Shrink,
}


def register_operators(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Register the operators, as a fixture does, until the end of a test."""
    for name, cls in NEW.items():
        module = ModuleType(f"cnnspec.ops.{name}", f"{cls.title}: a test's operator.")
        monkeypatch.setattr(cls, "__module__", module.__name__)
        monkeypatch.setattr(module, cls.__name__, cls, raising=False)
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setitem(OPERATORS, name, cls.__name__)
    yield
    load_operator.cache_clear()
    operations.renamed_operations.cache_clear()


NETWORK = """
name = "net"
input = [3, 16, 16]
layers = [
  { name = "conv", op = "first", bias = false },
  { name = "pool", op = "crest", kernel_size = 2 },
  { name = "last", op = "conv", out_channels = 16, kernel_size = 3 },
  { name = "flat", op = "flatten" },
  { name = "head", op = "linear", out_features = 10 },
]

[blocks.first]
op = "conv"
out_channels = 8
kernel_size = 3
norm = "plain_norm"
activation = "ramp"
"""


def model() -> nn.Module:
    """Return the same network in PyTorch, written without cnnspec."""
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, bias=False),
        nn.BatchNorm2d(8, affine=False),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3),
        nn.Flatten(),
        nn.Linear(400, 10),
    )
