"""Checks of the shapes of inputs; the messages say which input is wrong and how to fix it."""

from math import prod
from typing import Any

from cnnspec.ops.kit.fields import OperatorError
from cnnspec.ops.kit.windows import per_dimension
from cnnspec.units import Shape, format_count, format_shape


def require_feature_map(op: str, x: Shape) -> tuple[int, Shape]:
    """Return the channels and the spatial sizes of ``x``.

    Raises OperatorError (D001) for a vector, which has no positions."""
    if len(x) < 2:
        raise OperatorError(
            "D001",
            f"{op} takes channels and at least one spatial dimension, but $0 is a vector of {x[0]}",
            "put it before the flatten, or reshape the vector to (channels, height, width)",
        )
    return x[0], x[1:]


def require_vector(op: str, x: Shape) -> int:
    """Return the length of a vector. Raises OperatorError (D001) for a feature map."""
    if len(x) != 1:
        pooled = " (so does keepdim = false on a global pooling)" if prod(x[1:]) == 1 else ""
        raise OperatorError(
            "D001",
            f"{op} takes a vector, but $0 is {format_shape(x)}",
            f"a flatten before it gives a vector of {format_count(prod(x))}{pooled}",
        )
    return x[0]


def require_divisible(
    groups: int, channels: int, out_channels: int | None = None, field: str = "groups"
) -> None:
    """Check that ``groups`` divides the channels of the input, and of the output if they are given.

    Raises OperatorError (D004)."""
    both = (
        "the input's channels"
        if out_channels is None
        else "both the input's channels and out_channels"
    )
    for what, n, at in (("input", channels, field), ("output", out_channels or 0, "out_channels")):
        if n % groups:
            raise OperatorError(
                "D004",
                f"{n} {what} channels do not divide into {groups} {field}",
                f"{field} must divide {both}",
                at,
            )


def require_same_shape(op: str, xs: tuple[Shape, ...]) -> Shape:
    """Return the shape that all inputs have. Raises OperatorError (D003) if they differ."""
    for i, x in enumerate(xs[1:], 1):
        if x != xs[0]:
            raise OperatorError(
                "D003",
                f"{op}: $0 is {format_shape(xs[0])} but ${i} is {format_shape(x)}",
                suggest_fix(xs[0], x, 0, i),
            )
    return xs[0]


def raise_different_inputs(op: str, a: str, x: Shape, b: str, y: Shape, rule: str) -> None:
    """Raise the OperatorError (D003) for two inputs, "$0" and so on, that do not fit."""
    message = f"{op}: {a} is {format_shape(x)} but {b} is {format_shape(y)}"
    raise OperatorError("D003", message, rule)


def require_gates_or_same_shape(op: str, xs: tuple[Shape, ...]) -> Shape:
    """Return the largest shape of inputs that are of this shape or gates for it.

    A gate has size 1 in some dimensions, such as C x 1 x 1, 1 x H x W or C x 1 x W. Raises
    OperatorError (D003)."""
    full = max(xs, key=prod)
    if all(is_gate(x, full) for x in xs):
        return full
    i, whole = next(pair for pair in enumerate(xs) if not looks_like_gate(pair[1], full))
    of_channels = (*whole[:1], *(1 for _ in whole[1:]))
    j, x = next(pair for pair in enumerate(xs) if not is_gate(pair[1], whole))
    gate = len(x) == len(whole) and set(x[1:]) == {1}
    raise OperatorError(
        "D003",
        f"{op}: ${i} is {format_shape(whole)} but ${j} is {format_shape(x)}",
        f"a gate for its channels is {format_shape(of_channels)}"
        if gate
        else suggest_fix(whole, x, i, j),
    )


def looks_like_gate(x: Shape, full: Shape) -> bool:
    """Tell whether ``x`` has more sizes of 1 than ``full``, so that it can only be a gate."""
    return x.count(1) > full.count(1)


def is_gate(x: Shape, full: Shape) -> bool:
    """Tell whether each size of a shape is that of ``full`` or 1."""
    return len(x) == len(full) and all(a in (1, b) for a, b in zip(x, full, strict=True))


