"""Models with joins, learned values, tokens, permutations and reductions align with their specs."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from cnnspec.analyses.verdict import PASSED
from cnnspec.pytorch.check_calls import SAME_CALLS, SAME_FUNCTION
from tests.pytorch.test_spellings import HEAD, differences, verify


class Learned(nn.Module):
    """A learned tensor ``w``."""

    def __init__(self, *shape: int):
        super().__init__()
        self.w = nn.Parameter(torch.rand(shape))


Case = tuple[str, Callable[[Any, torch.Tensor], Any], dict[str, Any]]


def join(op: str) -> str:
    return f"""
  {{ name = "t", op = "tanh", from = "c" }},
  {{ name = "j", op = "{op}", from = ["c", "t"] }},"""


def of_both(function: Callable[[Any, Any], Any]) -> Callable[[Any, torch.Tensor], Any]:
    def forward(m: Any, x: torch.Tensor) -> Any:
        y = m.c(x)
        return function(y, y.tanh())

    return forward


def normalised(m: Any, x: torch.Tensor) -> Any:
    y = m.c(x)
    return y - y.mean((2, 3), keepdim=True)


def with_token(m: Any, x: torch.Tensor) -> Any:
    y = m.c(x).flatten(2).transpose(1, 2)
    y = torch.cat([m.token.w.expand(len(y), -1, -1), y], dim=1) + m.place.w
    return m.l(y[:, 1])


def mixed_tokens(m: Any, x: torch.Tensor) -> Any:
    y = m.c(x).flatten(2).transpose(1, 2)
    return m.p(y.transpose(1, 2)).transpose(1, 2)


def attended_channels(m: Any, x: torch.Tensor) -> Any:
    rows = m.c(x).flatten(2)
    weights = (rows @ rows.transpose(1, 2)).softmax(-1)
    return weights @ rows


def attended(m: Any, x: torch.Tensor) -> Any:
    y = m.c(x).flatten(2).transpose(1, 2)
    q, k, v = (part.unflatten(-1, (2, -1)).transpose(1, 2) for part in m.qkv(y).chunk(3, -1))
    y = F.scaled_dot_product_attention(m.n(q), k, v)
    return m.p(y.transpose(1, 2).flatten(2)).transpose(1, 2)


ATTENTION = """
  { name = "rows", op = "reshape", shape = [0, -1] },
  { name = "qkv", op = "conv", out_channels = 24, kernel_size = 1 },
  { name = "q", op = "slice_channels", from = "qkv", stop = 8 },
  { name = "k", op = "slice_channels", from = "qkv", start = 8, stop = 16 },
  { name = "v", op = "slice_channels", from = "qkv", start = 16 },
  { name = "n", op = "tanh", from = "q" },
  { name = "sdpa", op = "scaled_dot_product_attention", heads = 2, from = ["n", "k", "v"] },
  { name = "p", op = "conv", out_channels = 5, kernel_size = 1 },"""
CHANNELS = """
  { name = "rows", op = "reshape", shape = [0, -1] },
  { name = "t", op = "permute", order = [1, 0] },
  { name = "products", op = "matmul", from = ["rows", "t"] },
  { name = "weights", op = "softmax", dim = 1 },
  { name = "sums", op = "matmul", from = ["weights", "rows"] },"""
TOKEN = """
  { name = "rows", op = "reshape", shape = [0, -1] },
  { name = "token", op = "tokens" },
  { name = "place", op = "affine", per = "element", weight = false },
  { name = "first", op = "crop", offset = 1, size = 1 },
  { name = "f", op = "flatten" },
  { name = "l", op = "linear", out_features = 4 },"""
MIXER = """
  { name = "rows", op = "reshape", shape = [0, -1] },
  { name = "t", op = "permute", order = [1, 0] },
  { name = "p", op = "conv", out_channels = 5, kernel_size = 1 },"""
CASES: dict[str, Case] = {
    "subtraction": (join("sub"), of_both(torch.sub), {}),
    "division": (join("div"), of_both(lambda a, b: a / b), {}),
    "maximum": (join("maximum"), of_both(torch.maximum), {}),
    "minimum": (join("minimum"), of_both(lambda a, b: torch.min(a, b)), {}),
    "minus a mean": (
        """
  { name = "mean", op = "reduce_dims", dims = [1, 2] },
  { name = "j", op = "sub", from = ["c", "mean"] },""",
        normalised,
        {},
    ),
    "a constant is subtracted": (
        '{ name = "o", op = "scale", offset = -3 },',
        lambda m, x: m.c(x) - 3,
        {},
    ),
    "subtracted from a constant": (
        '{ name = "o", op = "scale", factor = -1, offset = 2 },',
        lambda m, x: 2 - m.c(x),
        {},
    ),
    "the negative": ('{ name = "o", op = "scale", factor = -1 },', lambda m, x: -m.c(x), {}),
    "a learned scalar": (
        '{ name = "s", op = "affine", per = "layer", bias = false },',
        lambda m, x: m.s.w * m.c(x),
        {"s": Learned(1)},
    ),
    "a learned scalar without dimensions": (
        '{ name = "s", op = "affine", per = "layer", bias = false },',
        lambda m, x: m.c(x) * m.s.w,
        {"s": Learned()},
    ),
    "a learned bias": (
        '{ name = "s", op = "affine", weight = false },',
        lambda m, x: m.c(x) + m.s.w,
        {"s": Learned(1, 8, 1, 1)},
    ),
    "a class token": (
        TOKEN,
        with_token,
        {"token": Learned(1, 1, 8), "place": Learned(1, 65, 8), "l": nn.Linear(8, 4)},
    ),
    "tokens mixed": (MIXER, mixed_tokens, {"p": nn.Linear(64, 5)}),
    "products of channels": (CHANNELS, attended_channels, {}),
    "attention of queries with a norm": (
        ATTENTION,
        attended,
        {"qkv": nn.Linear(8, 24), "n": nn.Tanh(), "p": nn.Linear(8, 5)},
    ),
    "the sum of channels": (
        '{ name = "s", op = "reduce_dims", dims = [0], kind = "sum", keepdim = false },',
        lambda m, x: m.c(x).sum(1),
        {},
    ),
    "the largest channel": (
        '{ name = "s", op = "reduce_dims", dims = [0], kind = "max" },',
        lambda m, x: m.c(x).max(1, keepdim=True)[0],
        {},
    ),
    "the smallest channel": (
        '{ name = "s", op = "reduce_dims", dims = [0], kind = "min" },',
        lambda m, x: m.c(x).amin(1, keepdim=True),
        {},
    ),
    "rows and columns": (
        '{ name = "s", op = "permute", order = [0, 2, 1] },',
        lambda m, x: m.c(x).transpose(2, 3),
        {},
    ),
    "the mean of all positions": (
        HEAD.replace('"global_avgpool"', '"reduce_dims", dims = [1, 2]'),
        lambda m, x: m.l(m.c(x).mean((2, 3))),
        {"l": nn.Linear(8, 4)},
    ),
}


CHANNELS_LAST = (
    "a class token",
    "attention of queries with a norm",
)  # the model has its positions in another dimension


@pytest.mark.parametrize("name", CASES)
def test_a_model_aligns(name: str) -> None:
    layers, forward, modules = CASES[name]
    demand = SAME_FUNCTION if name in CHANNELS_LAST else SAME_CALLS
    checks = verify(layers, forward, demand=demand, **modules)
    assert all(c.status == PASSED for c in checks), differences(checks)


WRONG = {  # another number or operator than the spec's
    "a constant": ("a constant is subtracted", lambda m, x: m.c(x) - 2),
    "the sign": ("subtracted from a constant", lambda m, x: m.c(x) - 2),
    "the order of a subtraction": ("subtraction", of_both(lambda a, b: b - a)),
    "the order of a division": ("division", of_both(lambda a, b: b / a)),
    "a minimum for a maximum": ("maximum", of_both(torch.minimum)),
    "the dimension of a sum": ("the sum of channels", lambda m, x: m.c(x).sum(2)),
    "a mean for a sum": ("the sum of channels", lambda m, x: m.c(x).mean(1)),
    "a permutation": ("rows and columns", lambda m, x: m.c(x)),
}


@pytest.mark.parametrize(("name", "forward"), WRONG.values(), ids=WRONG)
def test_another_model_does_not(name: str, forward: Any) -> None:
    layers, _, modules = CASES[name]
    assert any(c.status != PASSED for c in verify(layers, forward, **modules))
