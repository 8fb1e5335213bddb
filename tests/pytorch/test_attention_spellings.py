"""Attention as models write it: right ones pass, and wrong ones fail."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from cnnspec.analyses.verdict import PASSED
from cnnspec.pytorch.recording.recorder import record_model
from tests.pytorch.test_right_models import Case, conv, linear, verify
from tests.pytorch.test_spellings import Forward, differences


def attention(dimensions: int) -> nn.Module:
    return nn.MultiheadAttention(8, 2, batch_first=True)


def rows(x: torch.Tensor) -> torch.Tensor:
    return x.flatten(2).transpose(1, 2)


def heads(x: torch.Tensor) -> torch.Tensor:
    """Return rows (batch, positions, 8) as two heads (batch, 2, positions, 4)."""
    return x.view(*x.shape[:2], 2, 4).transpose(1, 2)


def attend(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    return ((q @ k.transpose(-2, -1)) * 0.5).softmax(-1) @ v


def project(m: Any, y: torch.Tensor, attended: torch.Tensor) -> torch.Tensor:
    """Join the heads, and return the map of y's shape."""
    joined = attended.transpose(1, 2).flatten(2)
    return m.proj(joined).transpose(1, 2).reshape(y.shape)


def chunked(m: Any, x: torch.Tensor) -> Any:
    y = m.c(x)
    return project(m, y, attend(*map(heads, m.qkv(rows(y)).chunk(3, -1))))


def split(m: Any, x: torch.Tensor) -> Any:
    y = m.c(x)
    q, k, v = map(heads, m.qkv(rows(y)).split(8, dim=-1))
    return project(m, y, F.scaled_dot_product_attention(q, k, v))


def einsum_of_heads(m: Any, x: torch.Tensor) -> Any:
    y = m.c(x)
    q, k, v = map(heads, m.qkv(rows(y)).chunk(3, -1))
    weights = (torch.einsum("bhid,bhjd->bhij", q, k) * 0.5).softmax(-1)
    return project(m, y, torch.einsum("bhij,bhjd->bhid", weights, v))


def einsum_of_positions(m: Any, x: torch.Tensor) -> Any:
    y = m.c(x)
    q, k, v = m.qkv(rows(y)).view(len(y), -1, 3, 2, 4).unbind(2)
    weights = (torch.einsum("bnhd,bmhd->bhnm", q, k) * 0.5).softmax(-1)
    attended = torch.einsum("bhnm,bmhd->bnhd", weights, v)
    return project(m, y, attended.transpose(1, 2))


def separate(m: Any, x: torch.Tensor) -> Any:
    y = m.c(x)
    read = rows(y)
    return project(m, y, attend(heads(m.q(read)), heads(m.k(read)), heads(m.v(read))))


def separate_in_another_order(m: Any, x: torch.Tensor) -> Any:
    y = m.c(x)
    read = rows(y)
    v, k = heads(m.v(read)), heads(m.k(read))
    return project(m, y, attend(heads(m.q(read)), k, v))


def separate_convolutions(m: Any, x: torch.Tensor) -> Any:
    y = m.c(x)
    q, k, v = (part(y).flatten(2).view(len(y), 2, 4, -1) for part in (m.q, m.k, m.v))
    weights = (q.transpose(-2, -1) @ k / 2).softmax(-1)
    return m.proj((v @ weights.transpose(-2, -1)).reshape(y.shape))


def one_convolution(m: Any, x: torch.Tensor) -> Any:
    y = m.c(x)
    q, k, v = m.qkv(y).flatten(2).view(len(y), 3, 2, 4, -1).unbind(1)
    attended = (q.transpose(-2, -1) @ k / 2).softmax(-1) @ v.transpose(-2, -1)
    return m.proj(attended.transpose(-2, -1).reshape(y.shape))


def of_copies(m: Any, x: torch.Tensor) -> Any:
    y = m.c(x)
    read = rows(y)
    return m.a(read, read.clone(), read + 0)[0].transpose(1, 2).reshape(y.shape)


def masked(make: Callable[[torch.Tensor], dict[str, torch.Tensor]]) -> Forward:
    """Attend with masks, which ``make`` makes of the rows."""

    def forward(m: Any, x: torch.Tensor) -> Any:
        y = m.c(x)
        read = rows(y)
        return m.a(read, read, read, **make(read))[0].transpose(1, 2).reshape(y.shape)

    return forward


def padding(read: torch.Tensor) -> dict[str, torch.Tensor]:
    return {"key_padding_mask": torch.zeros(read.shape[:2], dtype=torch.bool)}


