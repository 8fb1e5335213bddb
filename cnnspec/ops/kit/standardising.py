"""What norms that standardise an example by its own statistics share: (x - mean) / sqrt(var + eps)
* weight + bias."""

from math import prod

from cnnspec.units import Shape


def weight_and_bias(shape: Shape, affine: bool) -> dict[str, Shape]:
    """The trained scale and shift, where there are any."""
    return {"weight": shape, "bias": shape} if affine else {}


def work(y: Shape, sets: int, affine: bool) -> dict[str, int]:
    """The work of standardising ``sets`` equal parts of a shape.

    A part of n elements takes n - 1 additions for its sum, n to subtract the mean, n
    multiplications for the squares and n - 1 additions for theirs, two divisions, one addition of
    eps and one root, then n divisions; weight and bias take a multiplication and an addition an
    element."""
    size = prod(y)
    return {
        "additions": (3 + affine) * size - sets,
        "multiplications": (1 + affine) * size,
        "divisions": size + 2 * sets,
        "square_roots": sets,
    }