def require_same_sizes(op: str, xs: tuple[Shape, ...]) -> Shape:
    """Return the spatial sizes that all inputs have; the channels may differ.

    Raises OperatorError (D003)."""
    for i, x in enumerate(xs[1:], 1):
        if x[1:] != xs[0][1:]:
            raise OperatorError(
                "D003",
                f"{op}: $0 is {format_shape(xs[0])} but ${i} is {format_shape(x)}",
                suggest_fix(xs[0], (xs[0][0], *x[1:]), 0, i),
            )
    return xs[0][1:]


def find_wanted_sizes(op: str, x: Shape, like: Shape | None, **asked: Any) -> Shape | None:
    """Return the spatial sizes that the second input ``like`` or the field ``size`` asks for.

    Returns None if another field asks for them. Raises OperatorError (D001, D003, D006) unless
    exactly one does."""
    _, sizes = require_feature_map(op, x)
    given = [name for name, value in asked.items() if value is not None] + ["a second input"] * (
        like is not None
    )
    if len(given) != 1:
        raise OperatorError(
            "D006",
            f"{op} takes its size from one of {', '.join(asked)} and a second input, "
            f"but has {' and '.join(given) or 'none of them'}",
            "give exactly one",
        )
    if like is None:
        return None if asked["size"] is None else per_dimension("size", asked["size"], len(sizes))
    if len(like) != len(x):
        raise OperatorError(
            "D003",
            f"{op}: $0 is {format_shape(x)} but $1, whose size it takes, is {format_shape(like)}",
            "both must have the same number of dimensions",
        )
    return like[1:]


def suggest_fix(a: Shape, b: Shape, i: int, j: int) -> str:
    """Say what would make the shapes ``a`` of input i and ``b`` of input j equal."""
    if len(a) != len(b):
        return "both must be feature maps, or both vectors"
    if a[1:] == b[1:]:
        return f"${j} needs {a[0]} channels, as a 1x1 convolution with out_channels = {a[0]} gives"
    (small, si), (large, li) = sorted([(a, i), (b, j)], key=lambda pair: pair[0][1:])
    needed = f"needs {a[0]} channels instead of {b[0]}" if a[0] != b[0] else ""
    if stride := find_missing_stride(small[1:], large[1:]):
        both = (
            f", as a 1x1 convolution with out_channels = {small[0]}, stride = {stride} gives"
            if needed
            else ""
        )
        return f"${li} lacks stride = {stride}" + (
            f" and has {large[0]} channels{both}" if needed else ""
        )
    lost = {w - v for v, w in zip(small[1:], large[1:], strict=True)}
    sizes = (
        f"the sizes {format_shape(small[1:])} and {format_shape(large[1:])} differ by no whole"
        f" stride: check the padding of ${si}"
    )
    if len(lost) == 1 and (more := min(lost)) in (2, 4, 6):
        sizes += f", where {more // 2} more on each side adds {more}"
    sizes += f", or crop ${li}"
    return sizes + f"; and ${j} {needed}" * bool(needed)


def find_missing_stride(small: Shape, large: Shape) -> int:
    """Return the stride that reduces the sizes ``large`` to ``small``, rounded up or down, or 0."""
    strides = {(2 * w + v) // (2 * v) for v, w in zip(small, large, strict=True)}
    stride = strides.pop()
    fits = stride > 1 and all(
        v in (w // stride, -(-w // stride)) for v, w in zip(small, large, strict=True)
    )
    return stride if fits and not strides else 0


def require_weights_to_standardize(weight: Shape, fixed: bool) -> None:
    """Raise OperatorError (L003) if a convolution's weights cannot be standardised."""
    if fixed:
        raise OperatorError(
            "L003",
            "standardize is for weights that are trained, and these are fixed",
            "standardize = false",
            "standardize",
        )
    if prod(weight[1:]) == 1:
        raise OperatorError(
            "L003",
            "standardize needs kernels of 2 weights or more, and these have 1, without a deviation",
            "a larger kernel_size, fewer groups, or standardize = false",
            "standardize",
        )