def squared(read: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    return torch.zeros(read.shape[1], read.shape[1], dtype=dtype)


ATTENTION = '{ name = "a", op = "attention", heads = 2 },'
FUSED = {"qkv": linear(8, 24), "proj": linear(8, 8)}
SEPARATE = {name: linear(8, 8) for name in ("q", "k", "v", "proj")}
SEPARATE_CONVOLUTIONS = {name: conv(8, 8, 1) for name in ("q", "k", "v", "proj")}
RIGHT = {
    "q, k and v of chunks": Case(ATTENTION, chunked, **FUSED),
    "q, k and v of a split": Case(ATTENTION, split, **FUSED),
    "einsum of heads": Case(ATTENTION, einsum_of_heads, **FUSED),
    "einsum of positions": Case(ATTENTION, einsum_of_positions, **FUSED),
    "three linear layers": Case(ATTENTION, separate, **SEPARATE),
    "v, k and q": Case(ATTENTION, separate_in_another_order, **SEPARATE),
    "three convolutions": Case(ATTENTION, separate_convolutions, **SEPARATE_CONVOLUTIONS),
    "one convolution": Case(ATTENTION, one_convolution, qkv=conv(8, 24, 1), proj=conv(8, 8, 1)),
    "keys of a copy": Case(ATTENTION, of_copies, a=attention),
    "no padding": Case(ATTENTION, masked(padding), a=attention),
    "added zeros": Case(
        ATTENTION, masked(lambda r: {"attn_mask": squared(r, torch.double)}), a=attention
    ),
    "two masks": Case(
        ATTENTION,
        masked(lambda r: {"attn_mask": squared(r, torch.bool), **padding(r)}),
        a=attention,
    ),
    "two kinds of masks": Case(
        ATTENTION,
        masked(lambda r: {"attn_mask": squared(r, torch.double), **padding(r)}),
        a=attention,
    ),
}


@pytest.mark.parametrize("dimensions", [1, 2, 3])
@pytest.mark.parametrize("case", RIGHT.values(), ids=RIGHT)
def test_right_attention_passes(case: Case, dimensions: int) -> None:
    checks = verify(case, dimensions)
    assert all(c.status == PASSED for c in checks), differences(checks)


def causal(read: torch.Tensor) -> dict[str, torch.Tensor]:
    return {"attn_mask": squared(read, torch.bool).logical_not().triu(1)}


def wrong(attend: Callable[..., torch.Tensor]) -> Forward:
    def forward(m: Any, x: torch.Tensor) -> Any:
        y = m.c(x)
        return project(m, y, attend(*map(heads, m.qkv(rows(y)).chunk(3, -1))))

    return forward


WRONG = {
    "another scale": wrong(lambda q, k, v: (q @ k.transpose(-2, -1) * 0.4).softmax(-1) @ v),
    "no scale": wrong(lambda q, k, v: (q @ k.transpose(-2, -1)).softmax(-1) @ v),
    "the softmax of queries": wrong(lambda q, k, v: (q @ k.transpose(-2, -1) / 2).softmax(-2) @ v),
    "keys as values": wrong(lambda q, k, v: attend(q, k, k)),
    "queries as keys": wrong(lambda q, k, v: attend(q, q, v)),
    "weights without their sum": wrong(lambda q, k, v: (q @ k.transpose(-2, -1) / 2).exp() @ v),
    "causal": wrong(lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True)),
    "one of two heads": wrong(lambda q, k, v: attend(q[:, :1], k[:, :1], v).expand_as(v)),
}


@pytest.mark.parametrize("dimensions", [1, 2, 3])
@pytest.mark.parametrize("forward", WRONG.values(), ids=WRONG)
def test_wrong_attention_fails(forward: Forward, dimensions: int) -> None:
    checks = verify(Case(ATTENTION, forward, **FUSED), dimensions)
    assert any(c.status != PASSED for c in checks)


@pytest.mark.parametrize("make", [causal, lambda r: {"attn_mask": squared(r, torch.double) + 1.0}])
def test_masks_that_act_are_seen(make: Callable[[torch.Tensor], dict[str, torch.Tensor]]) -> None:
    checks = verify(Case(ATTENTION, masked(make), a=attention), 2)
    acts = make is causal  # the same number added to all changes nothing
    assert all(c.status == PASSED for c in checks) is not acts


MASKS: list[tuple[int, ...]] = [(4, 3), (4, 4, 3)]  # of positions, and of batch times heads


@pytest.mark.parametrize("sizes", [{}, {"kdim": 6, "vdim": 5}])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("dtype", [torch.bool, torch.double])
@pytest.mark.parametrize("shape", MASKS)
@pytest.mark.parametrize("padded", [True, False])
def test_recorded_cross_attention_is_that_of_pytorch(
    sizes: dict[str, int], bias: bool, dtype: torch.dtype, shape: tuple[int, ...], padded: bool
) -> None:
    module = nn.MultiheadAttention(8, 2, bias=bias, batch_first=True, **sizes).double()
    q = torch.rand(2, 4, 8, dtype=torch.double)
    k, v = (torch.rand(2, 3, sizes.get(n, 8), dtype=torch.double) for n in ("kdim", "vdim"))
    mask = torch.zeros(shape, dtype=dtype)
    mask[..., 0, 1] = 1
    padding = torch.tensor([[False, False, True], [False, False, False]]) if padded else None
    named = {"attn_mask": mask, "key_padding_mask": padding}
    expected = module(q, k, v, **named)
    _, found = record_model(module, (q, k, v), run=lambda m, *given: m(*given, **named))
    assert all(
        torch.allclose(a, b, rtol=0, atol=1e-14) for a, b in zip(found, expected, strict=True)
    )
