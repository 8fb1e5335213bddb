"""Dropout of the weights of attention: the spec's is that of the model, however it is written."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from cnnspec.analyses.verdict import PASSED
from tests.pytorch.test_attention_spellings import heads, project, rows
from tests.pytorch.test_right_models import Case, linear, verify
from tests.pytorch.test_spellings import Forward, differences

ATTENTION = '{ name = "a", op = "attention", heads = 2, dropout = 0.1 },'
OF_QKV = 'from = ["q", "k", "v"]'
PRODUCTS = f"""
  {{ name = "q", op = "conv", out_channels = 8, kernel_size = 1, from = "c" }},
  {{ name = "k", op = "conv", out_channels = 8, kernel_size = 1, from = "c" }},
  {{ name = "v", op = "conv", out_channels = 8, kernel_size = 1, from = "c" }},
  {{ name = "a", op = "scaled_dot_product_attention", heads = 2, dropout = 0.1, {OF_QKV} }},
  {{ name = "proj", op = "conv", out_channels = 8, kernel_size = 1 }},"""
LAYERS = {name: linear(8, 8) for name in ("q", "k", "v", "proj")}
FUSED = {"qkv": linear(8, 24), "proj": linear(8, 8)}


def module(p: float, drop: float | None = None) -> Case:
    """Return nn.MultiheadAttention with a probability ``p``."""

    def forward(m: Any, x: torch.Tensor) -> Any:
        y = m.c(x)
        read = rows(y)
        return m.a(read, read, read, need_weights=drop is None)[0].transpose(1, 2).reshape(y.shape)

    return Case(ATTENTION, forward, a=lambda n: nn.MultiheadAttention(8, 2, p, batch_first=True))


def fused(p: float, also_at_inference: bool = False) -> Forward:
    """Attend by one linear layer for q, k and v, and by PyTorch's function."""

    def forward(m: Any, x: torch.Tensor) -> Any:
        y = m.c(x)
        q, k, v = map(heads, m.qkv(rows(y)).chunk(3, -1))
        drop = p if m.training or also_at_inference else 0.0
        return project(m, y, F.scaled_dot_product_attention(q, k, v, dropout_p=drop))

    return forward


def unfused(where: str, drop: Any) -> Forward:
    """Attend by three linear layers, and drop what ``where`` says."""

    def forward(m: Any, x: torch.Tensor) -> Any:
        y = m.c(x)
        q, k, v = (heads(part(rows(y))) for part in (m.q, m.k, m.v))
        scores = q @ k.transpose(-2, -1) * 0.5
        scores = drop(scores, m.training) if where == "scores" else scores
        weights = scores.softmax(-1)
        weights = drop(weights, m.training) if where == "weights" else weights
        attended = weights @ v
        return project(m, y, drop(attended, m.training) if where == "sums" else attended)

    return forward


def tenth(x: torch.Tensor, training: bool) -> torch.Tensor:
    return F.dropout(x, 0.1, training)


def rows_only(x: torch.Tensor, training: bool) -> torch.Tensor:
    return F.dropout(x, 0.1, training).mean(-1, keepdim=True).expand_as(x) if training else x


def by_mask(x: torch.Tensor, training: bool) -> torch.Tensor:
    return x / 0.9 * (torch.rand_like(x) < 0.9) if training else x


RIGHT = {
    "nn.MultiheadAttention": module(0.1),
    "without weights": module(0.1, 0.0),
    "scaled_dot_product_attention": Case(ATTENTION, fused(0.1), **FUSED),
    "three linear layers": Case(ATTENTION, unfused("weights", tenth), **LAYERS),
    "a mask": Case(ATTENTION, unfused("weights", by_mask), **LAYERS),
    "products": Case(PRODUCTS, unfused("weights", tenth), **LAYERS),
}
WRONG = {
    "nn.MultiheadAttention without": module(0.0),
    "another probability of the module": module(0.2),
    "another probability": Case(ATTENTION, fused(0.2), **FUSED),
    "at inference too": Case(ATTENTION, fused(0.1, True), **FUSED),
    "of the scores": Case(ATTENTION, unfused("scores", tenth), **LAYERS),
    "of the sums": Case(ATTENTION, unfused("sums", tenth), **LAYERS),
    "of whole rows": Case(ATTENTION, unfused("weights", rows_only), **LAYERS),
    "products without": Case(PRODUCTS, unfused("", tenth), **LAYERS),
}


@pytest.mark.parametrize("dimensions", [1, 2, 3])
@pytest.mark.parametrize("case", RIGHT.values(), ids=RIGHT)
def test_right_dropout_passes(case: Case, dimensions: int) -> None:
    checks = verify(case, dimensions)
    assert all(c.status == PASSED for c in checks), differences(checks)


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG)
def test_wrong_dropout_fails(case: Case) -> None:
    assert any(c.status != PASSED for c in verify(case, 2))
