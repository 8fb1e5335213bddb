"""Constant factor and offset: every element times one constant, plus another; neither is learned.

y = factor * x + offset. A factor other than 1 takes one multiplication for each element, an offset
other than 0 one addition.

Source: Szegedy, Ioffe, Vanhoucke & Alemi (2016), Inception-v4, Inception-ResNet and the impact of
residual connections on learning, arXiv 1602.07261, section 3.3; ``torch.mul`` and
``torch.add`` with a number."""

from math import prod
from typing import Any

from cnnspec.ops.kit import memory, modules
from cnnspec.ops.kit.elementwise import Elementwise
from cnnspec.ops.kit.fields import number_field
from cnnspec.ops.kit.operator import Example
from cnnspec.units import Shape


class Scale(Elementwise):
    title = "Scaling"
    is_composite = True
    autocast = "follows"
    values_show_settings = True
    counts_as_layer = False
    is_affine = True

    factor: float = number_field("the constant factor", default=1.0, minimum=-1e9)
    offset: float = number_field("the constant that is added", default=0.0, minimum=-1e9)

    def elementwise(self, x: Shape, y: Shape) -> dict[str, int]:
        work = {"multiplications": self.factor != 1, "additions": self.offset != 0}
        return {kind: prod(y) for kind, done in work.items() if done}

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        product = memory.Function(prod(y), saved=memory.Saved(scalar=True))
        total = memory.Function(prod(y), gradient=memory.INCOMING, saved=memory.Saved(scalar=True))
        if self.factor != 1 and self.offset:
            return product, total.replace(inputs=(memory.PREVIOUS,))
        if self.offset:
            return (total,)
        return (product,) if self.factor != 1 else ()

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        def forward(x: Any) -> Any:
            scaled = x * self.factor if self.factor != 1 else x
            return scaled + self.offset if self.offset else scaled

        return modules.make_stateless_module(torch, "Scale", forward)

    examples = (
        Example(
            "Szegedy et al. (2016), figure 20, and timm's inception_resnet_v2, repeat.0: residuals"
            " of 320 channels of 35x35 are scaled by 0.17 before they are added",
            ((320, 35, 35),),
            {"factor": 0.17},
            (320, 35, 35),
            work={"multiplications": 320 * 35 * 35},
        ),
        Example(
            "torchvision's GoogLeNet, _transform_input, of the channel red: x * (0.229 / 0.5) +"
            " (0.485 - 0.5) / 0.5",
            ((1, 224, 224),),
            {"factor": 0.458, "offset": -0.03},
            (1, 224, 224),
        ),
    )
