"""Attention within windows in ONNX: with shifts, masks, and biases of relative positions.

The functions do what those of attention_products.py and windowed_attention.py do in PyTorch."""

from itertools import product
from math import prod
from typing import Any

from cnnspec.ops.kit import onnx_nodes
from cnnspec.ops.kit.fields import OperatorError
from cnnspec.units import Shape


def shift_positions(onnx: Any, x: Any, sizes: Shape, shift: int) -> Any:
    """Return maps of the given sizes with positions moved by ``shift``, as torch.roll does."""
    for dim, size in enumerate(sizes, 2):
        cut = -shift % size
        if cut:
            parts = [onnx.Slice(x, [a], [b], [dim]) for a, b in ((cut, size), (0, cut))]
            x = onnx.Concat(*parts, axis=dim)
    return x


def cut_into_windows(onnx: Any, x: Any, shape: Shape, sizes: Shape) -> Any:
    """Cut maps of a shape into windows, (B * windows) x positions x C, with zeros at the end."""
    n = len(sizes)
    sides = [(0, -w % m) for w, m in zip(shape[1:], sizes, strict=True)]
    if any(map(any, sides)):
        x = onnx_nodes.pad(onnx, x, [(0, 0), *sides], "constant")
    pairs = [part for w, m in zip(shape[1:], sizes, strict=True) for part in (-(-w // m), m)]
    blocks = onnx.Reshape(x, [0, shape[0], *pairs])
    order = [0, *range(2, 2 + 2 * n, 2), *range(3, 3 + 2 * n, 2), 1]
    return onnx.Reshape(onnx.Transpose(blocks, perm=order), [-1, prod(sizes), shape[0]])


def join_windows(onnx: Any, rows: Any, shape: Shape, sizes: Shape) -> Any:
    """Join windows to maps of a shape again, and cut off what was padded."""
    n = len(sizes)
    counts = [-(-w // m) for w, m in zip(shape[1:], sizes, strict=True)]
    blocks = onnx.Reshape(rows, [-1, *counts, *sizes, shape[0]])
    order = [0, 1 + 2 * n, *(axis for i in range(n) for axis in (1 + i, 1 + n + i))]
    padded = [count * m for count, m in zip(counts, sizes, strict=True)]
    maps = onnx.Reshape(onnx.Transpose(blocks, perm=order), [0, shape[0], *padded])
    if padded == [*shape[1:]]:
        return maps
    return onnx.Slice(maps, [0] * n, [*shape[1:]], [*range(2, n + 2)])


def split_heads(onnx: Any, rows: Any, heads: int) -> Any:
    """Return windows x positions x C as windows x heads x positions x C/heads."""
    return onnx.Transpose(onnx.Reshape(rows, [0, 0, heads, -1]), perm=[0, 2, 1, 3])


def weigh_values(onnx: Any, weights: Any, v: Any, channels: int) -> Any:
    """Return the weighed sums of values, windows x heads x positions x C/heads, of all heads."""
    sums = onnx.MatMul(onnx.Softmax(weights, axis=-1), v)
    return onnx.Reshape(onnx.Transpose(sums, perm=[0, 2, 1, 3]), [0, -1, channels])


def write_self_attention(
    onnx: Any, x: Any, heads: int, bias: bool, sizes: Shape, tables: Any
) -> Any:
    """Return the attention within windows of a map's positions, which has its own q, k, v, proj.

    ``tables`` are the names of the vectors of relative positions, one for each dimension."""
    channels = x.shape[0]
    rows = cut_into_windows(onnx, x, x.shape, sizes)
    both = onnx.MatMul(rows, onnx.Transpose(onnx.parameter("qkv.weight"), perm=[1, 0]))
    both = onnx.Add(both, onnx.parameter("qkv.bias")) if bias else both
    q, k, v = (
        split_heads(onnx, onnx.Slice(both, [i * channels], [(i + 1) * channels], [2]), heads)
        for i in range(3)
    )
    scaled = onnx.Mul(q, float((channels // heads) ** -0.5))
    weights = onnx.MatMul(scaled, onnx.Transpose(k, perm=[0, 1, 3, 2]))
    for axis, table in enumerate(tables):
        weights = add_relative_positions(onnx, q, weights, sizes, axis, table)
    found = weigh_values(onnx, weights, v, channels)
    rows = onnx.MatMul(found, onnx.Transpose(onnx.parameter("proj.weight"), perm=[1, 0]))
    return join_windows(onnx, onnx.Add(rows, onnx.parameter("proj.bias")), x.shape, sizes)


def add_relative_positions(
    onnx: Any, q: Any, weights: Any, sizes: Shape, axis: int, table: str
) -> Any:
    """Add to the weights the products of q and the vectors of relative positions along an axis."""
    m, n, parts = (
        sizes[axis],
        prod(sizes),
        (prod(sizes[:axis]), sizes[axis], prod(sizes[axis + 1 :])),
    )
    places = [i - j + m - 1 for i in range(m) for j in range(m)]
    distances = onnx.Gather(onnx.parameter(table), onnx.constant(places, (m, m)), axis=0)
    queries = onnx.Reshape(q, [0, 0, *parts, -1])
    products = onnx.Einsum(queries, distances, equation="bhamcd,mkd->bhamck")
    spread = onnx.Reshape(products, [0, 0, n, 1, m, 1])
    return onnx.Reshape(onnx.Add(onnx.Reshape(weights, [0, 0, n, *parts]), spread), [0, 0, n, n])


def write_windows(onnx: Any, xs: Any, op: Any, sizes: Shape, y: Shape) -> Any:
    """Return the attention of queries, keys and values within windows, as the operator ``op`` has.

    ``sizes`` are those of a window, which is the whole map where there are no windows."""
    if op.dilation > 1 or op.symmetric_bias:
        raise OperatorError("L003", "dilation and symmetric_bias are not written in ONNX")
    positions, channels = y[1:], xs[0].shape[0]
    rows = []
    for x in xs[:3]:
        moved = shift_positions(onnx, x, positions, -op.shift) if op.shift else x
        rows.append(split_heads(onnx, cut_into_windows(onnx, moved, x.shape, sizes), op.heads))
    q, k, v = rows
    scale = (channels // op.heads) ** -0.5 if op.scale is None else op.scale
    weights = onnx.MatMul(onnx.Mul(q, float(scale)), onnx.Transpose(k, perm=[0, 1, 3, 2]))
    n = prod(sizes)
    if op.relative_position_bias:
        table = onnx.parameter("relative_position_bias_table")
        found = onnx.Gather(table, onnx.constant(find_distances(sizes), (n, n)), axis=0)
        weights = onnx.Add(weights, onnx.Transpose(found, perm=[2, 0, 1]))
    for bias in xs[3:]:
        weights = onnx.Add(weights, bias)
    if op.shift:
        windows = prod(positions) // n
        mask = onnx.constant(mask_strangers(positions, sizes, op.shift), (windows, 1, n, n))
        each = onnx.Add(onnx.Reshape(weights, [-1, windows, op.heads, n, n]), mask)
        weights = onnx.Reshape(each, [-1, op.heads, n, n])
    joined = join_windows(onnx, weigh_values(onnx, weights, v, y[0]), y, sizes)
    return shift_positions(onnx, joined, positions, op.shift) if op.shift else joined


def find_distances(sizes: Shape) -> list[int]:
    """Return for each pair of positions of a window the row of its distance in a table."""
    places = [*product(*map(range, sizes))]
    found = []
    for a in places:
        for b in places:
            row = 0
            for i, j, m in zip(a, b, sizes, strict=True):
                row = row * (2 * m - 1) + i - j + m - 1
            found.append(row)
    return found


def mask_strangers(positions: Shape, sizes: Shape, shift: int) -> list[float]:
    """Return -100 for positions of a shifted window that are no neighbours in the map, else 0."""
    counts = [range(w // m) for w, m in zip(positions, sizes, strict=True)]
    found = []
    for window in product(*counts):
        regions = []
        for place in product(*map(range, sizes)):
            at = [c * m + i for c, m, i in zip(window, sizes, place, strict=True)]
            parts = zip(at, positions, sizes, strict=True)
            regions.append(tuple((i >= w - m) + (i >= w - shift) for i, w, m in parts))
        found += [-100.0 * (a != b) for a in regions for b in regions]
    return found
