"""The memory of operators with sliding windows: what several of them share."""

from collections.abc import Sequence
from math import prod

from cnnspec.ops.kit import memory
from cnnspec.ops.kit.windows import Axis
from cnnspec.units import Shape


def window_sums(x: Shape, y: Shape, axes: Sequence[Axis]) -> memory.Functions:
    """Declare ``modules.make_window_sum_function``: a pad if needed, means, and a product."""
    padded = prod((x[0], *(a.padded for a in axes)))
    pad = (memory.Function(padded),) if padded != prod(x) else ()
    inputs = (memory.PREVIOUS if pad else 0,)
    means = memory.Function(
        prod(y), (0,), inputs, layout=memory.Layout(copies=memory.COPIES_STRIDED)
    )
    return (
        *pad,
        means,
        memory.Function(prod(y), inputs=(memory.PREVIOUS,), saved=memory.Saved(scalar=True)),
    )


def find_weight_as_input_from(x: Shape, weight: Shape, groups: int) -> int:
    """Return ``Backward.weight_as_input_from`` of a convolution.

    With one input channel or a 1x1 kernel, the two memory formats are the same. With one group, a
    3-D kernel that is small has a backward of its own for a single example."""
    kernel = weight[2:]
    if len(kernel) == 1 or weight[1] == 1 or prod(kernel) == 1:
        return 0
    small = len(kernel) == 3 and groups == 1 and min(kernel[1:]) <= 3 and prod(x[:3]) <= 20480
    return 2 if small else 1


def find_weight_gradient_from(axes: Sequence[Axis], x: Shape, weight: Shape) -> int:
    """Return the batch from which oneDNN computes the backward of a convolution, on one thread.

    It computes the gradient of the weight with that of the bias; PyTorch's own kernels, for small
    maps, do not. Source: ``use_mkldnn`` in ATen/native/Convolution.cpp; measured."""
    kernel, slides = weight[2:], any(a.stride > 1 or a.dilation > 1 for a in axes)
    if prod(kernel) == 1 and not slides:
        return 16
    large = len(kernel) > 1 and min(kernel[-2:]) > 3
    return 1 if weight[1] < x[0] or large or prod(x) > 20480 else 2


def standardized_functions(
    convolution: memory.Function, weight: Shape, pads: memory.Functions, pads_first: bool
) -> memory.Functions:
    """Declare a batch norm of a convolution's weight, and the ``convolution`` with its output.

    PyTorch's own padding follows the norm; that of a module around it comes first."""
    n, k = prod(weight), weight[0]
    scratch = memory.Function(2 * k, inputs=(), without_batch=True)
    norm = memory.Function(
        n,
        inputs=(),
        parameters=("weight",),
        without_batch=True,
        held_for=1 if pads_first else len(pads) + 1,
        saved=memory.Saved(constants=2 * k),
        backward=memory.Backward(constants=n),
    )
    convolution = convolution.replace(saves=(0, 1), parameters=("bias",))
    if not pads_first or not pads:
        reads = (memory.PREVIOUS if pads else 0, memory.PREVIOUS - len(pads))
        return scratch, norm, *pads, convolution.replace(inputs=reads)
    *before, last = pads
    convolution = convolution.replace(inputs=(-3, memory.PREVIOUS))
    return *before, last.replace(held_for=3), scratch, norm, convolution
