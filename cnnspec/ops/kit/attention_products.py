"""Attention of given queries, keys and values: how it runs in PyTorch.

attention_memory.py declares its functions in the same order."""

from collections.abc import Callable
from typing import Any

from cnnspec.ops.kit import modules
from cnnspec.units import Shape


def attend(
    inputs: tuple[Any, Any, Any],
    heads: int,
    scale: float,
    biases: Any,
    drop: Callable[[Any], Any],
) -> Any:
    """Attend from q to k and v, each B x C x positions; ``biases`` are added to the products."""
    q, k, v = (x.contiguous().unflatten(1, (heads, -1)) for x in inputs)
    weights = (q * scale).mT @ k
    for bias in biases:
        weights = weights + bias
    weights = drop(weights.softmax(-1))
    return (weights @ v.mT).mT.flatten(1, 2).contiguous()


def make_forward(
    torch: Any,
    heads: int,
    scale: float,
    positions: Shape,
    sizes: Shape | None,
    shift: int,
    learns_bias: bool,
    dropout: float,
) -> Any:
    """Return the forward function of a module and of batches of queries, keys and values.

    ``positions`` are the sizes of the map of queries, ``sizes`` those of a window, or None, and
    ``dropout`` is the probability with which a weight is dropped in training."""

    def forward(module: Any, q: Any, k: Any, v: Any, *given: Any) -> Any:
        biases = list(given)
        if sizes is None:
            rows = [x.flatten(2) for x in (q, k, v)]
        else:
            rows = [to_windows(torch, x, sizes, shift) for x in (q, k, v)]
        if learns_bias:
            table = module.relative_position_bias_table
            biases.append(look_up_biases(torch, table, sizes or positions))
        if shift and sizes:
            mask = mask_strangers(torch, positions, sizes, shift, q)
            biases.append(mask.repeat(len(q), 1, 1)[:, None])
        drop = modules.make_dropout(torch, dropout, module.training)
        y = attend((rows[0], rows[1], rows[2]), heads, scale, biases, drop)
        if sizes is None:
            return y.unflatten(2, positions)
        return from_windows(torch, y, positions, sizes, shift)

    return forward


def to_windows(torch: Any, x: Any, sizes: Shape, shift: int) -> Any:
    """Cut B x C x H x ... into windows: (B * windows) x C x positions."""
    n = len(sizes)
    if shift:
        x = torch.roll(x, (-shift,) * n, tuple(range(2, 2 + n)))
    order = (0, *range(2, 2 + n), 1, *range(2 + n, 2 + 2 * n))
    rows = modules.cut_into_blocks(x, sizes).permute(order).flatten(0, n).flatten(2)
    return rows.contiguous()


def from_windows(torch: Any, y: Any, positions: Shape, sizes: Shape, shift: int) -> Any:
    """Join windows to maps again, and undo the shift."""
    n = len(sizes)
    counts = [w // m for w, m in zip(positions, sizes, strict=True)]
    blocks = y.unflatten(2, sizes).unflatten(0, (-1, *counts))
    order = (0, 1 + n, *range(1, 1 + n), *range(2 + n, 2 + 2 * n))
    x = modules.join_blocks(blocks.permute(order))
    return torch.roll(x, (shift,) * n, tuple(range(2, 2 + n))) if shift else x


def look_up_biases(torch: Any, table: Any, sizes: Shape) -> Any:
    """Return the biases of a window, heads x positions x positions, from those of distances."""
    index: Any = 0
    for axis, m in enumerate(sizes):
        others = [1 if i != axis else m for i in range(len(sizes))]
        places = torch.arange(m, device=table.device).view(others).expand(sizes).flatten()
        index = index * (2 * m - 1) + places[:, None] - places + m - 1
    return table[index.flatten()].view(*index.shape, -1).permute(2, 0, 1)


def mask_strangers(torch: Any, positions: Shape, sizes: Shape, shift: int, like: Any) -> Any:
    """Return -100 for positions of a shifted window that are no neighbours in the map, else 0.

    The mask is windows x positions x positions, as the one of Swin."""
    region: Any = torch.zeros(positions, device=like.device, dtype=like.dtype)
    for axis, (w, m) in enumerate(zip(positions, sizes, strict=True)):
        place = torch.arange(w, device=like.device)
        part = (place >= w - m).to(like.dtype) + (place >= w - shift).to(like.dtype)
        shape = [1 if i != axis else w for i in range(len(positions))]
        region = region * 3 + part.view(shape)
    rows = to_windows(torch, region[None, None], sizes, 0)[:, 0]
    return (rows[:, None] != rows[:, :, None]).to(like.dtype) * -100
