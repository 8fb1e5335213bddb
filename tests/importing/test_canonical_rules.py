"""Calls become the operators that a person would write: one small model for each rule."""

import math
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

import cnnspec
from cnnspec.units import Shape


class Calls(nn.Module):
    """A model of one parameter and a few calls."""

    def __init__(self, run: Any, shape: Shape = (1,), value: float | None = None):
        super().__init__()
        self.run = run
        self.w = nn.Parameter(torch.randn(shape) if value is None else torch.full(shape, value))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.run(x, self.w)  # type: ignore[no-any-return]


def shuffle(x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
    n, c, h, width = x.shape
    return x.view(n, 2, c // 2, h, width).transpose(1, 2).reshape(n, c, h, width) * w


def to_depth(x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
    n, c, h, width = x.shape
    x = x.view(n, c, h // 2, 2, width // 2, 2).permute(0, 1, 3, 5, 2, 4)
    return x.reshape(n, c * 4, h // 2, width // 2) * w


def attend(x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
    x = (x * w).flatten(2).transpose(1, 2).unflatten(2, (2, -1)).transpose(1, 2)
    return F.scaled_dot_product_attention(x, x, x).transpose(1, 2).flatten(2)


def split_attention(x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
    stacked = torch.stack([x * w, x], 1)
    weights = stacked.mean((3, 4), keepdim=True).softmax(1)
    return (stacked * weights).sum(1)


SHAPE = (4, 6, 8)
KINDS: dict[str, tuple[Any, Shape, list[str]]] = {
    # what runs, the shape of the parameter, and the operators
    "a channel shuffle": (shuffle, (1,), ["channel_shuffle", "affine"]),
    "space to depth": (to_depth, (1,), ["affine", "space_to_depth"]),
    "a factor a channel": (lambda x, w: x * w, (4, 1, 1), ["channel_scale"]),
    "a factor a channel, last": (
        lambda x, w: (x.permute(0, 2, 3, 1) * w).permute(0, 3, 1, 2),
        (4,),
        ["channel_scale"],
    ),
    "a value an element": (lambda x, w: x + w, SHAPE, ["position_embedding"]),
    "a value a position": (lambda x, w: x + w, (1, 1, 6, 8), ["affine"]),
    "tokens": (
        lambda x, w: torch.cat((w.expand(len(x), -1, -1), x.flatten(2).transpose(1, 2)), 1),
        (1, 3, 4),
        ["reshape", "tokens", "permute"],
    ),
    "a pool and a flattening": (
        lambda x, w: (F.adaptive_avg_pool2d(x, 1).flatten(1)) * w,
        (1,),
        ["global_avgpool", "affine"],
    ),
    "a mean over positions, channels last": (
        lambda x, w: x.permute(0, 2, 3, 1).mean((1, 2)) * w,
        (1,),
        ["global_avgpool", "affine"],
    ),
    "a mean over the channels": (lambda x, w: x.mean(1, True) * w, (1,), ["reduce_dims", "affine"]),
    "a swish": (lambda x, w: x * torch.sigmoid(x) * w, (1,), ["silu", "affine"]),
    "a gate": (
        lambda x, w: x * torch.sigmoid(x.mean((2, 3), keepdim=True)) * w,
        (1,),
        ["global_avgpool", "sigmoid", "mul", "affine"],
    ),
    "a gate from a vector": (
        lambda x, w: x * torch.sigmoid(x.mean((2, 3)))[:, :, None, None] * w,
        (1,),
        ["global_avgpool", "sigmoid", "reshape", "mul", "affine"],
    ),
    "numbers": (lambda x, w: (2 - x * 3) / 4 * w, (1,), ["scale", "scale", "scale", "scale"]),
    "a softmax over rows": (lambda x, w: (x * w).softmax(2), (1,), ["affine", "softmax"]),
    "attention in heads": (
        attend,
        (1,),
        ["affine", "scaled_dot_product_attention", "permute", "reshape"],
    ),
    "a limit": (lambda x, w: (x * w).clamp(-2, 3), (1,), ["affine", "hardtanh"]),
    "halves of the channels": (lambda x, w: F.glu(x * w, 1), (1,), ["affine", "glu"]),
    "a pad with a value": (lambda x, w: F.pad(x, (1, 1), value=2.0) * w, (1,), ["pad", "affine"]),
    "a pad of a max pool": (
        lambda x, w: F.max_pool2d(F.pad(x * w, (0, 1, 1, 0), value=-math.inf), 3, 2),
        (1,),
        ["affine", "maxpool"],
    ),
    "cubic interpolation": (
        lambda x, w: F.interpolate(x, scale_factor=2, mode="bicubic") * w,
        (1,),
        ["upsample", "affine"],
    ),
    "pixel shuffles": (
        lambda x, w: F.pixel_shuffle(F.pixel_unshuffle(x * w, 2), 2),
        (1,),
        ["affine", "space_to_depth", "depth_to_space"],
    ),
    "slices": (
        lambda x, w: torch.cat([x[:, :2], x[:, 1::2]], 1)[:, :, 1:, ::2] * w,
        (1,),
        ["slice_channels", "slice_channels", "concat", "crop", "subsample", "affine"],
    ),
    "a pad of its own": (
        lambda x, w: F.pad(x, (1, 2, 0, 1), mode="replicate") * w,
        (1,),
        ["pad", "affine"],
    ),
    "a sum of stacked values": (
        lambda x, w: torch.stack([x * w, x]).sum(0),
        (1,),
        ["affine", "add"],
    ),
    "the largest of stacked values": (
        lambda x, w: torch.stack([x * w, x], 1).amax(1, keepdim=True).squeeze(1),
        (1,),
        ["affine", "maximum"],
    ),
    "the mean of stacked values": (
        lambda x, w: torch.stack([x * w, x], -1).mean(-1),
        (1,),
        ["affine", "add", "scale"],
    ),
    "split attention": (
        split_attention,
        (1,),
        ["affine", "concat", "global_avgpool", "reshape", "softmax", "reshape", "mul", "reshape"],
    ),
    "gates of rows and columns": (
        lambda x, w: (x * w).mean(2, True) + x.mean(3, True),
        (1,),
        ["affine", "reduce_dims", "reduce_dims", "upsample", "add"],
    ),
    "a square and a cube": (
        lambda x, w: (x * w).square() + x**3,
        (1,),
        ["affine", "mul", "mul", "add"],
    ),
    "a pad by a negative amount": (
        lambda x, w: F.pad(x * w, (-1, 2, 1, 0)),
        (1,),
        ["affine", "crop", "pad"],
    ),
    "every other channel": (
        lambda x, w: (x * w).unflatten(1, (2, 2))[:, :, 1:].flatten(1, 2),
        (1,),
        ["affine", "slice_channels"],
    ),
    "a part of each group's channels": (
        lambda x, w: x * (x * w).unflatten(3, (2, 4))[..., 1:3].flatten(3).mean(3, True),
        (1,),
        ["affine", "reshape", "crop", "reduce_dims", "reshape", "mul"],
    ),
    "a change in place": (lambda x, w: (x * w).relu_() + 1, (1,), ["affine", "relu", "scale"]),
}


@pytest.mark.parametrize("case", KINDS)
def test_calls_become_operators_and_are_proven(case: str) -> None:
    run, shape, kinds = KINDS[case]
    found = cnnspec.from_pytorch(Calls(run, shape), input=SHAPE)
    assert found.verdict.passed, str(found.verdict)
    written = [node.kind for node in found.network.graph.nodes[1:]]
    assert written[: len(kinds)] == kinds
    assert len(written) <= len(kinds) + 2


UNSUPPORTED: dict[str, tuple[Any, str]] = {
    "across examples": (lambda x, w: x.mean(0, True) * w, "it computes across the examples"),
    "a stale view": (
        lambda x, w: stale(x * w),
        "it reads a tensor that was changed through another view of it",
    ),
    "random numbers": (lambda x, w: x * w + torch.rand_like(x), "no dropout does"),
    "a parameter twice": (lambda x, w: torch.addcmul(w, w, x), "it uses the parameter w twice"),
    "a pad with -inf": (lambda x, w: F.pad(x, (1, 1), value=-math.inf) * w, "only max pools do"),
    "an unknown call": (lambda x, w: torch.cumsum(x * w, 1), "no operator does this"),
}


def stale(x: torch.Tensor) -> torch.Tensor:
    first = x[:, :1]
    first.mul_(2)
    return x + 1


@pytest.mark.parametrize("case", UNSUPPORTED)
def test_what_no_operator_does_is_named(case: str) -> None:
    run, message = UNSUPPORTED[case]
    with pytest.raises(cnnspec.RequestError, match=message):
        cnnspec.from_pytorch(Calls(run), input=SHAPE)


def test_a_scale_keeps_its_initial_value() -> None:
    found = cnnspec.from_pytorch(Calls(lambda x, w: x * w, (4, 1, 1), 0.25), input=SHAPE)
    assert "init = 0.25" in found.text


class SelfAttention(nn.Module):
    """Attention as timm writes it."""

    def __init__(self, bias: bool = True):
        super().__init__()
        self.qkv, self.proj = nn.Linear(8, 24, bias=bias), nn.Linear(8, 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x.flatten(2).transpose(1, 2)
        n, length, c = x.shape
        q, k, v = self.qkv(x).reshape(n, length, 3, 2, c // 2).permute(2, 0, 3, 1, 4).unbind(0)
        y = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(n, length, c)
        return self.proj(y).transpose(1, 2)  # type: ignore[no-any-return]


@pytest.mark.parametrize("bias", [True, False])
def test_self_attention_with_its_maps_is_one_operator(bias: bool) -> None:
    found = cnnspec.from_pytorch(SelfAttention(bias), input=(8, 3, 4))
    assert found.verdict.passed, str(found.verdict)
    assert [n.kind for n in found.network.graph.nodes] == ["input", "attention", "reshape"]
    assert found.network.totals.params == 3 * 64 + 64 + 8 + 24 * bias
