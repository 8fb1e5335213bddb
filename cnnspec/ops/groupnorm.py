"""Group normalization: (x - mean) / sqrt(var + eps) * weight + bias, by groups of channels.

Each of g groups has the mean and variance of its C/g channels at all positions of one example.
weight and bias are per channel (2*C parameters). A group of n elements costs 3n - 1 additions, n
multiplications, n + 2 divisions and one square root, and n additions and n multiplications more for
weight and bias. With g = C it is ``instancenorm``.

Source: Wu & He (2018), Group normalization, arXiv 1803.08494, equation 7; ``torch.nn.GroupNorm``.
"""

from math import prod
from typing import Any

from cnnspec.ops.kit import elementwise, memory, onnx_nodes
from cnnspec.ops.kit.derivation import Step, elements_step
from cnnspec.ops.kit.elementwise import Elementwise
from cnnspec.ops.kit.fields import flag_field, number_field, size_field
from cnnspec.ops.kit.input_checks import require_divisible
from cnnspec.ops.kit.operator import Example
from cnnspec.ops.kit.windows import WHOLE, Reach
from cnnspec.units import Shape


class GroupNorm(Elementwise):
    title = "Group Norm"
    symbols = {"g": "number of groups"}
    abbreviation = "gn"
    role = "norm"
    autocast = "statistics"

    groups: int = size_field("g, the groups into which the channels are split")
    eps: float = number_field("added to the variance", default=1e-5)
    affine: bool = flag_field("whether there are a weight and a bias", default=True)

    def output(self, x: Shape) -> Shape:
        require_divisible(self.groups, x[0])
        return x

    def parameters(self, x: Shape) -> dict[str, Shape]:
        return elementwise.weight_and_bias_shapes(x[:1], self.affine)

    def elementwise(self, x: Shape, y: Shape) -> dict[str, int]:
        return elementwise.count_standardising_work(y, self.groups, self.affine)

    def window(self, x: Shape, y: Shape) -> Reach:
        return WHOLE

    def derivation(self, x: Shape, y: Shape) -> list[Step]:
        return [
            elements_step(y),
            Step("channels of a group", "C/g", {"C": x[0], "g": self.groups}, x[0] // self.groups),
            (
                Step("parameters", "2*C", {"C": x[0]}, 2 * x[0])
                if self.affine
                else Step("parameters", "0", {}, 0)
            ),
        ]

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        norm = memory.Function(
            prod(y),
            saves=(0,),
            inputs=(memory.PREVIOUS,),
            parameters=("weight", "bias"),
            saved=memory.Saved(example_statistics=self.groups),
            backward=memory.Backward(elements=2 * x[0]),
            layout=memory.Layout(copies=memory.COPIES_GRADIENT),
        )
        last = (memory.CHANNELS_LAST,) * (len(x) > 2)  # a sequence is copied to contiguous
        return memory.as_contiguous(x, *last), norm

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        return torch.nn.GroupNorm(self.groups, x[0], self.eps, self.affine)

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        rows = onnx.Reshape(x, [0, self.groups, -1])
        ones, zeros = (onnx.constant([value] * self.groups) for value in (1.0, 0.0))
        normed = onnx.InstanceNormalization(rows, ones, zeros, epsilon=self.eps)
        normed = onnx_nodes.reshape(onnx, normed, y)
        if not self.affine:
            return normed
        weight, bias = (
            onnx_nodes.parameter_per_channel(onnx, name, x) for name in ("weight", "bias")
        )
        return onnx.Add(onnx.Mul(normed, weight), bias)

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        return keras.norm(x, "GroupNormalization", self, self.groups)

    examples = (
        Example(
            "PyTorch documentation, GroupNorm: 6 channels of 10x10 in 3 groups",
            ((6, 10, 10),),
            {"groups": 3},
            (6, 10, 10),
            params=12,
        ),
    )
