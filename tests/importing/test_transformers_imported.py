"""Parts of transformers are imported, and proven: a small module for each."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

import cnnspec
from cnnspec.units import Shape


class PositionsThenToken(nn.Module):
    """Learned positions channels last, then a token, as DeiT III has them."""

    def __init__(self) -> None:
        super().__init__()
        self.norm, self.head = nn.LayerNorm(4), nn.Linear(4, 3)
        self.token, self.places = nn.Parameter(torch.rand(1, 1, 4)), nn.Parameter(torch.rand(30, 4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        rows = x.flatten(2).transpose(1, 2) + self.places
        tokens = self.norm(torch.cat([self.token.expand(len(x), -1, -1), rows], 1))
        return self.head(tokens[:, 1]) * 2  # type: ignore[no-any-return]


class WindowAttention(nn.Module):
    """Attention in windows of 3x3 positions, by its formula or not, or of positions apart."""

    def __init__(self, way: str, shift: int = 0) -> None:
        super().__init__()
        self.way, self.shift, self.heads = way, shift, 1 if way == "one" else 2
        self.qkv, self.proj = nn.Linear(4, 12), nn.Linear(4, 4)
        self.table = nn.Parameter(torch.rand(25, self.heads))
        places = torch.cartesian_prod(torch.arange(3), torch.arange(3))
        apart = places[:, None] - places[None] + 2
        self.index: torch.Tensor
        self.register_buffer("index", apart[..., 0] * 5 + apart[..., 1])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x.movedim(1, 3).roll((-self.shift, -self.shift), (1, 2))
        n, h, w, c = x.shape
        if self.way == "apart":  # windows of the positions that are h/3 and w/3 apart
            cut = x.view(n, 3, h // 3, 3, w // 3, c).permute(0, 2, 4, 1, 3, 5)
        else:
            cut = x.view(n, h // 3, 3, w // 3, 3, c).permute(0, 1, 3, 2, 4, 5)
        rows = cut.reshape(-1, 9, c)
        qkv = self.qkv(rows).reshape(len(rows), 9, 3, self.heads, 4 // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        rows = self.attend(q, k, v, h, w).transpose(1, 2).reshape(-1, 9, c)
        y = self.proj(rows).view(cut.shape)
        order = (0, 3, 1, 4, 2, 5) if self.way == "apart" else (0, 1, 3, 2, 4, 5)
        y = y.permute(order).reshape(n, h, w, c)
        return y.roll((self.shift, self.shift), (1, 2)).movedim(3, 1)

    def attend(
        self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, h: int, w: int
    ) -> torch.Tensor:
        if self.way in ("apart", "plain"):
            return F.scaled_dot_product_attention(q, k, v)
        bias = self.table[self.index.view(-1)].view(9, 9, -1).permute(2, 0, 1)[None]
        if self.way == "turned":
            weights = ((q * 2**-0.5) @ k.transpose(-2, -1) + bias).softmax(-1)
            return (v.transpose(-2, -1) @ weights.transpose(-2, -1)).transpose(-2, -1)
        if not self.shift:
            return F.scaled_dot_product_attention(q, k, v, attn_mask=bias)
        products = (q @ k.transpose(-2, -1)) / 2**0.5 + bias
        products = products.view(-1, (h // 3) * (w // 3), 2, 9, 9) + self.mask(h, w)[None, :, None]
        return products.view(-1, 2, 9, 9).softmax(-1) @ v

    def mask(self, h: int, w: int) -> torch.Tensor:
        region = torch.zeros(h, w)
        for i, rows in enumerate((slice(0, -3), slice(-3, -self.shift), slice(-self.shift, None))):
            for j, places in enumerate(
                (slice(0, -3), slice(-3, -self.shift), slice(-self.shift, None))
            ):
                region[rows, places] = i * 3 + j
        region = region.view(h // 3, 3, w // 3, 3).permute(0, 2, 1, 3).reshape(-1, 9)
        return torch.where(region[:, None] != region[:, :, None], -100.0, 0.0)


class SymmetricAttention(nn.Module):
    """LeViT's attention of fewer queries: one bias for both directions, k and v of each head."""

    def __init__(self) -> None:
        super().__init__()
        self.q, self.kv, self.proj = nn.Linear(4, 4), nn.Linear(4, 12), nn.Linear(8, 4)
        self.biases = nn.Parameter(torch.rand(2, 30))
        self.index: torch.Tensor
        q, k = torch.cartesian_prod(torch.arange(0, 5, 2), torch.arange(0, 6, 2)), (5, 6)
        apart = (q[:, None] - torch.cartesian_prod(*map(torch.arange, k))).abs()
        self.register_buffer("index", apart[..., 0] * 6 + apart[..., 1])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        rows, fewer = x.flatten(2).transpose(1, 2), x[:, :, ::2, ::2].flatten(2).transpose(1, 2)
        k, v = self.kv(rows).view(len(x), 30, 2, 6).split([2, 4], 3)
        q = self.q(fewer).view(len(x), 9, 2, 2).permute(0, 2, 1, 3)
        weights = q @ k.permute(0, 2, 3, 1) * 2**-0.5 + self.biases[:, self.index]
        y = weights.softmax(-1) @ v.permute(0, 2, 1, 3)
        y = self.proj(y.transpose(1, 2).flatten(2)) * 2
        return y.transpose(1, 2).unflatten(2, (3, 3))


