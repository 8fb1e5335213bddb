"""What the functions of which attending.py builds attention need in memory, in its order."""

from collections.abc import Sequence
from math import prod
from typing import Any

from cnnspec.ops.kit import memory
from cnnspec.units import Shape


def functions(
    x: Shape, sizes: Shape, windows: int, heads: int, tables: Sequence[str]
) -> memory.Functions:
    """What ``forward`` runs."""
    course = memory.Course()
    n, inside = windows * prod(sizes) * x[0], prod(x)
    rows = padded = course.run(n, 0) if n != inside else 0
    if windows > 1:
        blocks = course.run(n, padded, shares=True)
        rows = course.run(n, blocks, gradient=memory.VIEW, plain=True)
        course.free(blocks, padded)
    else:
        blocks = course.run(n, padded, shares=True, gradient=memory.VIEW, moves="out")
        rows = course.run(n, blocks, shares=True, gradient=memory.VIEW, reshapes=(memory.DENSE,))
        course.free(blocks, padded)
    qkv = course.run(
        3 * n, rows, keeps=(0,), gradient=memory.MATRIX, trained=("qkv.weight", "qkv.bias")
    )
    course.free(rows)
    done = attending(course, qkv, n, x[0] // heads, sizes, tables, heads, windows)
    out = course.run(
        n, done, keeps=(0,), gradient=memory.MATRIX, trained=("proj.weight", "proj.bias")
    )
    course.free(done)
    if windows == 1:
        out = course.run(n, out, shares=True, gradient=memory.FOLDED)
    together: dict[str, Any] = (
        {} if windows > 1 else {"shares": True, "gradient": memory.VIEW, "moves": "back"}
    )
    whole = course.run(n, out, **together)
    return course.then(whole, memory.slices((x[0], *padded_sizes(x, sizes)), x))


def padded_sizes(x: Shape, sizes: Shape) -> list[int]:
    """The sizes of the map that the windows fill."""
    return [-(-w // m) * m for w, m in zip(x[1:], sizes, strict=True)]


def attending(
    course: memory.Course,
    qkv: int,
    n: int,
    width: int,
    sizes: Shape,
    tables: Sequence[str],
    heads: int,
    windows: int,
) -> int:
    """What ``attend`` runs, for n values of q, each head's of a ``width``."""
    turned = (
        0 if heads == 1 else 1 if windows == 1 else 2
    )  # the heads' values lie between each other
    scores = n * prod(sizes) // width
    rows = course.run(3 * n, qkv, shares=True)
    parts = course.run(3 * n, rows, shares=True, parts=True)
    q, k, v = [
        course.run(n, parts, shares=True, gradient=memory.SAME, turned=turned) for _ in range(3)
    ]
    scaled = course.run(n, q, number=True, turned=turned)
    copied: dict[str, Any] = {"gradient": memory.VIEW, "shares": True, "reshapes": (memory.DENSE,)}
    copies = [course.run(n, value, **copied) for value in (scaled, k)]
    weights: int = course.run(scores, *copies, keeps=(0, 1), gradient=memory.MATRIX)
    course.free(*copies, scaled)
    for axis, table in enumerate(tables):
        more = nearer(course, q, weights, n, width, sizes, axis, table, heads)
        course.free(weights)
        weights = more
    soft = course.run(scores, weights, keeps=(memory.OUTPUT,))
    course.free(weights)
    values = course.run(n, v, **copied)
    gathered = course.run(n, soft, values, keeps=(0, 1), gradient=memory.MATRIX)
    course.free(values)
    apart = course.run(n, gathered, shares=True, gradient=memory.FOLDED)
    together: dict[str, Any] = {"gradient": memory.TURNED, "turned": turned, "plain": True}
    done = course.run(
        n, apart, **(together if turned else {"gradient": memory.VIEW, "shares": True})
    )
    course.free(apart, gathered, soft, q, k, v, parts, rows, qkv)
    return done


def nearer(
    course: memory.Course,
    q: int,
    weights: int,
    n: int,
    width: int,
    sizes: Shape,
    axis: int,
    table: str,
    heads: int,
) -> int:
    """What ``nearer`` runs."""
    m, products = sizes[axis], n * sizes[axis] // width
    places = course.run(m, fixed=True, whole_numbers=True)
    one = (
        heads == 1 and n == prod(sizes) * width and prod(sizes[:axis]) == 1
    )  # what an example has lies in one piece
    distances = course.run(m * m, fixed=True, whole_numbers=True)
    vectors = course.run(m * m * width, distances, keeps=(0,), fixed=True, trained=(table,))
    course.free(distances)
    alone = heads == 1 and prod(sizes[axis + 1 :]) == 1
    turned = course.run(
        n, q, shares=True, gradient=memory.VIEW, turned=0 if alone else 1 if one else 2
    )
    copy = course.run(n, turned, shares=True, reshapes=(memory.DENSE,))
    product = course.run(
        products, copy, vectors, keeps=(0, 1), gradient=memory.MATRIX, turned=1 if one else 2
    )
    course.free(copy, turned)
    flat = course.run(
        products,
        product,
        gradient=memory.VIEW if axis == len(sizes) - 1 else memory.NEW,
        shares=True,
        reshapes=(memory.DENSE,),
    )
    course.free(product)
    added = course.run(n * prod(sizes) // width, weights, flat, gradient=memory.SAME)
    course.free(flat, vectors, places)
    return added
