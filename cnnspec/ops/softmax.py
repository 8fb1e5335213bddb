"""Softmax: exp(x_i) / sum over j of exp(x_j), over the channels at each position, or over a vector.

With ``dim`` it is over another dimension, counted without the batch: 0 are the channels. Counted
for each sum of n values: n exponentials, n - 1 additions and n divisions. Implementations first
subtract the maximum, against overflow; that is not counted.

Source: Goodfellow, Bengio & Courville (2016), Deep Learning, equation 6.29; ``torch.nn.Softmax``,
whose dimension 1 is 0 here."""

from math import prod
from typing import Any

from cnnspec.ops.kit import memory
from cnnspec.ops.kit.elementwise import Activation
from cnnspec.ops.kit.fields import OperatorError, count_field
from cnnspec.ops.kit.operator import Example
from cnnspec.ops.kit.windows import SAME, WHOLE, Reach
from cnnspec.units import Shape, format_shape


class Softmax(Activation):
    title = "Softmax"
    autocast = "follows"
    values_show_settings = True
    short_title = "Soft-max"
    recorded_from = ("_softmax",)

    dim: int = count_field("the dimension, 0 for the channels", default=0)

    def output(self, x: Shape) -> Shape:
        if self.dim >= len(x):
            raise OperatorError(
                "D001",
                f"dim = {self.dim}, but $0 is {format_shape(x)}",
                f"dim from 0 to {len(x) - 1}",
                "dim",
            )
        return x

    def elementwise(self, x: Shape, y: Shape) -> dict[str, int]:
        n = prod(x)
        return {"exponentials": n, "additions": n - n // x[self.dim], "divisions": n}

    def window(self, x: Shape, y: Shape) -> Reach:
        return WHOLE if self.dim else SAME

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        return memory.softmax_functions(y)

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        return torch.nn.Softmax(dim=self.dim + 1)

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        return onnx.Softmax(x, axis=self.dim + 1)

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        return keras.layer("Softmax", x, axis=keras.find_axis(self.dim, y))

    examples = (
        Example(
            "Krizhevsky, Sutskever & Hinton (2012), section 3.5: a 1000-way softmax",
            ((1000,),),
            {},
            (1000,),
        ),
        Example(
            "Wang, Girshick, Gupta & He (2018), arXiv 1711.07971, figure 2: over the 196 keys of"
            " each of 196 positions",
            ((196, 196),),
            {"dim": 1},
            (196, 196),
        ),
    )
