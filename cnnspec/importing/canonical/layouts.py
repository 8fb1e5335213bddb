"""The layout of a tensor: which dimensions of a node's output its own dimensions consist of.

A view, a permutation or a flattening gives a tensor another layout and computes nothing. So (N, C,
H, W), (N, H, W, C) and (N, H*W, C) are three layouts of one node. Only where an operator needs the
elements in another order does a layout become a node of its own: flatten, reshape, channel_shuffle.
"""

from math import prod
from typing import NamedTuple

from cnnspec.analyses.flat_calls import FlatCall
from cnnspec.records import Record
from cnnspec.units import Shape


class Factor(NamedTuple):  # not a Record: an import compares many thousands of them
    """A part of a dimension of a node's output, as a digit of its index.

    ``dim`` counts the node's dimensions, 0 is the batch. The index of the dimension is a sum of
    digits, each of which has ``size`` values and steps of ``inner``."""

    dim: int
    size: int
    inner: int = 1


Factors = tuple[Factor, ...]
Dims = tuple[Factors, ...]


class TensorLayout(Record):
    """A tensor: a node, and for each dimension of the tensor its factors, the outermost first.

    A dimension of size 1 has no factors. So does one that is broadcast. ``call`` is the call that
    made the layout, if it is not the node's own."""

    node: int
    dims: Dims
    call: FlatCall | None = None


def whole(dim: int, size: int) -> Factors:
    """Return the factors of a whole dimension."""
    return () if size == 1 else (Factor(dim, size),)


def whole_dims(shape: Shape) -> Dims:
    """Return the factors of each dimension of a node's output, without the batch."""
    return tuple([whole(i + 1, n) for i, n in enumerate(shape)])


def size_of(factors: Factors) -> int:
    return prod([f.size for f in factors])


def merge(factors: Factors) -> Factors:
    """Merge neighbours that are parts of one larger factor."""
    found: list[Factor] = []
    for f in factors:
        last = found[-1] if found else None
        if last and last.dim == f.dim and last.inner == f.size * f.inner:
            found[-1] = Factor(f.dim, last.size * f.size, f.inner)
        else:
            found.append(f)
    return tuple(found)


def merge_sorted(factors: Factors) -> Factors:
    """Return factors in the order of the node's dimensions, neighbours merged."""
    return merge(tuple(sorted(factors, key=lambda f: (f.dim, -f.inner))))


def split(factor: Factor, outer: int) -> tuple[Factor, Factor]:
    """Split a factor into one of size ``outer`` and the rest."""
    rest = factor.size // outer
    return Factor(factor.dim, outer, factor.inner * rest), Factor(factor.dim, rest, factor.inner)


def regroup(dims: Dims, shape: Shape) -> Dims | None:
    """Return the dimensions of a view of another shape; None if these are no parts of the old ones.

    The order of the elements stays."""
    left = list(merge(tuple([f for d in dims for f in d])))
    found = []
    for n in shape:
        taken: list[Factor] = []
        while n > 1:
            if not left:
                return None
            f = left.pop(0)
            if n % f.size == 0:
                taken.append(f)
                n //= f.size
            elif f.size % n == 0:
                first, rest = split(f, n)
                taken.append(first)
                left.insert(0, rest)
                n = 1
            else:
                return None
        found.append(merge(tuple(taken)))
    return None if left else tuple(found)


def match_factors(a: Factors, b: Factors) -> list[tuple[Factor, Factor]] | None:
    """Split the factors of two dimensions of one size into pairs of one size, if that is possible.

    The pairs are in the order of the factors."""
    left, right = list(a), list(b)
    pairs: list[tuple[Factor, Factor]] = []
    while left and right:
        x, y = left.pop(), right.pop()
        size = min(x.size, y.size)
        if x.size % size or y.size % size:
            return None
        for factor, rest in ((x, left), (y, right)):
            if factor.size > size:
                rest.append(split(factor, factor.size // size)[0])
        pairs.append((x._replace(size=size), y._replace(size=size)))
    return None if left or right else pairs[::-1]


def match_dims(a: Dims, b: Dims) -> dict[Factor, Factor] | None:
    """Return for each factor of ``a``, split as needed, the factor of ``b`` at the same place.

    A dimension without factors is broadcast, and its counterpart is left out."""
    found: dict[Factor, Factor] = {}
    for x, y in zip(a, b, strict=True):
        pairs = match_factors(x, y) if x and y else []
        if pairs is None:
            return None
        found.update(pairs)
    return found


def map_dim(dim: int, size: int, matches: dict[Factor, Factor]) -> Factors | None:
    """Return the factors that are at the place of a node's whole dimension in another tensor.

    Without a counterpart for any part of it, it is broadcast and has none; None if only a part of
    it is broadcast."""
    parts = sorted([f for f in matches if f.dim == dim], key=lambda f: -f.inner)
    if parts and merge(tuple(parts)) != whole(dim, size):
        return None
    return merge(tuple([matches[f] for f in parts]))


def size_of_shape(shape: Shape) -> int:
    return size_of(tuple([Factor(0, n) for n in shape]))


def find_block(own: Dims, dims: Dims) -> int:
    """Return the block of the space_to_depth that gives these dimensions, 0 if none does."""
    if len(own) < 2 or len(dims) != len(own) or not all(own[1:]):
        return 0
    blocks = {d[0].inner for d in dims[1:] if len(d) == 1}
    if len(blocks) != 1:
        return 0
    block = blocks.pop()
    outer = tuple([(Factor(d[0].dim, d[0].size // block, block),) for d in own[1:]])
    inner = tuple([Factor(d[0].dim, block) for d in own[1:]])
    return block if block > 1 and dims == ((*own[0], *inner), *outer) else 0
