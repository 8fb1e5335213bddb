"""Scaling: every element times one constant, which is not learned; one multiplication an element.

Source: Szegedy, Ioffe, Vanhoucke & Alemi (2016), Inception-v4, Inception-ResNet and the impact of
residual connections on learning, arXiv 1602.07261, section 3.3."""

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
    per_element = {"multiplications": 1}
    autocast = "follows"
    values_show_settings = True
    counts_as_layer = False
    is_affine = True

    factor: float = number_field("the constant", minimum=-1e9)

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        return (memory.Function(prod(y), saved=memory.Saved(scalar=True)),)

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        return modules.make_stateless_module(torch, "Scale", lambda x: x * self.factor)

    examples = (
        Example(
            "Szegedy et al. (2016), figure 20, and timm's inception_resnet_v2, repeat.0: residuals"
            " of 320 channels of 35x35 are scaled by 0.17 before they are added",
            ((320, 35, 35),),
            {"factor": 0.17},
            (320, 35, 35),
            work={"multiplications": 320 * 35 * 35},
        ),
    )
