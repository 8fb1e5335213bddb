"""Instance normalization: (x - mean) / sqrt(var + eps) * weight + bias, each channel by itself.

A channel takes its statistics over all positions of one example, in training and at inference.
This is group normalization of single channels. By default there is nothing to learn; ``affine``
adds a weight and a bias a channel, 2*C parameters. A channel of n elements costs 3n - 1 additions,
n multiplications, n + 2 divisions and one square root, and n additions and n multiplications more
for weight and bias.

Source: Ulyanov, Vedaldi & Lempitsky (2016), Instance normalization, arXiv 1607.08022, equation 4;
``torch.nn.InstanceNorm2d`` for the defaults.
"""

from math import prod
from typing import Any

from cnnspec.ops.kit import elementwise, memory, modules
from cnnspec.ops.kit.derivation import Step, elements_step
from cnnspec.ops.kit.elementwise import Elementwise
from cnnspec.ops.kit.fields import OperatorError, flag_field, number_field
from cnnspec.ops.kit.input_checks import require_feature_map
from cnnspec.ops.kit.operator import Example
from cnnspec.ops.kit.windows import WHOLE, Reach
from cnnspec.units import Shape, format_shape


class InstanceNorm(Elementwise):
    title = "Instance Norm"
    abbreviation = "in"
    role = "norm"
    autocast = ""  # the weight that is repeated for each example stays in float32

    eps: float = number_field("added to the variance", default=1e-5)
    affine: bool = flag_field("whether there are a weight and a bias", default=False)

    def output(self, x: Shape) -> Shape:
        require_feature_map("instancenorm", x)
        if prod(x[1:]) == 1:
            raise OperatorError(
                "D001",
                "instancenorm takes channels of several positions, but $0 is"
                f" {format_shape(x)}, and one value has no variance",
                "a layer before it that leaves more positions",
            )
        return x

    def parameters(self, x: Shape) -> dict[str, Shape]:
        return elementwise.weight_and_bias_shapes(x[:1], self.affine)

    def elementwise(self, x: Shape, y: Shape) -> dict[str, int]:
        return elementwise.count_standardising_work(y, x[0], self.affine)

    def window(self, x: Shape, y: Shape) -> Reach:
        return WHOLE

    def derivation(self, x: Shape, y: Shape) -> list[Step]:
        trained = 2 * x[0] if self.affine else 0
        formula, values = ("2*C", {"C": x[0]}) if self.affine else ("0", {})
        return [elements_step(y), Step("parameters", formula, values, trained)]

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        """Declare batch normalization of one example whose channels are those of all examples.

        Weight and bias are repeated for each example; two more vectors live while it runs.
        """
        contiguous = memory.as_contiguous(x).replace(held_for=5)
        vector = memory.Function(x[0], inputs=())
        repeated: memory.Functions = ()
        if self.affine:
            repeated = tuple(
                [
                    vector.replace(parameters=(name,), held_for=4 - i)
                    for i, name in enumerate(("weight", "bias"))
                ]
            )
        n = len(repeated)
        norm = memory.Function(
            prod(y),
            saves=(0, 1) if self.affine else (0,),
            inputs=(-3 - n, *range(-2 - n, -2)),
            saved=memory.Saved(example_statistics=x[0]),
            backward=memory.Backward(gradient_elements=prod(y)),
        )
        view = memory.Function(prod(y), (), (memory.PREVIOUS,), memory.RESHAPED, aliases=True)
        return contiguous, *repeated, vector.replace(held_for=2), vector, norm, view

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        norm = modules.class_for_dimensions(torch, "InstanceNorm", len(x) - 1)
        return norm(x[0], self.eps, affine=self.affine)

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        if self.affine:
            given = [onnx.parameter(name) for name in ("weight", "bias")]
        else:
            given = [onnx.constant([value] * x.shape[0]) for value in (1.0, 0.0)]
        return onnx.InstanceNormalization(x, *given, epsilon=self.eps)

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        return keras.norm(x, "GroupNormalization", self, x.shape[0])

    examples = (
        Example(
            "PyTorch documentation, InstanceNorm2d: 100 channels of 35x45, with learnable"
            " parameters",
            ((100, 35, 45),),
            {"affine": True},
            (100, 35, 45),
            params=200,
        ),
    )