CORE = ["conv", *["slice_channels"] * 3, "scaled_dot_product_attention", "conv"]
CASES: dict[str, tuple[Callable[[], nn.Module], Shape, list[str]]] = {
    # the module, its input, and the operators
    "positions, then a token": (
        PositionsThenToken,
        (4, 5, 6),
        [
            *("position_embedding", "reshape", "tokens", "layernorm", "crop", "flatten"),
            *("linear", "scale"),
        ],
    ),
    "windows": (lambda: WindowAttention("plain"), (4, 6, 9), ["attention"]),
    "windows of one head": (lambda: WindowAttention("one"), (4, 6, 9), CORE),
    "windows with a bias": (lambda: WindowAttention("bias"), (4, 6, 9), CORE),
    "windows with a bias, turned": (lambda: WindowAttention("turned"), (4, 6, 9), CORE),
    "shifted windows": (lambda: WindowAttention("bias", 1), (4, 6, 9), CORE),
    "symmetric biases": (
        SymmetricAttention,
        (4, 5, 6),
        [
            *("subsample", "conv", "reshape", "permute", "reshape", "slice_channels"),
            *("slice_channels", "conv", "reshape", "permute", "reshape"),
            *("scaled_dot_product_attention", "conv", "scale"),
        ],
    ),
    "positions that are apart": (lambda: WindowAttention("apart"), (4, 6, 6), CORE),
}


@pytest.mark.parametrize("name", CASES)
def test_a_part_of_a_transformer_is_imported_and_proven(name: str) -> None:
    module, shape, kinds = CASES[name]
    found = cnnspec.from_pytorch(module(), input=shape)
    assert found.verdict.passed, str(found.verdict)
    assert [node.kind for node in found.network.graph.nodes[1:]] == kinds


FAULTS = [
    # a part of a transformer, a setting of its spec, and a wrong one
    ("shifted windows", "shift = 1", "shift = 2"),
    ("shifted windows", "heads = 2", "heads = 4"),
    ("windows with a bias, turned", "window_size = 3", "window_size = 3, shift = 1"),
    ("symmetric biases", "heads = 2", "heads = 2, scale = 0.7"),
    ("positions that are apart", "dilation = 2", "dilation = 3"),
    ("positions, then a token", "offset = 1", "offset = 2"),
]


@pytest.mark.parametrize(("name", "right", "wrong"), FAULTS)
def test_a_wrong_setting_of_an_import_is_found(
    name: str, right: str, wrong: str, tmp_path: Path
) -> None:
    module, shape, _ = CASES[name]
    model = module()
    text = cnnspec.from_pytorch(model, input=shape).text
    assert right in text, text
    path = tmp_path / "wrong.toml"
    renamed = re.sub(r"^name +=.*", 'name = "wrong"', text, count=1, flags=re.M)
    path.write_text(renamed.replace(right, wrong))
    assert not cnnspec.verify(cnnspec.load(str(path)), model=model).passed
