"""Leaky ReLU: x where it is positive, negative_slope * x elsewhere.

Counted as if every element were negative: one comparison and one multiplication for each element.

Source: Maas, Hannun & Ng (2013), Rectifier nonlinearities improve neural network acoustic models;
``torch.nn.LeakyReLU``."""

from typing import Any

from cnnspec.ops.kit import memory
from cnnspec.ops.kit.elementwise import Activation
from cnnspec.ops.kit.fields import inplace_field, number_field
from cnnspec.ops.kit.operator import Example
from cnnspec.units import Shape


class LeakyRelu(Activation):
    title = "Leaky ReLU"
    per_element = {"comparisons": 1, "multiplications": 1}
    autocast = "follows"

    negative_slope: float = number_field("the slope for negative inputs", default=0.01)
    inplace: bool = inplace_field()

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        (relu,) = memory.saves_output(y, True) if self.inplace else memory.saves_input(y)
        return (relu.replace(layout=memory.Layout(gradient_as_input=True)),)

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        return torch.nn.LeakyReLU(self.negative_slope, self.inplace)

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        return onnx.LeakyRelu(x, alpha=self.negative_slope)

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        return keras.layer("LeakyReLU", x, negative_slope=self.negative_slope)

    examples = (
        Example(
            "Redmon et al. (2016), You only look once, arXiv 1506.02640, equation 2 and figure 3:"
            " slope 0.1, 112x112x192 after the first stage",
            ((192, 112, 112),),
            {"negative_slope": 0.1},
            (192, 112, 112),
            work={"comparisons": 192 * 112 * 112, "multiplications": 192 * 112 * 112},
        ),
    )
