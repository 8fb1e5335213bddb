"""Base classes of operators that work element by element, and what standardising norms share."""

from math import prod
from typing import ClassVar

from cnnspec.ops.kit.derivation import Step, elements_step
from cnnspec.ops.kit.operator import Operator
from cnnspec.units import Shape


class Elementwise(Operator):
    """One input, one output of the same shape: activations, norms and their like."""

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
    """The trained scale and shift, where there are any."""
    return {"weight": shape, "bias": shape} if affine else {}


def count_standardising_work(y: Shape, sets: int, affine: bool) -> dict[str, int]:
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
