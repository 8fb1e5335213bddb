"""Padding of maps by zeros or another value, mirrored, repeated, or from the other end."""

from collections.abc import Sequence

from cnnspec.ops.kit import memory
from cnnspec.ops.kit.fields import OperatorError
from cnnspec.ops.kit.operator import raise_unmeasured
from cnnspec.ops.kit.windows import Axis

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


def pad_function(size: int, mode: str) -> memory.Function:
    """Declare a padding that gives ``size`` elements. Raises RequestError for circular ones."""
    if mode == CIRCULAR:
        raise_unmeasured("a circular padding")
    if mode in (MIRRORED, REPEATED):
        layout = memory.Layout(copies=memory.COPIES_STRIDED)
        return memory.Function(size, saves=(0,), layout=layout)
    return memory.Function(size, layout=memory.Layout(gradient_as_incoming=True))
