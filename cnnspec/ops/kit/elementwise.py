"""Base classes of operators that work element by element, and what standardising norms share."""

from math import prod
from typing import ClassVar

from cnnspec.ops.kit.derivation import Step, elements_step
from cnnspec.ops.kit.operator import Operator
from cnnspec.units import Shape


class Elementwise(Operator):
    """An operator with one input and an output of the same shape, as activations and norms."""

    per_element: ClassVar[dict[str, int]] = {}

    def output(self, x: Shape) -> Shape:
        return x

    def elementwise(self, x: Shape, y: Shape) -> dict[str, int]:
        return {kind: n * prod(y) for kind, n in self.per_element.items()}

    def derivation(self, x: Shape, y: Shape) -> list[Step]:
        return [elements_step(y)]


class Activation(Elementwise):
    """An elementwise non-linearity."""

    role = "activation"


def weight_and_bias_shapes(shape: Shape, affine: bool) -> dict[str, Shape]:
    """Return the shapes of the trained scale and shift, if there are any."""
    return {"weight": shape, "bias": shape} if affine else {}


def count_standardising_work(y: Shape, sets: int, affine: bool) -> dict[str, int]:
    """Return the work of standardising ``sets`` equal parts: (x - mean) / sqrt(var + eps).

    A part of n elements takes n - 1 additions for its sum, n to subtract the mean, n
    multiplications for the squares, n - 1 additions for their sum, two divisions, one addition of
    eps, one square root, and n divisions. Weight and bias take a multiplication and an addition for
    each element."""
    size = prod(y)
    return {
        "additions": (3 + affine) * size - sets,
        "multiplications": (1 + affine) * size,
        "divisions": size + 2 * sets,
        "square_roots": sets,
    }
