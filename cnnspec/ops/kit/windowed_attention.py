"""Attention within windows: how it is built of PyTorch's functions, and their memory.

``make_forward`` and what it calls run the functions; ``attention_functions`` and what it calls
declare them, in the same order. A change to one half needs the same change to the other."""

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from cnnspec.ops.kit import modules
from cnnspec.ops.kit.function_sequence import FunctionSequence, Result
from cnnspec.ops.kit.memory import (
    BETWEEN_EXAMPLES,
    CONTIGUOUS,
    INCOMING,
    MATMUL,
    NEW,
    OUTPUT,
    RESHAPED,
    STRIDED_VIEW,
    VIEW,
    WITHIN_EXAMPLES,
    Function,
    Functions,
    Layout,
    Saved,
    slices_of,
)
from cnnspec.units import Shape


def make_forward(
    torch: Any, sizes: Shape, heads: int, tables: Sequence[str], dropout: float
) -> Any:
    """Return the forward function of a module and a batch of maps.

    ``sizes`` are those of a window, ``tables`` the names of the module's relative positions, and
    ``dropout`` is the probability with which a weight is dropped in training.
    """
    n = len(sizes)
    order = (0, *range(2, 2 + 2 * n), 1)

    def to_rows(x: Any) -> Any:
        """Cut B x C x H x ... into windows: (B * windows) x positions x C."""
        pad = modules.make_padding_function(
            torch, [(0, -w % m) for w, m in zip(x.shape[2:], sizes, strict=True)]
        )
        return (
            modules.cut_into_blocks(pad(x), sizes)
            .permute(order)
            .flatten(0, n)
            .flatten(1, -2)
            .contiguous()
        )

    def to_maps(rows: Any, x: Any) -> Any:
        """Join the windows to maps again, and cut off what was padded."""
        counts = [-(-w // m) for w, m in zip(x.shape[2:], sizes, strict=True)]
        blocks = rows.reshape(len(x), *counts, *sizes, -1).permute(
            0, 1 + 2 * n, *range(1, 1 + 2 * n)
        )
        return modules.join_blocks(blocks)[(..., *(slice(w) for w in x.shape[2:]))]

    def forward(module: Any, x: Any) -> Any:
        vectors = [getattr(module, name) for name in tables]
        drop = modules.make_dropout(torch, dropout, module.training)
        rows = attend(torch, module.qkv(to_rows(x)), sizes, heads, vectors, drop)
        return to_maps(module.proj(rows), x)

    return forward


def attend(
    torch: Any,
    qkv: Any,
    sizes: Shape,
    heads: int,
    vectors: Sequence[Any],
    drop: Callable[[Any], Any],
) -> Any:
    """Compute attention within each window: from q, k and v, B x n x 3*C, to B x n x C."""
    q, k, v = qkv.unflatten(-1, (3, heads, -1)).permute(2, 0, 3, 1, 4)
    weights = (q * q.shape[-1] ** -0.5) @ k.mT
    for axis, table in enumerate(vectors):
        weights = add_relative_positions(torch, q, weights, sizes, axis, table)
    weights = drop(weights.softmax(-1))
    return (weights @ v).transpose(1, 2).flatten(2)


def add_relative_positions(
    torch: Any, q: Any, weights: Any, sizes: Shape, axis: int, table: Any
) -> Any:
    """Add to the weights the products of q and the vectors of relative positions along an axis."""
    m, parts = sizes[axis], (prod(sizes[:axis]), sizes[axis], prod(sizes[axis + 1 :]))
    places = torch.arange(m, device=q.device)
    distances = table[places[:, None] - places + m - 1]
    products = torch.einsum("bhamcd,mkd->bhamck", q.unflatten(2, parts), distances).flatten(2, 4)
    return (weights.unflatten(3, parts) + products[:, :, :, None, :, None]).flatten(3)


def attention_functions(
    x: Shape,
    sizes: Shape,
    windows: int,
    heads: int,
    tables: Sequence[str],
    dropout: float,
) -> Functions:
    """Declare what ``make_forward``'s function runs for an input ``x``.

    ``dropout`` is the probability in this mode, so 0 at inference."""
    sequence = FunctionSequence()
    padded_sizes = [-(-w // m) * m for w, m in zip(x[1:], sizes, strict=True)]
    n = x[0] * prod(padded_sizes)
    padded: int = sequence.add(Function(n), 0) if n != prod(x) else 0
    # Windows along the first dimension only are parts of the positions in their order.
    in_order = all(w == m for w, m in zip(padded_sizes[1:], sizes[1:], strict=True))
    if not in_order:
        blocks = sequence.add(Function(n, aliases=True), padded)
        copied = Function(n, gradient=VIEW, layout=Layout(contiguous=True))
    else:
        moved = Layout(channels="last")
        blocks = sequence.add(Function(n, gradient=VIEW, aliases=True, layout=moved), padded)
        copied = _contiguous(n)
    rows = sequence.add(copied, blocks)
    sequence.free(blocks, padded)
    qkv = sequence.add(_linear(3 * n, "qkv"), rows)
    sequence.free(rows)
    attended = _add_attend(sequence, qkv, n, x[0] // heads, sizes, tables, heads, windows, dropout)
    out = sequence.add(_linear(n, "proj"), attended)
    sequence.free(attended)
    if in_order:
        out = sequence.add(Function(n, gradient=RESHAPED, aliases=True), out)
        back = Function(n, gradient=VIEW, aliases=True, layout=Layout(channels="first"))
    else:
        back = Function(n)
    return sequence.finish(sequence.add(back, out), slices_of((x[0], *padded_sizes), x))


def _linear(n: int, name: str) -> Function:
    """Declare a linear layer of the module."""
    parameters = (f"{name}.weight", f"{name}.bias")
    return Function(n, saves=(0,), gradient=MATMUL, parameters=parameters)


def _contiguous(n: int, gradient: str = VIEW) -> Function:
    """Declare a reshape that copies what is not contiguous."""
    return Function(n, gradient=gradient, aliases=True, layout=Layout(view_if=(CONTIGUOUS,)))


def _add_attend(
    sequence: FunctionSequence,
    qkv: Result,
    n: int,
    width: int,
    sizes: Shape,
    tables: Sequence[str],
    heads: int,
    windows: int,
    dropout: float,
) -> Result:
    """Add what ``attend`` runs, for n elements of q, ``width`` for each head and position."""
    strided = BETWEEN_EXAMPLES if windows == 1 else WITHIN_EXAMPLES
    by_head = Layout(strided=strided if heads > 1 else 0)  # the heads' elements are interleaved
    scores = n * prod(sizes) // width
    rows = sequence.add(Function(3 * n, aliases=True), qkv)
    parts = sequence.add(Function(3 * n, aliases=True, unbinds=True), rows)
    part = Function(n, gradient=INCOMING, aliases=True, layout=by_head)
    q, k, v = [sequence.add(part, parts) for _ in range(3)]
    scaled = sequence.add(Function(n, saved=Saved(scalar=True), layout=by_head), q)
    copies = [sequence.add(_contiguous(n), value) for value in (scaled, k)]
    matmul = Function(scores, saves=(0, 1), gradient=MATMUL)
    weights = sequence.add(matmul, *copies)
    sequence.free(*copies, scaled)
    for axis, table in enumerate(tables):
        nearer = _add_relative_positions(sequence, q, weights, n, width, sizes, axis, table, heads)
        sequence.free(weights)
        weights = nearer
    softmax = sequence.add(Function(scores, saves=(OUTPUT,)), weights)
    softmax = sequence.drop(softmax, scores, dropout)
    sequence.free(weights)
    values = sequence.add(_contiguous(n), v)
    gathered = sequence.add(matmul.replace(size=n), softmax, values)
    sequence.free(values)
    unfolded = sequence.add(Function(n, gradient=RESHAPED, aliases=True), gathered)
    if heads > 1:
        layout = Layout(strided=strided, contiguous=True)
        joined = Function(n, gradient=STRIDED_VIEW, layout=layout)
    else:
        joined = Function(n, gradient=VIEW, aliases=True)
    attended = sequence.add(joined, unfolded)
    sequence.free(unfolded, gathered, softmax, q, k, v, parts, rows, qkv)
    return attended


def _add_relative_positions(
    sequence: FunctionSequence,
    q: Result,
    weights: Result,
    n: int,
    width: int,
    sizes: Shape,
    axis: int,
    table: str,
    heads: int,
) -> Result:
    """Add what ``add_relative_positions`` runs."""
    m, products = sizes[axis], n * sizes[axis] // width
    # Whether an example's products are contiguous, and whether q's own are in the einsum's order.
    one_window = n == prod(sizes) * width
    whole = heads == 1 and one_window and prod(sizes[:axis]) == 1
    ordered = heads == 1 and prod(sizes[axis + 1 :]) == 1
    strided = BETWEEN_EXAMPLES if whole else WITHIN_EXAMPLES
    places = sequence.add(Function(m, without_batch=True, int64=True))
    distances = sequence.add(Function(m * m, without_batch=True, int64=True))
    gathered = Function(m * m * width, saves=(0,), parameters=(table,), without_batch=True)
    vectors = sequence.add(gathered, distances)
    sequence.free(distances)
    order = Layout(strided=0 if ordered else strided)
    permuted = sequence.add(Function(n, gradient=VIEW, aliases=True, layout=order), q)
    copy = sequence.add(_contiguous(n, NEW), permuted)
    layout = Layout(strided=strided)
    matmul = Function(products, saves=(0, 1), gradient=MATMUL, layout=layout)
    product = sequence.add(matmul, copy, vectors)
    sequence.free(copy, permuted)
    flat = sequence.add(_contiguous(products, VIEW if axis == len(sizes) - 1 else NEW), product)
    sequence.free(product)
    added = sequence.add(Function(n * prod(sizes) // width, gradient=INCOMING), weights, flat)
    sequence.free(flat, vectors, places)
    return added
