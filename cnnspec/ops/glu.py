"""Gated linear unit: the first half of the channels times the sigmoid of the second half.

2*C channels become C. Counted for each element of the output: one exponential, one addition, one
division and one multiplication.

Source: Dauphin, Fan, Auli & Grangier (2017), Language modeling with gated convolutional networks,
arXiv 1612.08083, equation 1; ``torch.nn.GLU``, dimension 1."""

from math import prod
from typing import Any

from cnnspec.ops.kit import memory
from cnnspec.ops.kit.derivation import Step, elements_step
from cnnspec.ops.kit.input_checks import require_divisible
from cnnspec.ops.kit.operator import Example, Operator
from cnnspec.units import Shape


class Glu(Operator):
    title = "GLU"
    symbols = {"d": "channels of the input"}
    role = "layer"
    counts_as_layer = False

    def output(self, x: Shape) -> Shape:
        require_divisible(2, x[0], field="halves")
        return (x[0] // 2, *x[1:])

    def mixes_channels(self, x: Shape) -> bool:
        return True

    def elementwise(self, x: Shape, y: Shape) -> dict[str, int]:
        kinds = ("exponentials", "additions", "divisions", "multiplications")
        return dict.fromkeys(kinds, prod(y))

    def derivation(self, x: Shape, y: Shape) -> list[Step]:
        return [Step("output channels", "d/2", {"d": x[0]}, y[0]), elements_step(y)]

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        return (memory.Function(prod(y), saves=(0,)),)

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        return torch.nn.GLU(dim=1)

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        half = x.shape[0] // 2
        kept = onnx.Slice(x, [0], [half], [1])
        gate = onnx.Slice(x, [half], [2 * half], [1])
        return onnx.Mul(kept, onnx.Sigmoid(gate))

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        return keras.op("glu", x, axis=-1)

    examples = (
        Example(
            "PyTorch's documentation of torch.nn.GLU: torch.randn(4, 2) becomes 4x1",
            ((2,),),
            {},
            (1,),
            work={"exponentials": 1, "additions": 1, "divisions": 1, "multiplications": 1},
        ),
    )
