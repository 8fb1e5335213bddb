"""Flatten: a feature map of C x H x W becomes a vector of C*H*W, without copying or arithmetic.

Source: ``torch.nn.Flatten``, with start_dim 1.
"""

from math import prod
from typing import Any

from cnnspec.ops.kit import memory
from cnnspec.ops.kit.derivation import Step, elements_step
from cnnspec.ops.kit.operator import Example, Operator
from cnnspec.ops.kit.windows import WHOLE, Reach
from cnnspec.units import Shape


class Flatten(Operator):
    title = "Flatten"
    role = "shape"
    autocast = "follows"
    keeps_values = True
    is_affine = True

    def output(self, x: Shape) -> Shape:
        return (prod(x),)

    def mixes_channels(self, x: Shape) -> bool:
        return True

    def window(self, x: Shape, y: Shape) -> Reach:
        return WHOLE

    def derivation(self, x: Shape, y: Shape) -> list[Step]:
        return [elements_step(x, "outputs")]

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        return (memory.view_of(y),)

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        return torch.nn.Flatten()

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        return onnx.Flatten(x)

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        if sum(n > 1 for n in x.shape) < 2:
            return keras.layer("Flatten", x)
        return keras.layer("Flatten", keras.move_channels_first(x))

    examples = (
        Example(
            "Krizhevsky, Sutskever & Hinton (2012), section 3.5, in Caffe's reading: fc6 takes"
            " 256*6*6",
            ((256, 6, 6),),
            {},
            (9216,),
            work={},
        ),
    )
