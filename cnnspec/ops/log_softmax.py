"""Log softmax: x_i - log(sum over j of exp(x_j)), over a vector or the channels at each position.

Counted for each of the P positions with C channels: C exponentials, C - 1 additions, one logarithm
and C subtractions, which count as additions. Implementations first subtract the maximum; that is
not counted.

Source: Goodfellow, Bengio & Courville (2016), Deep Learning, equation 6.30;
``torch.nn.LogSoftmax``, dim 1."""

from math import prod
from typing import Any

from cnnspec.ops.kit import memory
from cnnspec.ops.kit.elementwise import Activation
from cnnspec.ops.kit.operator import Example
from cnnspec.units import Shape


class LogSoftmax(Activation):
    title = "Log Softmax"
    autocast = "follows"
    recorded_from = ("_log_softmax",)

    def elementwise(self, x: Shape, y: Shape) -> dict[str, int]:
        positions = prod(x[1:])
        return {
            "exponentials": prod(x),
            "additions": 2 * prod(x) - positions,
            "logarithms": positions,
        }

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        return memory.softmax_functions(y)

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        return torch.nn.LogSoftmax(dim=1)

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        return onnx.LogSoftmax(x, axis=1)

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        return keras.op("log_softmax", x, axis=-1)

    examples = (
        Example(
            "PyTorch's documentation of torch.nn.LogSoftmax: nn.LogSoftmax(dim=1) on torch.randn(2,"
            " 3), which is two vectors of 3",
            ((3,),),
            {},
            (3,),
        ),
    )
