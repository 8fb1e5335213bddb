"""Trainable subsampling: each window's sum, times a channel coefficient, plus a channel bias.

A channel has one coefficient and one bias (2*C parameters). The sizes are those of pooling without
padding, floor((W - K)/S) + 1. An output costs K*K - 1 additions for the sum, one multiplication and
one addition. The coefficient multiplies the sum, not each value, so this is element-wise work and
no multiply-accumulate.

Source: LeCun, Bottou, Bengio & Haffner (1998), Gradient-based learning applied to document
recognition, section II.B."""

from math import prod
from typing import Any

from cnnspec.ops.kit import memory, modules, onnx_nodes
from cnnspec.ops.kit.derivation import Step, elements_step, window_size_steps
from cnnspec.ops.kit.input_checks import require_feature_map
from cnnspec.ops.kit.list_fields import PerAxis, per_axis_field
from cnnspec.ops.kit.operator import Example, Operator
from cnnspec.ops.kit.window_memory import window_sums
from cnnspec.ops.kit.windows import Axis, Reach, make_axes
from cnnspec.units import Shape


class TrainableSubsampling(Operator):
    title = "Trainable Subsampling"
    is_composite = True
    pools = "window"
    slides_over = "input"

    kernel_size: PerAxis = per_axis_field("K, the window's size", default=2)
    stride: PerAxis | None = per_axis_field(
        "S, the step from one window to the next; default: kernel_size", default=None
    )

    def axes(self, x: Shape) -> list[Axis]:
        return make_axes(
            x, self.kernel_size, self.kernel_size if self.stride is None else self.stride, 0
        )

    def output(self, x: Shape) -> Shape:
        channels, _ = require_feature_map("trainable_subsampling", x)
        return (channels, *(a.positions for a in self.axes(x)))

    def parameters(self, x: Shape) -> dict[str, Shape]:
        return {"weight": x[:1], "bias": x[:1]}

    def elementwise(self, x: Shape, y: Shape) -> dict[str, int]:
        return {
            "additions": prod(a.kernel for a in self.axes(x)) * prod(y),
            "multiplications": prod(y),
        }

    def count_connections(self, x: Shape, y: Shape) -> int:
        """Count K*K inputs and a bias for each output: K*K additions and a multiplication."""
        return sum(self.elementwise(x, y).values())

    def window(self, x: Shape, y: Shape) -> Reach:
        return tuple(a.window for a in self.axes(x))

    def derivation(self, x: Shape, y: Shape) -> list[Step]:
        return [
            *window_size_steps(self.axes(x), y),
            elements_step(y),
            Step("parameters", "2*C", {"C": x[0]}, 2 * x[0]),
        ]

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        n, previous = prod(y), (memory.PREVIOUS,)
        return (
            *window_sums(x, y, self.axes(x)),
            memory.Function(
                n, saves=(0,), inputs=previous, gradient=memory.PRODUCT, parameters=("weight",)
            ),
            memory.Function(n, inputs=previous, gradient=memory.INCOMING, parameters=("bias",)),
        )

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        """Return a module that initially takes the mean of its windows."""
        axes = self.axes(x)
        sums = modules.make_window_sum_function(torch, axes)

        def forward(module: Any, x: Any) -> Any:
            return sums(x) * modules.view_per_channel(module.weight, x) + modules.view_per_channel(
                module.bias, x
            )

        coefficient = torch.full(x[:1], 1 / prod(a.kernel for a in axes))
        return modules.make_module(
            torch,
            "TrainableSubsampling",
            forward,
            {"weight": coefficient, "bias": torch.zeros(x[:1])},
        )

    python_class = '''class TrainableSubsampling(nn.Module):
    """Sum each window, then multiply by a weight and add a bias for each channel."""

    def __init__(
        self, channels: int, kernel_size: tuple[int, ...], stride: tuple[int, ...]
    ) -> None:
        super().__init__()
        self.kernel_size, self.stride = kernel_size, stride
        self.weight = nn.Parameter(torch.full((channels,), 1 / math.prod(kernel_size)))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for i, (size, step) in enumerate(zip(self.kernel_size, self.stride)):
            x = x.unfold(2 + i, size, step)
        ones = [1] * len(self.kernel_size)
        sums = x.sum([-1 - i for i in range(len(ones))])
        return sums * self.weight.view(-1, *ones) + self.bias.view(-1, *ones)
'''

    def python_arguments(self, x: Shape, y: Shape) -> dict[str, Any]:
        return {
            "": x[0],
            "kernel_size": tuple(a.kernel for a in self.axes(x)),
            "stride": tuple(a.stride for a in self.axes(x)),
        }

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        sums = onnx_nodes.sum_windows(onnx, x, self.axes(x.shape))
        weight, bias = (
            onnx_nodes.parameter_per_channel(onnx, name, x) for name in ("weight", "bias")
        )
        return onnx.Add(onnx.Mul(sums, weight), bias)

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        axes = self.axes(x.shape)
        means = keras.pool(x, axes, "Average", 0.0)
        sums = keras.op("multiply", means, prod(a.kernel for a in axes))
        weights = {name: name for name in ("weight", "bias")}
        return keras.own_layer("LearnedScale", sums, x.shape[:1], bias=True, weights=weights)

    examples = (
        Example(
            "LeCun et al. (1998), section II.B: S2 has 6 maps of 14x14 and 12 trainable parameters",
            ((6, 28, 28),),
            {},
            (6, 14, 14),
            params=12,
        ),
        Example(
            "LeCun et al. (1998), section II.B: S4 has 16 maps of 5x5 and 32 trainable parameters",
            ((16, 10, 10),),
            {},
            (16, 5, 5),
            params=32,
        ),
    )
