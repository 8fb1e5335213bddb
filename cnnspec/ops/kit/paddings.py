"""Padding of maps by zeros or another value, mirrored, repeated, or from the other end."""

from collections.abc import Sequence
from math import prod

from cnnspec.ops.kit import memory
from cnnspec.ops.kit.fields import OperatorError
from cnnspec.ops.kit.windows import Axis
from cnnspec.units import Shape

# The modes besides a constant: what is added, and what of a size W can be added at most.
MIRRORED, REPEATED, CIRCULAR = "reflect", "replicate", "circular"
SIDES = "reflection", "circular padding"


def require_enough_to_pad(w: int, sides: tuple[int, int], mode: str, field: str) -> None:
    """Check that a dimension of ``w`` positions has as many as the padding takes of it.

    Raises OperatorError (D002)."""
    most = {MIRRORED: w - 1, CIRCULAR: w}.get(mode)
    if most is None or max(sides) <= most:
        return
    reason = (
        f"it does not repeat the border, so there are {most} positions to mirror"
        if mode == MIRRORED
        else f"there are {most} positions to take from the other end"
    )
    raise OperatorError(
        "D002",
        f"a {SIDES[mode == CIRCULAR]} of {max(sides)} does not fit into {w}: {reason}",
        f"a padding of at most {most}",
        field,
    )


def require_axes_to_pad(axes: Sequence[Axis], mode: str) -> None:
    """Check every dimension of a window that pads its input. Raises OperatorError (D002)."""
    for a in axes:
        require_enough_to_pad(a.size, (a.before, a.after), mode, "padding")


def pad_functions(x: Shape, sides: Sequence[tuple[int, int]], mode: str) -> memory.Functions:
    """Declare a padding of a map ``x`` by ``sides``, (before, after) for each dimension.

    A circular one copies the map into a new tensor, and then each side from the other end. Each
    copy works in place on a part of that tensor, so its backward copies the whole gradient."""
    padded = (x[0], *(w + before + after for w, (before, after) in zip(x[1:], sides, strict=True)))
    n = prod(padded)
    if mode in (MIRRORED, REPEATED):
        layout = memory.Layout(copies=memory.COPIES_STRIDED)
        return (memory.Function(n, saves=(0,), layout=layout),)
    if mode != CIRCULAR:
        return (memory.Function(n, layout=memory.Layout(gradient_as_incoming=True)),)
    contiguous = memory.Layout(contiguous=True)
    scratch = memory.Backward(elements=n)
    centre = memory.Function(n, backward=scratch, layout=contiguous)
    copies = [
        memory.Function(
            n,
            inputs=(memory.PREVIOUS,),
            aliases=True,
            inplace=True,
            backward=memory.Backward(elements=2 * (n // size * side)),
            layout=contiguous,
        )
        for size, pair in zip(reversed(padded[1:]), reversed(sides), strict=True)
        for side in pair
        if side
    ]
    return (centre, *copies)
