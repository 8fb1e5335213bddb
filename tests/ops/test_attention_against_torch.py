"""Compare attention with Segment Anything's image encoder, written here for any dimensions."""

from math import prod, sqrt

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from cnnspec.ops.registry import load_operator
from tests.ops.agreement import ours
from tests.ops.draws import Shape, maps, often


class WindowAttention(nn.Module):
    """Multi-head attention over maps, channels last, with relative positions if asked."""

    def __init__(self, c: int, heads: int, sizes: Shape, bias: bool, relative: bool):
        super().__init__()
        self.heads, self.qkv, self.proj = heads, nn.Linear(c, 3 * c, bias), nn.Linear(c, c)
        self.tables = [
            "rel_pos_" + (str(i) if len(sizes) != 2 else "hw"[i])
            for i in range(len(sizes) * relative)
        ]
        for name, size in zip(self.tables, sizes, strict=False):
            self.register_parameter(name, nn.Parameter(torch.zeros(2 * size - 1, c // heads)))

    def forward(self, x: Tensor) -> Tensor:
        b, *sizes, c = x.shape
        n, d = prod(sizes), c // self.heads
        q, k, v = (
            self.qkv(x)
            .reshape(b, n, 3, self.heads, d)
            .permute(2, 0, 3, 1, 4)
            .reshape(3, -1, n, d)
            .unbind()
        )
        weights = (q * d**-0.5) @ k.mT
        for axis, name in enumerate(self.tables):
            weights = self.moved(weights, q.reshape(-1, *sizes, d), axis, getattr(self, name))
        y = (
            (weights.softmax(-1) @ v)
            .reshape(b, self.heads, n, d)
            .transpose(1, 2)
            .reshape(b, *sizes, c)
        )
        return self.proj(y)

    @staticmethod
    def moved(weights: Tensor, q: Tensor, axis: int, table: Tensor) -> Tensor:
        """Add the products of q with the vectors of the distances along one axis."""
        sizes, places = q.shape[1:-1], torch.arange(q.shape[1 + axis])
        vectors = table[places[:, None] - places + len(places) - 1]
        rows = q.movedim(1 + axis, 0)
        products = rows.flatten(1, -2) @ vectors.mT
        added = products.reshape(*rows.shape[:-1], len(places)).movedim(0, 1 + axis)
        keys = [m if i == axis else 1 for i, m in enumerate(sizes)]
        return (
            weights.reshape(-1, *sizes, *sizes) + added.reshape(*added.shape[:-1], *keys)
        ).reshape(weights.shape)


def windowed(module: nn.Module, x: Tensor, m: int) -> Tensor:
    """Apply ``module`` to each window of m x m, channels last, padded at the ends."""
    if not m:
        return module(x)
    n, sizes = x.dim() - 2, x.shape[1:-1]
    padded = functional.pad(x, [0, 0] + [v for w in reversed(sizes) for v in (0, -w % m)])
    grid = padded.reshape(1, *(v for w in padded.shape[1:-1] for v in (w // m, m)), -1)
    order = (0, *range(1, 2 * n, 2), *range(2, 2 * n + 1, 2), 2 * n + 1)
    parts = grid.permute(order)
    done = module(parts.flatten(0, n)).reshape(parts.shape)
    whole = done.permute(*(order.index(i) for i in range(2 * n + 2))).reshape(padded.shape)
    return whole[(slice(None), *(slice(w) for w in sizes))]


@often
@given(
    maps(6).map(lambda x: (x[0] * 2, *x[1:])),
    st.integers(1, 4),
    st.integers(0, 4),
    st.booleans(),
    st.booleans(),
)
def test_attention(x: Shape, heads: int, m: int, bias: bool, relative: bool) -> None:
    op = load_operator("attention")(
        heads=heads, window_size=m, qkv_bias=bias, relative_position=relative
    )
    if x[0] % heads:
        assert ours("attention", {"heads": heads}, x) is None
        return
    module = WindowAttention(x[0], heads, tuple(m or w for w in x[1:]), bias, relative)
    with FlopCounterMode(display=False) as flops:
        y = windowed(module, torch.randn(1, *x).movedim(1, -1), m).movedim(-1, 1)
    assert op.output(x) == tuple(y.shape[1:])
    assert op.parameters(x) == {name: tuple(p.shape) for name, p in module.named_parameters()}
    assert op.macs(x, y=x) == flops.get_total_flops() // 2


def test_the_reimplemented_attention_is_scaled_dot_product_attention() -> None:
    module = WindowAttention(8, 2, (3, 5), bias=True, relative=False)
    x = torch.randn(1, 3, 5, 8)
    q, k, v = module.qkv(x).reshape(1, 15, 3, 2, 4).permute(2, 0, 3, 1, 4)
    expected = (
        functional.scaled_dot_product_attention(q, k, v, scale=1 / sqrt(4))
        .transpose(1, 2)
        .reshape(x.shape)
    )
    torch.testing.assert_close(module(x), module.proj(expected))
