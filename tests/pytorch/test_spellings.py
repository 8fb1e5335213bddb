"""Models that spell an operator otherwise than PyTorch's module of it align with the spec."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from cnnspec.analyses.verdict import PASSED, Check
from cnnspec.pytorch.check_calls import SAME_CALLS
from cnnspec.pytorch.compare_model import compare_model
from tests.support import graph_of

CONV = nn.Conv1d, nn.Conv2d, nn.Conv3d
SPATIAL = {1: "16", 2: "8, 8", 3: "8, 8, 6"}
Forward = Callable[[Any, torch.Tensor], Any]


class Model(nn.Module):
    """A convolution ``c`` to 8 channels with a kernel of 3, and further modules and a forward."""

    def __init__(self, forward: Forward, dimensions: int, **modules: nn.Module):
        super().__init__()
        self.c = CONV[dimensions - 1](3, 8, 3, padding=1)
        self.function = forward
        for name, module in modules.items():
            self.add_module(name, module)

    def forward(self, x: torch.Tensor) -> Any:
        return self.function(self, x)


def verify(
    layers: str,
    forward: Forward,
    dimensions: int = 2,
    demand: str = SAME_CALLS,
    **modules: nn.Module,
) -> list[Check]:
    """Compare a model with a spec of a convolution and of ``layers``."""
    spec = f"""
