"""Views, and what autograd records where a function works in place on one.

A view and its base have the same storage, so a function in place on the view changes the base too.
Autograd replaces the history of both. The base is now made by CopySlices, which reads the base as
it was before. Its backward copies the gradient of the base, and runs the function's own backward on
a copy of the view's part. The view is made of the base by AsStrided, whose backward copies the
gradient into a tensor like the base.

Source: torch/csrc/autograd/functions/tensor.cpp and variable.cpp; measured."""

from cnnspec.analyses.memory.allocations import Storage, TapeFunction, Tensor
from cnnspec.ops.kit.memory import (
    BETWEEN_CHANNELS,
    BETWEEN_EXAMPLES,
    CONTIGUOUS,
    INCOMING,
    SCATTERED,
    STRIDED,
    STRIDED_BATCH,
    STRIDED_CHANNELS,
    Backward,
    Function,
)

AS_STRIDED = Function(0, gradient=SCATTERED)


def find_base(function: Function, read: Tensor) -> Tensor | None:
    """Return the base of the output of a function that aliases the tensor that it reads."""
    returns_itself = function.gradient == INCOMING and function.layout.view_if
    if function.inplace or returns_itself:
        return read.base
    return read.base or read


def overwrite_view(
    node: str, function: Function, base: Tensor, saved: list[Storage]
) -> tuple[TapeFunction, TapeFunction]:
    """Return what makes the base, and what makes the view, after a function in place on it."""
    copies = Function(0, gradient=SCATTERED, backward=Backward(elements=2 * function.size))
    entry = TapeFunction(node, copies, (base,), saved, [], ())
    entry.users = 0  # only the view's function uses it
    return entry, TapeFunction(node, AS_STRIDED, (base._replace(maker=entry),), [], [], ())


def strided_layout(strided: int, before: int) -> int:
    """Return the layout of a view with gaps (``Layout.strided``) of a tensor with a layout."""
    if before in (CONTIGUOUS, STRIDED_BATCH):
        return {BETWEEN_EXAMPLES: STRIDED_BATCH, BETWEEN_CHANNELS: STRIDED_CHANNELS}.get(
            strided, STRIDED
        )
    keeps = before == STRIDED_CHANNELS and strided in (BETWEEN_EXAMPLES, BETWEEN_CHANNELS)
    return STRIDED_CHANNELS if keeps else STRIDED
