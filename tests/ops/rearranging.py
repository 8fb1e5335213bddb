"""Rearrangements in PyTorch, as functions of a tensor and of the operator's own fields."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor
from torch.nn import functional

LINEAR = [{"mode": "bilinear", "align_corners": True}, {"mode": "bilinear"}, {"mode": "nearest"}]


def for_each(values: Any, n: int) -> list[Any]:
    """Return ``n`` values for a value per axis, as slices of tensors need them."""
    return list(values) if isinstance(values, Sequence) else [values] * n


def pad(t: Tensor, padding: Any, mode: str = "constant") -> Tensor:
    pairs = [for_each(p, 2) for p in for_each(padding, t.dim() - 2)]
    return functional.pad(t, [v for pair in reversed(pairs) for v in pair], mode)


def pad_channels(t: Tensor, before: int = 0, after: int = 0) -> Tensor:
    return functional.pad(t, [0, 0] * (t.dim() - 2) + [before, after])


def crop(t: Tensor, like: Tensor | None = None, offset: Any = None, size: Any = None) -> Tensor:
    n = t.dim() - 2
    sizes = like.shape[2:] if like is not None else for_each(size, n)
    offsets = [None] * n if offset is None else for_each(offset, n)
    for axis, (o, s) in enumerate(zip(offsets, sizes, strict=True), 2):
        t = t.narrow(axis, (t.shape[axis] - s) // 2 if o is None else o, s)
    return t


def upsample(
    t: Tensor,
    like: Tensor | None = None,
    scale_factor: Any = None,
    size: Any = None,
    mode: str = "nearest",
    align_corners: bool = False,
) -> Tensor:
    linear = {3: "linear", 4: "bilinear", 5: "trilinear"}[t.dim()] if mode == "bilinear" else mode
    sizes = like.shape[2:] if like is not None else size
    return functional.interpolate(
        t, sizes, scale_factor, linear, None if mode == "nearest" else align_corners
    )


def subsample(t: Tensor, stride: Any) -> Tensor:
    return t[(..., *(slice(None, None, s) for s in for_each(stride, t.dim() - 2)))]


def space_to_depth(t: Tensor, block: int) -> Tensor:
    n = t.dim() - 2
    if n == 2:
        return functional.pixel_unshuffle(t, block)
    parts = t.reshape(*t.shape[:2], *(v for w in t.shape[2:] for v in (w // block, block)))
    return parts.permute(0, 1, *range(3, 3 + 2 * n, 2), *range(2, 2 + 2 * n, 2)).flatten(1, 1 + n)


def depth_to_space(t: Tensor, block: int) -> Tensor:
    n = t.dim() - 2
    if n == 2:
        return functional.pixel_shuffle(t, block)
    parts = t.reshape(1, -1, *[block] * n, *t.shape[2:])
    mixed = parts.permute(0, 1, *(axis for i in range(n) for axis in (2 + n + i, 2 + i)))
    return mixed.reshape(1, mixed.shape[1], *(w * block for w in t.shape[2:]))


def box_rows(t: Tensor, values: int) -> Tensor:
    return (
        t.unflatten(1, (-1, values)).permute(0, *range(3, 1 + t.dim()), 1, 2).reshape(1, -1, values)
    )
