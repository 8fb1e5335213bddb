"""Weights that a model has in other parts, or in another order, than the spec."""

from typing import Any

import pytest
import torch

from cnnspec.analyses.verdict import PASSED
from tests.pytorch.test_attention_spellings import ATTENTION, attend, heads, project, rows
from tests.pytorch.test_right_models import Case, conv, linear, verify
from tests.pytorch.test_spellings import Forward, differences

GROUPED = """
  { name = "g", op = "conv", out_channels = 12, kernel_size = 3, padding = 1, groups = 2 },"""
HALVES = {"a": conv(4, 6, 3, padding=1), "b": conv(4, 6, 3, padding=1)}


def fused(order: str) -> Case:
    """Return attention by one linear layer that gives q, k and v in an order."""

    def forward(m: Any, x: torch.Tensor) -> Any:
        y = m.c(x)
        parts = dict(zip(order, map(heads, m.qkv(rows(y)).chunk(3, -1)), strict=True))
        return project(m, y, attend(parts["q"], parts["k"], parts["v"]))

    return Case(ATTENTION, forward, qkv=linear(8, 24), proj=linear(8, 8))


def partly_fused(pair: str, single: str) -> Case:
    """Return attention by a linear layer for two of q, k and v, and one for the third."""

    def forward(m: Any, x: torch.Tensor) -> Any:
        y = m.c(x)
        parts = dict(zip(pair, map(heads, m.two(rows(y)).chunk(2, -1)), strict=True))
        parts[single] = heads(m.one(rows(y)))
        return project(m, y, attend(parts["q"], parts["k"], parts["v"]))

    return Case(ATTENTION, forward, two=linear(8, 16), one=linear(8, 8), proj=linear(8, 8))


def laid_out(order: str) -> Case:
    """Return attention by one linear layer with its rows in an order of parts p, heads h, d."""

    def forward(m: Any, x: torch.Tensor) -> Any:
        y = m.c(x)
        sizes = {"p": 3, "h": 2, "d": 4}
        read = m.qkv(rows(y)).unflatten(-1, [sizes[axis] for axis in order])
        q, k, v = torch.einsum(f"bn{order}->pbhnd", read)
        return project(m, y, attend(q, k, v))

    return Case(ATTENTION, forward, qkv=linear(8, 24), proj=linear(8, 8))


def laid_out_channels(m: Any, x: torch.Tensor) -> Any:
    """Attend with one convolution, which gives q, k and v of one head after the other."""
    y = m.c(x)
    q, k, v = m.qkv(y).flatten(2).unflatten(1, (2, 12)).split(4, 2)
    weights = (q.transpose(-2, -1) @ k / 2).softmax(-1)
    return m.proj((v @ weights.transpose(-2, -1)).reshape(y.shape))


def other_heads(m: Any, x: torch.Tensor) -> Any:
    """Take keys as values in each head."""
    y = m.c(x)
    q, k, _ = m.qkv(rows(y)).unflatten(-1, (2, 3, 4)).permute(3, 0, 2, 1, 4)
    return project(m, y, attend(q, k, k))


def halves(m: Any, x: torch.Tensor) -> Any:
    a, b = m.c(x).chunk(2, 1)
    return torch.cat([m.a(a), m.b(b)], 1)


def overlapping(m: Any, x: torch.Tensor) -> Any:
    y = m.c(x)
    return torch.cat([m.a(y[:, :4]), m.b(y[:, 2:6])], 1)


def repeated(m: Any, x: torch.Tensor) -> Any:
    a, _ = m.c(x).chunk(2, 1)
    return torch.cat([m.a(a), m.b(a)], 1)


def crossed(m: Any, x: torch.Tensor) -> Any:
    a, b = m.c(x).chunk(2, 1)
    return torch.cat([m.a(b), m.b(a)], 1)


RIGHT = {order: fused(order) for order in ("kqv", "vkq", "kvq", "qvk")}
RIGHT |= {f"{p}, {s}": partly_fused(p, s) for p, s in (("kv", "q"), ("vk", "q"), ("qk", "v"))}
RIGHT |= {order: laid_out(order) for order in ("hpd", "hdp", "pdh", "dph", "dhp")}
RIGHT["channels by heads"] = Case(
    ATTENTION, laid_out_channels, qkv=conv(8, 24, 1), proj=conv(8, 8, 1)
)
RIGHT["halves"] = Case(GROUPED, halves, **HALVES)
WRONG: dict[str, Forward] = {
    "overlapping": overlapping,
    "repeated": repeated,
    "crossed": crossed,
}


@pytest.mark.parametrize("dimensions", [1, 2, 3])
@pytest.mark.parametrize("case", RIGHT.values(), ids=RIGHT)
def test_weights_in_other_parts_pass(case: Case, dimensions: int) -> None:
    checks = verify(case, dimensions)
    assert all(c.status == PASSED for c in checks), differences(checks)
    assert case.layers == GROUPED or "same function" in checks[0].detail


@pytest.mark.parametrize("forward", WRONG.values(), ids=WRONG)
def test_other_functions_of_the_parts_fail(forward: Forward) -> None:
    assert any(c.status != PASSED for c in verify(Case(GROUPED, forward, **HALVES), 2))


def test_keys_as_values_of_each_head_fail() -> None:
    case = Case(ATTENTION, other_heads, qkv=linear(8, 24), proj=linear(8, 8))
    assert any(c.status != PASSED for c in verify(case, 2))


def test_another_dilation_of_a_half_fails() -> None:
    parts = {**HALVES, "b": conv(4, 6, 3, padding=2, dilation=2)}
    assert any(c.status != PASSED for c in verify(Case(GROUPED, halves, **parts), 2))
