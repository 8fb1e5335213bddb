"""Addition: the sum of two or more inputs of one shape, as residual connections take it.

Source: He, Zhang, Ren & Sun (2016), Deep residual learning for image recognition, equation 1.
"""

from functools import reduce
from math import prod
from operator import add
from typing import Any

from cnnspec.ops.kit import memory, modules
from cnnspec.ops.kit.derivation import Step, elements_step
from cnnspec.ops.kit.input_checks import require_same_shape
from cnnspec.ops.kit.operator import Example, Operator
from cnnspec.units import Shape


class Add(Operator):
    title = "Addition"
    role = "join"
    arity = (2, 64)
    autocast = "follows"
    values_show_settings = True
    is_commutative = True

    def output(self, *xs: Shape) -> Shape:
        return require_same_shape("add", xs)

    def elementwise(self, *xs: Shape, y: Shape) -> dict[str, int]:
        return {"additions": (len(xs) - 1) * prod(y)}

    def derivation(self, *xs: Shape, y: Shape) -> list[Step]:
        size = elements_step(y)
        return [
            size,
            Step(
                "additions",
                f"(N - 1)*{size.formula}",
                {"N": len(xs), **size.values},
                self.elementwise(*xs, y=y)["additions"],
            ),
        ]

    def memory(self, *xs: Shape, y: Shape, training: bool) -> memory.Functions:
        return memory.join_pairwise(y, len(xs), (), memory.INCOMING)

    def build(self, torch: Any, *xs: Shape, y: Shape) -> Any:
        return modules.make_stateless_module(torch, "Add", lambda *xs: reduce(add, xs))

    examples = (
        Example(
            "He et al. (2016), table 1: conv2_x of the 50-layer net adds two 56x56 maps of 256"
            " channels",
            ((256, 56, 56), (256, 56, 56)),
            {},
            (256, 56, 56),
        ),
    )