input = [3, {SPATIAL[dimensions]}]
layers = [
  {{ name = "c", op = "conv", out_channels = 8, kernel_size = 3, padding = 1 }},
  {layers}
]
"""
    return compare_model(
        graph_of(spec), Model(forward, dimensions, **modules), "mine", "cpu", demand=demand
    )


def differences(checks: list[Check]) -> list[tuple[Any, ...]]:
    return [(d.name, d.calculated, d.measured, d.cause) for c in checks for d in c.differences]


def mean_of_means(m: Any, x: torch.Tensor) -> Any:
    """Take the mean of one dimension after the other, the last first."""
    y = m.c(x)
    while y.dim() > 2:
        y = y.mean(-1)
    return m.l(y)


def kept_means(m: Any, x: torch.Tensor) -> Any:
    y = m.c(x)
    for dimension in range(2, y.dim()):
        y = y.mean(dimension, keepdim=True)
    return m.l(y.flatten(1))


def max_of_maxima(m: Any, x: torch.Tensor) -> Any:
    y = m.c(x)
    while y.dim() > 2:
        y = y.max(-1)[0]
    return m.l(y)


def first_position(m: Any, x: torch.Tensor) -> Any:
    y = m.c(x)
    y = y.mean(tuple(range(2, y.dim())), keepdim=True)
    while y.dim() > 2:
        y = y[..., 0]
    return m.l(y)


def swish(m: Any, x: torch.Tensor) -> Any:
    y = m.c(x)
    return y * torch.sigmoid(y)


def swish_reversed(m: Any, x: torch.Tensor) -> Any:
    y = m.c(x)
    return y.sigmoid() * y


def python_sum(m: Any, x: torch.Tensor) -> Any:
    y = m.c(x)
    return sum([y.relu(), y.tanh(), y.sigmoid()])


def summed_in_place(m: Any, x: torch.Tensor) -> Any:
    y, out = m.c(x), 0
    for part in (y.relu(), y.tanh(), y.sigmoid()):
        out += part
    return out


def stacked_sum(m: Any, x: torch.Tensor) -> Any:
    y = m.c(x)
    return torch.stack([y.relu(), y.tanh(), y.sigmoid()]).sum(0)


def stacked_sum_of_channels(m: Any, x: torch.Tensor) -> Any:
    y = m.c(x)
    return torch.stack([y.relu(), y.tanh(), y.sigmoid()], dim=1).sum(dim=1)


def linear_at_each_position(m: Any, x: torch.Tensor) -> Any:
    return m.p(m.c(x).movedim(1, -1)).movedim(-1, 1)


def linear_of_tokens(m: Any, x: torch.Tensor) -> Any:
    y = m.c(x)
    return (
        m.p(y.flatten(2).transpose(1, 2)).transpose(1, 2).reshape((*y.shape[:1], 5, *y.shape[2:]))
    )


def product_with_bias(m: Any, x: torch.Tensor) -> Any:
    return (m.c(x).movedim(1, -1) @ m.p.weight.t() + m.p.bias).movedim(-1, 1)


def same_size(mode: str) -> Forward:
    return lambda m, x: F.interpolate(m.c(x), size=x.shape[2:], mode=mode)


def added_with_a_factor(m: Any, x: torch.Tensor) -> Any:
    y = m.c(x)
    return torch.add(y, y, alpha=0.2)


def subtracted_in_place(m: Any, x: torch.Tensor) -> Any:
    y = m.c(x)
    return y.clone().add_(y, alpha=0.2)


HEAD = """
  { name = "gap", op = "global_avgpool", keepdim = false },
  { name = "l", op = "linear", out_features = 4 },"""
MAX_HEAD = HEAD.replace("avg", "max")
SUM = """
  { name = "r", op = "relu", from = "c" },
  { name = "t", op = "tanh", from = "c" },
  { name = "s", op = "sigmoid", from = "c" },
  { name = "sum", op = "add", from = ["r", "t", "s"] },"""
POINTWISE = '{ name = "p", op = "conv", out_channels = 5, kernel_size = 1 },'
SCALED_ADD = """
  { name = "s", op = "scale", factor = 0.2 },
  { name = "a", op = "add", from = ["c", "s"] },"""
SILU = '{ name = "s", op = "silu" },'
SPELLINGS: dict[str, tuple[str, Forward]] = {
    "mean of means": (HEAD, mean_of_means),
    "means with kept dimensions": (HEAD, kept_means),
    "maximum of maxima": (MAX_HEAD, max_of_maxima),
    "maximum of all positions": (MAX_HEAD, lambda m, x: m.l(m.c(x).flatten(2).max(2)[0])),
    "amax": (MAX_HEAD, lambda m, x: m.l(m.c(x).flatten(2).amax(-1))),
    "the only position": (HEAD, first_position),
    "swish": (SILU, swish),
    "reversed swish": (SILU, swish_reversed),
    "Python's sum": (SUM, python_sum),
    "sum in place": (SUM, summed_in_place),
    "sum of a stack": (SUM, stacked_sum),
    "sum of a stack of channels": (SUM, stacked_sum_of_channels),
    "linear of channels": (POINTWISE, linear_at_each_position),
    "linear of tokens": (POINTWISE, linear_of_tokens),
    "product with a bias": (POINTWISE, product_with_bias),
    "alpha": (SCALED_ADD, added_with_a_factor),
    "alpha in place": (SCALED_ADD, subtracted_in_place),
    "a half": ('{ name = "s", op = "scale", factor = 0.5 },', lambda m, x: m.c(x) / 2),
    "pixels": (
        '{ name = "s", op = "scale", factor = 0.00392156862745098 },',
        lambda m, x: m.c(x) / 255,
    ),
    "the same size": ("", same_size("nearest")),
    "single precision": ("", lambda m, x: m.c(x.float()).float()),
    "to single precision": ("", lambda m, x: m.c(x.to(torch.float32)).type(torch.float32)),
    "local response": (
        '{ name = "n", op = "lrn", size = 3, alpha = 0.1, beta = 0.5, k = 2 },',
        lambda m, x: F.local_response_norm(m.c(x), 3, 0.1, 0.5, k=2.0),
    ),
    "instance norm": (
        '{ name = "n", op = "instancenorm", eps = 0.1 },',
        lambda m, x: F.instance_norm(m.c(x), eps=0.1),
    ),
    "group norm of channels": (
        '{ name = "n", op = "instancenorm" },',
        lambda m, x: F.group_norm(m.c(x), 8),
    ),
    "instance norm as group norm": (
        '{ name = "n", op = "groupnorm", groups = 8, affine = false },',
        lambda m, x: F.instance_norm(m.c(x)),
    ),
}


@pytest.mark.parametrize("dimensions", [1, 2, 3])
@pytest.mark.parametrize(("layers", "forward"), SPELLINGS.values(), ids=SPELLINGS)
def test_a_spelling_aligns(layers: str, forward: Forward, dimensions: int) -> None:
    modules: dict[str, Any] = {
        name: module
        for name, module in {"l": nn.Linear(8, 4), "p": nn.Linear(8, 5)}.items()
        if f'name = "{name}"' in layers
    }
    checks = verify(layers, forward, dimensions, **modules)
    assert all(c.status == PASSED for c in checks), differences(checks)


@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("kernel", [2, 3, 4])
@pytest.mark.parametrize("dimensions", [1, 2, 3])
@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
def test_same_padding(dimensions: int, kernel: int, dilation: int) -> None:
    settings = f'kernel_size = {kernel}, padding = "same", dilation = {dilation}'
    layers = f'{{ name = "d", op = "conv", out_channels = 4, {settings} }},'
    conv = CONV[dimensions - 1](8, 4, kernel, padding="same", dilation=dilation)
    checks = verify(layers, lambda m, x: m.d(m.c(x)), dimensions, d=conv)
    assert all(c.status == PASSED for c in checks), differences(checks)


def test_a_pointwise_convolution_and_a_whole_pool_keep_their_names() -> None:
    layers = f"""
  {POINTWISE}
  {{ name = "gap", op = "global_avgpool" }},"""
    point = nn.Conv2d(8, 5, 3, padding=1)
    found = differences(verify(layers, lambda m, x: F.avg_pool2d(m.p(m.c(x)), 4), p=point))
    assert [name for name, *_ in found[:2]] == ["p", "gap"]
    assert "linear" not in str(found)
    assert found[0][3] == "kernel_size, padding"
    assert "op = avgpool" in found[1][2]


def test_linear_without_its_bias_differs_only_in_that() -> None:
    layers = POINTWISE
    found = differences(verify(layers, linear_at_each_position, p=nn.Linear(8, 5, bias=False)))
    assert [(name, cause) for name, _, _, cause in found] == [("p", "bias")]
