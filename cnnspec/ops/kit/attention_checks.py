"""Check the inputs of attention of given queries, keys and values, and its windows."""

from math import prod

from cnnspec.ops.kit.fields import OperatorError
from cnnspec.ops.kit.input_checks import (
    raise_different_inputs,
    require_divisible,
    require_feature_map,
)
from cnnspec.units import Shape, format_shape

NAME = "scaled_dot_product_attention"


def require_attention(
    heads: int, q: Shape, k: Shape, v: Shape, bias: Shape | None, whole: bool
) -> None:
    """Check queries, keys, values and a bias; ``whole`` says that all positions see each other.

    Raises OperatorError (D001, D003)."""
    for i, (x, what) in enumerate(((q, "queries"), (k, "keys"), (v, "values"))):
        require_feature_map(f"the {what} of {NAME}", x)
        if x[0] % heads:
            require_divisible(heads, x[0], field="heads")
        if i and x[1:] != k[1:]:
            raise_different_inputs(
                NAME, "$1", k, "$2", v, "keys and values have the same positions"
            )
    if q[0] != k[0]:
        raise_different_inputs(NAME, "$0", q, "$1", k, "queries and keys have the same channels")
    wanted = (heads, prod(q[1:]), prod(k[1:]))
    if bias is not None and (bias != wanted or not whole):
        reason = f"it is {heads} heads x queries x keys" if whole else "a bias is for the whole map"
        raise OperatorError(
            "D003",
            f"the bias $3 of {NAME} is {format_shape(bias)}",
            f"{reason}: {format_shape(wanted)}",
        )


def require_windows(size: int, shift: int, dilation: int, q: Shape) -> None:
    """Check that windows of a size, 0 for the whole map, cover a map and move by less than one.

    Raises OperatorError (L003, D002)."""
    if shift and dilation > 1:
        raise OperatorError(
            "L003", "windows with dilation do not move", "shift = 0 or dilation = 1", "shift"
        )
    if shift and not shift < size:
        raise OperatorError(
            "L003",
            f"shift = {shift} moves windows of {size or 'the whole map'}",
            "a shift less than window_size",
            "shift",
        )
    span = (size or 1) * dilation
    if any(w % span for w in q[1:]):
        apart = f" {dilation} positions apart" if dilation > 1 else ""
        raise OperatorError(
            "D002",
            f"windows of {size or 'positions'}{apart} do not cover $0, which is {format_shape(q)}",
            f"a pad to multiples of {span} before it, and a crop after it",
            "window_size" if size else "dilation",
        )
