"""Dropout: training zeroes each element with probability p and scales the others by 1/(1 - p).

With ``channels``, whole channels are dropped. At inference it does nothing.

Source: Srivastava, Hinton, Krizhevsky, Sutskever & Salakhutdinov (2014), Dropout; Tompson et al.
(2015), Efficient object localization using convolutional networks, arXiv 1411.4280, for channels;
``torch.nn.Dropout``."""

from math import prod
from typing import Any

from cnnspec.ops.kit import memory, modules
from cnnspec.ops.kit.elementwise import Elementwise
from cnnspec.ops.kit.fields import flag_field, inplace_field, number_field
from cnnspec.ops.kit.operator import Example
from cnnspec.units import Shape


class Dropout(Elementwise):
    title = "Dropout"
    onnx_type = "Identity"
    role = "regulariser"
    autocast = "follows"
    keeps_values = True
    is_affine = True
    drops_elements = True

    p: float = number_field("the probability of dropping an element", default=0.5, maximum=1.0)
    inplace: bool = inplace_field()
    channels: bool = flag_field("whether whole channels are dropped", default=False)

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        if not training or not self.p:
            return memory.NO_FUNCTIONS
        mask = memory.Function(x[0] if self.channels else prod(y), inputs=(), divides=True)
        product = memory.Function(
            prod(y),
            saves=(1,),
            inputs=(0, memory.PREVIOUS),
            gradient=memory.PRODUCT,
            aliases=self.inplace,
            inplace=self.inplace,
        )
        return mask, product

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        n = len(x) - 1
        dropout = (
            modules.class_for_dimensions(torch, "Dropout", n)
            if self.channels and n
            else torch.nn.Dropout
        )
        return dropout(self.p, self.inplace)

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        shape = (None, *[1] * (len(y) - 1), y[0]) if self.channels and len(y) > 1 else None
        return keras.layer("Dropout", x, self.p, noise_shape=shape)

    examples = (
        Example(
            "Krizhevsky, Sutskever & Hinton (2012), section 4.2: probability 0.5 in the first two"
            " fully connected layers of 4096",
            ((4096,),),
            {"p": 0.5},
            (4096,),
            work={},
        ),
    )
