"""ReLU, the rectified linear unit: max(0, x), one comparison an element.

Source: Nair & Hinton (2010), Rectified linear units improve restricted Boltzmann machines;
``torch.nn.ReLU``."""

from typing import Any

from cnnspec.ops.kit import memory
from cnnspec.ops.kit.elementwise import Activation
from cnnspec.ops.kit.fields import flag_field
from cnnspec.ops.kit.operator import Example
from cnnspec.units import Shape


class Relu(Activation):
    title = "ReLU"
    keras_layer = "ReLU"
    onnx_type = "Relu"
    per_element = {"comparisons": 1}
    autocast = "follows"
    value_limits = (0.0,)
    is_idempotent = True

    inplace: bool = flag_field(
        "whether the output takes the input's place in memory", default=False
    )

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        (relu,) = memory.saves_output(y, self.inplace)
        return (relu.replace(layout=memory.Layout(gradient_as_input=True)),)

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        return torch.nn.ReLU(self.inplace)

    examples = (
        Example(
            "Krizhevsky, Sutskever & Hinton (2012), section 3.5: after the first layer, 290,400"
            " neurons",
            ((96, 55, 55),),
            {},
            (96, 55, 55),
            work={"comparisons": 96 * 55 * 55},
        ),
    )
