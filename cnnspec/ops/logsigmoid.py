"""Log-sigmoid: log(1 / (1 + exp(-x))).

Counted: one exponential, one addition, one division and one logarithm for each element.

Source: ``torch.nn.LogSigmoid``."""

from math import prod
from typing import Any

from cnnspec.ops.kit import memory
from cnnspec.ops.kit.elementwise import Activation
from cnnspec.ops.kit.operator import Example
from cnnspec.units import Shape


class LogSigmoid(Activation):
    title = "LogSigmoid"
    keras_op = "log_sigmoid"
    per_element = {"exponentials": 1, "additions": 1, "divisions": 1, "logarithms": 1}
    recorded_from = ("log_sigmoid_forward",)

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        return (memory.Function(prod(y), saves=(0,), saved=memory.Saved(elements=prod(y))),)

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        return torch.nn.LogSigmoid()

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        return onnx.Neg(onnx.Softplus(onnx.Neg(x)))

    examples = (
        Example(
            "PyTorch's documentation of torch.nn.LogSigmoid: on torch.randn(2)",
            ((2,),),
            {},
            (2,),
            work={"exponentials": 2, "additions": 2, "divisions": 2, "logarithms": 2},
        ),
    )
