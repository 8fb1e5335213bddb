"""Linear (fully connected, dense): every output is a weighted sum of all inputs plus a bias.

n inputs and k outputs need n*k weights and k biases, which are (n + 1)*k parameters, and n*k
multiply-accumulates.

Source: Goodfellow, Bengio & Courville (2016), Deep Learning, section 6.1."""

from math import prod
from typing import Any

from cnnspec.ops.kit import memory
from cnnspec.ops.kit.derivation import Step
from cnnspec.ops.kit.fields import flag_field, size_field
from cnnspec.ops.kit.input_checks import require_vector
from cnnspec.ops.kit.operator import Example, Operator
from cnnspec.ops.kit.windows import WHOLE, Reach
from cnnspec.units import Shape


class Linear(Operator):
    title = "Fully Connected"
    autocast = "casts"
    values_show_settings = True
    short_title = "FC-{channels}"
    weight_layout = "out-in"
    is_dense = True

    out_features: int = size_field("k, the number of outputs")
    bias: bool = flag_field("whether each output has a bias", default=True)

    def output(self, x: Shape) -> Shape:
        require_vector("linear", x)
        return (self.out_features,)

    def parameters(self, x: Shape) -> dict[str, Shape]:
        return {"weight": (self.out_features, *x)} | (
            {"bias": (self.out_features,)} if self.bias else {}
        )

    def mixes_channels(self, x: Shape) -> bool:
        return True

    def macs(self, x: Shape, y: Shape) -> int:
        return x[0] * y[0]

    def elementwise(self, x: Shape, y: Shape) -> dict[str, int]:
        return {"additions": y[0]} if self.bias else {}

    def window(self, x: Shape, y: Shape) -> Reach:
        return WHOLE

    def derivation(self, x: Shape, y: Shape) -> list[Step]:
        values = {"n": x[0], "k": y[0]}
        return [
            Step("outputs", "k", {"k": y[0]}, y[0]),
            Step(
                "parameters",
                "(n + 1)*k" if self.bias else "n*k",
                values,
                sum(map(prod, self.parameters(x).values())),
            ),
            Step("multiply-accumulates", "n*k", values, self.macs(x, y)),
        ]

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        return (
            memory.Function(
                prod(y),
                saves=(0,),
                gradient=memory.MATMUL,
                parameters=("weight", "bias"),
                backward=memory.Backward(adds_out_of_place=True),
            ),
        )

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        return torch.nn.Linear(x[0], self.out_features, self.bias)

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        weight = onnx.parameter("weight")
        return onnx.Gemm(x, weight, onnx.parameter("bias") if self.bias else None, transB=1)

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        weights: dict[str, Any] = {"kernel": ("weight", (1, 0))}
        weights |= {"bias": "bias"} if self.bias else {}
        return keras.layer("Dense", x, y[0], use_bias=self.bias, weights=weights)

    examples = (
        Example(
            "course note 002, 'CNN-Example to calculate parameters': FC3 has 120*400 + 1*120"
            " parameters",
            ((400,),),
            {"out_features": 120},
            (120,),
            params=48_120,
            macs=48_000,
        ),
        Example(
            "course note 000, 'Convolution vs Fully connected Layer': 3072*10 weights and 10"
            " biases",
            ((3072,),),
            {"out_features": 10},
            (10,),
            params=30_730,
            macs=30_720,
        ),
    )
