"""Right models that are written in other ways than the built module: all of them pass."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from cnnspec.analyses.verdict import PASSED, Check
from cnnspec.pytorch.compare_model import compare_model
from tests.pytorch.test_spellings import CONV, SPATIAL, Forward, Model, differences
from tests.support import graph_of

Make = Callable[[int], nn.Module]  # takes the number of dimensions


class Case:
    """A right model of ``layers`` behind a convolution, and what makes its modules."""

    def __init__(self, layers: str, forward: Forward, **modules: Make):
        self.layers, self.forward, self.modules = layers, forward, modules


def verify(case: Case, dimensions: int, forward: Forward | None = None) -> list[Check]:
    spec = f"""
input = [3, {SPATIAL[dimensions]}]
layers = [
  {{ name = "c", op = "conv", out_channels = 8, kernel_size = 3, padding = 1 }},
  {case.layers}
]
"""
    modules = {name: make(dimensions) for name, make in case.modules.items()}
    model = Model(forward or case.forward, dimensions, **modules)
    return compare_model(graph_of(spec), model, "mine", "cpu")


def conv(*given: Any, **named: Any) -> Make:
    return lambda dimensions: CONV[dimensions - 1](*given, **named)


def linear(*given: Any) -> Make:
    return lambda dimensions: nn.Linear(*given)


HEAD = """
  { name = "p", op = "conv", out_channels = 12, kernel_size = 3, padding = 1 },
  { name = "r", op = "box_rows", values = 4 },"""
TWO_HEADS = """
  { name = "d", op = "conv", out_channels = 8, kernel_size = 3, padding = 1, stride = 2 },
  { name = "p", op = "conv", out_channels = 12, kernel_size = 3, padding = 1, from = "c" },
  { name = "r", op = "box_rows", values = 4 },
  { name = "q", op = "conv", out_channels = 12, kernel_size = 3, padding = 1, from = "d" },
  { name = "s", op = "box_rows", values = 4 },
  { name = "all", op = "concat", from = ["r", "s"] },"""
DETECTOR = {
    "d": conv(8, 8, 3, 2, 1),
    "p": conv(8, 12, 3, padding=1),
    "q": conv(8, 12, 3, padding=1),
}


def last(x: torch.Tensor) -> torch.Tensor:
    return x.permute(0, *range(2, x.dim()), 1).contiguous()


def split_before(m: Any, x: torch.Tensor) -> Any:
    """Split the channels into boxes first, as torchvision's RetinaNet does."""
    y = m.p(m.c(x))
    boxes = y.view(len(y), -1, 4, *y.shape[2:])
    return boxes.permute(0, *range(3, boxes.dim()), 1, 2).reshape(len(y), -1, 4)


def flat_heads(m: Any, x: torch.Tensor) -> Any:
    y = m.c(x)
    flat = torch.cat([last(z).view(len(x), -1) for z in (m.p(y), m.q(m.d(y)))], 1)
    return flat.view(len(x), -1, 4)


def heads_of_rows(m: Any, x: torch.Tensor) -> Any:
    y = m.c(x)
    return torch.cat([last(z).view(len(x), -1, 4) for z in (m.p(y), m.q(m.d(y)))], dim=1)


class LayerNorm(nn.Module):
    """Layer normalization of channels by its formula."""

    def __init__(self, by_function: bool):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(8)), nn.Parameter(torch.zeros(8))
        self.by_function = by_function

    def forward(self, x: torch.Tensor) -> Any:
        mean = x.mean(1, keepdim=True)
        variance = (x - mean).pow(2).mean(1, keepdim=True)
        if self.by_function:
            variance, mean = torch.var_mean(x, 1, keepdim=True, unbiased=False)
        ones = [1] * (x.dim() - 2)
        return self.weight.view(8, *ones) * ((x - mean) / (variance + 1e-6).sqrt()) + (
            self.bias.view(8, *ones)
        )


class L2Norm(nn.Module):
    """The division by the norm, without PyTorch's guard against zero."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(8))

    def forward(self, x: torch.Tensor) -> Any:
        y = x / x.pow(2).sum(1, keepdim=True).sqrt()
        return self.weight.view(1, 8, *[1] * (x.dim() - 2)) * y


class Frozen(nn.Module):
    """Frozen batch normalization by PyTorch's function, which takes tensors in another order."""

    weight: torch.Tensor
    bias: torch.Tensor
    running_mean: torch.Tensor
    running_var: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        for name in ("weight", "bias", "running_mean", "running_var"):
            self.register_buffer(name, torch.ones(8))

    def forward(self, x: torch.Tensor) -> Any:
        return F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias)


RIGHT = {
    "boxes of a view": Case(
        HEAD, lambda m, x: last(m.p(m.c(x))).view(len(x), -1, 4), p=conv(8, 12, 3, padding=1)
    ),
    "boxes of all values": Case(
        HEAD,
        lambda m, x: last(m.p(m.c(x))).flatten(1).view(len(x), -1, 4),
        p=conv(8, 12, 3, padding=1),
    ),
    "boxes of split channels": Case(HEAD, split_before, p=conv(8, 12, 3, padding=1)),
    "joined values": Case(TWO_HEADS, flat_heads, **DETECTOR),
    "joined boxes": Case(TWO_HEADS, heads_of_rows, **DETECTOR),
    "layer norm by its formula": Case(
        '{ name = "n", op = "layernorm", eps = 1e-6 },',
        lambda m, x: m.n(m.c(x)),
        n=lambda _: LayerNorm(False),
    ),
    "layer norm by var_mean": Case(
        '{ name = "n", op = "layernorm", eps = 1e-6 },',
        lambda m, x: m.n(m.c(x)),
        n=lambda _: LayerNorm(True),
    ),
    "no guard against zero": Case(
        '{ name = "n", op = "l2norm" },', lambda m, x: m.n(m.c(x)), n=lambda _: L2Norm()
    ),
    "a mean and a deviation": Case(
        '{ name = "n", op = "scale", factor = 2.0, offset = -1.0 },',
        lambda m, x: (m.c(x) - 0.5) / 0.5,
    ),
    "a convolution over the whole map": Case(
        """
  { name = "f", op = "flatten" },
  { name = "l", op = "linear", out_features = 4 },""",
        lambda m, x: m.l(m.c(x)).flatten(1),
        l=lambda n: conv(8, 4, tuple(map(int, SPATIAL[n].split(","))))(n),
    ),
    "frozen statistics": Case(
        '{ name = "n", op = "frozen_batchnorm" },', lambda m, x: m.n(m.c(x)), n=lambda _: Frozen()
    ),
}


@pytest.mark.parametrize("dimensions", [1, 2, 3])
@pytest.mark.parametrize("case", RIGHT.values(), ids=RIGHT)
def test_a_right_model_passes(case: Case, dimensions: int) -> None:
    checks = verify(case, dimensions)
    assert all(c.status == PASSED for c in checks), differences(checks)
