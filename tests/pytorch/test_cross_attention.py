"""Attention whose queries, keys and values come from two maps."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from cnnspec.analyses.verdict import PASSED
from tests.pytorch.test_attention_spellings import attention, heads, project, rows
from tests.pytorch.test_right_models import Case, Make, conv, linear, verify
from tests.pytorch.test_spellings import Forward, differences

LAYERS = """
  { name = "p", op = "conv", out_channels = 8, kernel_size = 3, padding = 1 },
  { name = "q", op = "conv", out_channels = 8, kernel_size = 1, from = "c" },
  { name = "k", op = "conv", out_channels = 8, kernel_size = 1, from = "p" },
  { name = "v", op = "conv", out_channels = 8, kernel_size = 1, from = "p" },
  { name = "a", op = "scaled_dot_product_attention", heads = 2, from = ["q", "k", "v"] },
  { name = "proj", op = "conv", out_channels = 8, kernel_size = 1 },"""
MODULE: dict[str, Make] = {"p": conv(8, 8, 3, padding=1), "a": attention}
LINEAR: dict[str, Make] = {
    "p": conv(8, 8, 3, padding=1),
    **{name: linear(8, 8) for name in ("q", "k", "v", "proj")},
}
TWO: dict[str, Make] = {
    "p": conv(8, 8, 3, padding=1),
    "q": linear(8, 8),
    "kv": linear(8, 16),
    "proj": linear(8, 8),
}


def by_module(m: Any, x: torch.Tensor) -> Any:
    y = m.c(x)
    keys = rows(m.p(y))
    return m.a(rows(y), keys, keys)[0].transpose(1, 2).reshape(y.shape)


def by_linear(choose: Callable[..., tuple[torch.Tensor, ...]]) -> Forward:
    """Read queries, keys and values of the maps that ``choose`` returns for both."""

    def forward(m: Any, x: torch.Tensor) -> Any:
        y = m.c(x)
        read = [rows(map_) for map_ in choose(y, m.p(y))]
        parts = zip((m.q, m.k, m.v), read, strict=True)
        q, k, v = (heads(part(map_)) for part, map_ in parts)
        return project(m, y, F.scaled_dot_product_attention(q, k, v))

    return forward


def keys_with_values(m: Any, x: torch.Tensor) -> Any:
    y = m.c(x)
    context, q = rows(m.p(y)), heads(m.q(rows(y)))
    k, v = map(heads, m.kv(context).chunk(2, -1))
    return project(m, y, F.scaled_dot_product_attention(q, k, v))


RIGHT = {
    "a module": Case(LAYERS, by_module, **MODULE),
    "linear layers": Case(LAYERS, by_linear(lambda y, z: (y, z, z)), **LINEAR),
    "one linear layer of keys and values": Case(LAYERS, keys_with_values, **TWO),
}
WRONG = {
    "values of the first map": Case(LAYERS, by_linear(lambda y, z: (y, z, y)), **LINEAR),
    "queries of the second map": Case(LAYERS, by_linear(lambda y, z: (z, z, z)), **LINEAR),
    "both exchanged": Case(LAYERS, by_linear(lambda y, z: (z, y, y)), **LINEAR),
}


@pytest.mark.parametrize("dimensions", [1, 2, 3])
@pytest.mark.parametrize("case", RIGHT.values(), ids=RIGHT)
def test_right_cross_attention_passes(case: Case, dimensions: int) -> None:
    checks = verify(case, dimensions)
    assert all(c.status == PASSED for c in checks), differences(checks)


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG)
def test_wrong_cross_attention_fails(case: Case) -> None:
    assert any(c.status != PASSED for c in verify(case, 2))
