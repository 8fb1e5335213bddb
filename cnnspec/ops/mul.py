"""Multiplication: the product, element by element, of two or more inputs, which may be gates.

All inputs have the shape C x H x W, or are gates: C x 1 x 1 with a factor for each channel, as in
squeeze-and-excitation, or 1 x H x W with a factor for each position. N inputs cost N - 1
multiplications for each element.

Source: Hu, Shen & Sun (2018), Squeeze-and-excitation networks, arXiv 1709.01507, equation 4; Woo et
al. (2018), CBAM, arXiv 1807.06521, equation 1, for positions."""

from functools import reduce
from math import prod
from operator import mul
from typing import Any

from cnnspec.ops.kit import memory, modules
from cnnspec.ops.kit.derivation import Step, elements_step
from cnnspec.ops.kit.input_checks import require_gates_or_same_shape
from cnnspec.ops.kit.operator import Example, Operator
from cnnspec.units import Shape


class Mul(Operator):
    title = "Multiplication"
    role = "join"
    arity = (2, 64)
    autocast = "follows"
    values_show_settings = True
    takes_gates = True
    is_commutative = True

    def output(self, *xs: Shape) -> Shape:
        return require_gates_or_same_shape("mul", xs)

    def elementwise(self, *xs: Shape, y: Shape) -> dict[str, int]:
        return {"multiplications": (len(xs) - 1) * prod(y)}

    def derivation(self, *xs: Shape, y: Shape) -> list[Step]:
        size = elements_step(y)
        return [
            size,
            Step(
                "multiplications",
                f"(N - 1)*{size.formula}",
                {"N": len(xs), **size.values},
                self.elementwise(*xs, y=y)["multiplications"],
            ),
        ]

    def memory(self, *xs: Shape, y: Shape, training: bool) -> memory.Functions:
        return memory.join_pairwise(y, len(xs), (0, 1), memory.PRODUCT)

    def build(self, torch: Any, *xs: Shape, y: Shape) -> Any:
        return modules.make_stateless_module(torch, "Mul", lambda *xs: reduce(mul, xs))

    examples = (
        Example(
            "Hu, Shen & Sun (2018), figure 3 and table 1: the first stage of SE-ResNet-50 scales"
            " 256 channels of 56x56 by 1x1x256 gates",
            ((256, 56, 56), (256, 1, 1)),
            {},
            (256, 56, 56),
        ),
    )
