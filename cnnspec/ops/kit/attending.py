"""How attention is built of PyTorch's functions. What they need in memory is in
attending_memory.py, in this order."""

from collections.abc import Sequence
from math import prod
from typing import Any

from cnnspec.ops.kit import building
from cnnspec.units import Shape


def forward(torch: Any, sizes: Shape, heads: int, tables: Sequence[str]) -> Any:
    """The function of a module and a batch of maps: attention within windows of ``sizes``, with
    ``tables`` of it."""
    n = len(sizes)
    order = (0, *range(2, 2 + 2 * n), 1)

    def rows(x: Any) -> Any:
        """B x C x H x ... becomes, for each window, its positions' channels."""
        pad = building.padder(torch, [(0, -w % m) for w, m in zip(x.shape[2:], sizes, strict=True)])
        return building.cut(pad(x), sizes).permute(order).flatten(0, n).flatten(1, -2).contiguous()

    def maps(done: Any, x: Any) -> Any:
        """The other way round; what was padded is left out."""
        counts = [-(-w // m) for w, m in zip(x.shape[2:], sizes, strict=True)]
        blocks = done.reshape(len(x), *counts, *sizes, -1).permute(
            0, 1 + 2 * n, *range(1, 1 + 2 * n)
        )
        return building.joined(blocks)[(..., *(slice(w) for w in x.shape[2:]))]

    def run(module: Any, x: Any) -> Any:
        vectors = [getattr(module, name) for name in tables]
        return maps(module.proj(attend(torch, module.qkv(rows(x)), sizes, heads, vectors)), x)

    return run


def attend(torch: Any, qkv: Any, sizes: Shape, heads: int, vectors: Sequence[Any]) -> Any:
    """Attention within each window: of B x n x 3*C, the positions' q, k and v, comes B x n x C."""
    q, k, v = qkv.unflatten(-1, (3, heads, -1)).permute(2, 0, 3, 1, 4)
    weights = (q * q.shape[-1] ** -0.5) @ k.mT
    for axis, table in enumerate(vectors):
        weights = nearer(torch, q, weights, sizes, axis, table)
    weights = weights.softmax(-1)
    return (weights @ v).transpose(1, 2).flatten(2)


def nearer(torch: Any, q: Any, weights: Any, sizes: Shape, axis: int, table: Any) -> Any:
    """The weights, with the products of q and the vectors of relative positions along one dimension
    added."""
    m, parts = sizes[axis], (prod(sizes[:axis]), sizes[axis], prod(sizes[axis + 1 :]))
    places = torch.arange(m, device=q.device)
    distances = table[places[:, None] - places + m - 1]
    products = torch.einsum("bhamcd,mkd->bhamck", q.unflatten(2, parts), distances).flatten(2, 4)
    return (weights.unflatten(3, parts) + products[:, :, :, None, :, None]).flatten(3)
