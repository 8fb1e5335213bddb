"""Channel pooling: at each position, the largest value or the mean of each K channels.

C channels become floor((C - K)/S) + 1. An output costs K - 1 comparisons or, for the mean, K - 1
additions and one division. Of a vector, it combines each K values. There are no parameters.

Source: Goodfellow, Warde-Farley, Mirza, Courville & Bengio (2013), Maxout networks, arXiv
1302.4389, section 3."""

from math import prod
from typing import Any

from cnnspec.ops.kit import memory, modules, onnx_nodes
from cnnspec.ops.kit.derivation import SYMBOLS, Step, axis_symbols, elements_step
from cnnspec.ops.kit.fields import OperatorError, choice_field, size_field
from cnnspec.ops.kit.operator import Example
from cnnspec.ops.kit.pooling import Pooling
from cnnspec.units import Shape


class ChannelPool(Pooling):
    title = "Channel Pooling"
    symbols = {
        "K": "channels pooled together",
        "S": "step from one group of channels to the next",
    }
    is_composite = True
    pools = "channels"

    kind: str = choice_field(
        "whether the largest value or the mean is taken", "max", "average", default="max"
    )
    kernel_size: int = size_field("K, the channels that become one")
    stride: int | None = size_field(
        "S, the step from one group of channels to the next; default: kernel_size", default=None
    )

    @property
    def step(self) -> int:
        return self.stride or self.kernel_size

    @property
    def divides(self) -> bool:
        return self.kind == "average"

    @property
    def combines(self) -> str:
        return "additions" if self.divides else "comparisons"

    def output(self, x: Shape) -> Shape:
        if self.kernel_size > x[0]:
            raise OperatorError(
                "D002",
                f"a window of {self.kernel_size} channels does not fit into {x[0]}: the output"
                " would be empty",
                f"a kernel_size of at most {x[0]}",
                "kernel_size",
            )
        return ((x[0] - self.kernel_size) // self.step + 1, *x[1:])

    def elementwise(self, x: Shape, y: Shape) -> dict[str, int]:
        return self.work(self.kernel_size * prod(y), y)

    def derivation(self, x: Shape, y: Shape) -> list[Step]:
        names = ("k", *axis_symbols(SYMBOLS, len(y) - 1)) if len(y) > 1 else ("k",)
        return [
            Step(
                "output channels",
                "floor((C - K)/S) + 1",
                {"C": x[0], "K": self.kernel_size, "S": self.step},
                y[0],
            ),
            elements_step(y),
            *self.work_steps(
                f"(K - 1)*{'*'.join(names)}",
                {"K": self.kernel_size, **dict(zip(names, y, strict=True))},
                x,
                y,
            ),
        ]

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        taken = prod(y) * self.kernel_size
        overlap = self.step < self.kernel_size
        span = (y[0] - 1) * self.step + self.kernel_size
        windows = memory.Function(
            taken,
            aliases=True,
            backward=memory.Backward(indices=overlap * span),
            layout=memory.Layout(strided=memory.WITHIN_EXAMPLES),
        )
        if self.divides:
            mean = memory.Function(prod(y), inputs=(memory.PREVIOUS,), divides=True)
            return windows, mean
        largest = memory.Function(
            prod(y),
            saves=(0, memory.OUTPUT),
            inputs=(memory.PREVIOUS,),
            backward=memory.Backward(elements=prod(y) + taken, bytes=taken + 8 * prod(y)),
        )
        return windows, largest

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        def forward(x: Any) -> Any:
            windows = x.unfold(1, self.kernel_size, self.step)
            return windows.mean(-1) if self.divides else windows.amax(-1)

        return modules.make_stateless_module(torch, "ChannelPool", forward)

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        rows = onnx.Reshape(x, [0, 1, x.shape[0], -1])
        window = {"kernel_shape": [self.kernel_size, 1], "strides": [self.step, 1]}
        pool = onnx.AveragePool if self.divides else onnx.MaxPool
        return onnx_nodes.reshape(onnx, pool(rows, **window), y)

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        if self.step != self.kernel_size or x.shape[0] % self.kernel_size:
            raise keras.refuse("it is written in Keras only for groups that do not overlap")
        groups = keras.layer("Reshape", x, (*x.shape[1:], y[0], self.kernel_size))
        return keras.op("mean" if self.divides else "max", groups, axis=-1)

    examples = (
        Example(
            "Géron (2022), Hands-on machine learning, 3rd edition, chapter 14:"
            " DepthPool(pool_size=3) makes one channel of the 3 of a 70x120 image",
            ((3, 70, 120),),
            {"kernel_size": 3},
            (1, 70, 120),
        ),
    )
