"""Softmax: exp(x_i) / sum over j of exp(x_j), over the channels at each position, or over a vector.

Counted for each of the P positions with C channels: C exponentials, C - 1 additions and C
divisions. Implementations first subtract the maximum, against overflow; that is not counted.

Source: Goodfellow, Bengio & Courville (2016), Deep Learning, equation 6.29; ``torch.nn.Softmax``,
dim 1."""

from math import prod
from typing import Any

from cnnspec.ops.kit import memory
from cnnspec.ops.kit.elementwise import Activation
from cnnspec.ops.kit.operator import Example
from cnnspec.units import Shape


class Softmax(Activation):
    title = "Softmax"
    autocast = "follows"
    values_show_settings = True
    short_title = "Soft-max"
    recorded_from = ("_softmax",)

    def elementwise(self, x: Shape, y: Shape) -> dict[str, int]:
        return {"exponentials": prod(x), "additions": prod(x) - prod(x[1:]), "divisions": prod(x)}

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        return memory.softmax_functions(y)

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        return torch.nn.Softmax(dim=1)

    examples = (
        Example(
            "Krizhevsky, Sutskever & Hinton (2012), section 3.5: a 1000-way softmax",
            ((1000,),),
            {},
            (1000,),
        ),
    )
