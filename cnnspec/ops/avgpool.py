"""Average pooling: the mean of each window, for each channel; it has no parameters.

The sizes are those of max pooling, floor((W - K + 2P)/S) + 1, also with ``ceil_mode``. The padding
counts as zeros and, unless ``count_include_pad`` is false, as pixels in the divisor. An output
costs K*K - 1 additions and one division, whether its window covers pixels or padding.

Source: LeCun, Bottou, Bengio & Haffner (1998), section II.A, local averaging;
``torch.nn.AvgPool2d``."""

from itertools import product
from math import prod
from typing import Any

from cnnspec.ops.kit import memory, modules, onnx_nodes
from cnnspec.ops.kit.fields import flag_field
from cnnspec.ops.kit.operator import Example
from cnnspec.ops.kit.pooling import Pool
from cnnspec.ops.kit.window_memory import window_sums
from cnnspec.ops.kit.windows import Axis
from cnnspec.units import Shape


class AvgPool(Pool):
    title = "Avg Pooling"
    takes = "mean"
    autocast = "follows"
    short_title = "Avg pool"

    count_include_pad: bool = flag_field(
        "whether the mean counts the zeros of the padding", default=True
    )

    @property
    def averages_padding(self) -> bool:
        return self.count_include_pad

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        if self.at_once(self.axes(x)):
            return self.pool_functions(x, y)
        sums = window_sums(x, y, self.covering(x, y))
        counts = memory.Function(prod(y[1:]), inputs=(), without_batch=True)
        mean = memory.Function(prod(y), saves=(1,), inputs=(-2, memory.PREVIOUS))
        return *sums[:-1], sums[-1].replace(held_for=2), counts, mean

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        axes = self.axes(x)
        if self.at_once(axes):
            cls, window = modules.sliding_class(torch, "AvgPool", axes)
            return cls(**window, ceil_mode=self.ceil_mode, count_include_pad=self.count_include_pad)
        sums = modules.make_window_sum_function(torch, self.covering(x, y))
        counts = self.counts(axes, y)

        def forward(x: Any) -> Any:
            return sums(x) / x.new_tensor(counts).view(y[1:])

        return modules.make_stateless_module(torch, "AvgPool", forward)

    def counts(self, axes: list[Axis], y: Shape) -> list[int]:
        """Return for each window how many positions its mean counts."""
        along = [
            [self.counted(a, i * a.stride - a.before) for i in range(n)]
            for a, n in zip(axes, y[1:], strict=True)
        ]
        return [prod(parts) for parts in product(*along)]

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        axes = self.axes(x.shape)
        counts = self.counts(axes, y)
        if len({*counts}) == 1 and counts[0] == prod(a.kernel for a in axes):
            window = onnx_nodes.window_attributes(self.covering(x.shape, y), dilated=False)
            return onnx.AveragePool(x, **window, count_include_pad=1)
        sums = onnx_nodes.sum_windows(onnx, x, self.covering(x.shape, y))
        return onnx.Div(sums, onnx.constant([float(n) for n in counts], (1, *y[1:])))

    @staticmethod
    def at_once(axes: list[Axis]) -> bool:
        """Tell whether PyTorch has one function for it."""
        return modules.has_equal_padding(axes) and (
            len(axes) < 3 or all(a.kernel <= a.size for a in axes)
        )

    def counted(self, a: Axis, start: int) -> int:
        """Return how many positions the mean counts in the window that starts at ``start``.

        Positions beyond the padding, which ceil_mode can add, do not count."""
        first, end = (-a.before, a.size + a.after) if self.count_include_pad else (0, a.size)
        return min(start + a.kernel, end) - max(start, first)

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        axes, counts = self.covering(x.shape, y), {*self.counts(self.axes(x.shape), y)}
        if counts == {prod(a.kernel for a in axes)}:
            return keras.pool(x, axes, "Average", 0.0)
        if self.count_include_pad:
            raise keras.refuse("Keras has no means over windows beyond the padding")
        return keras.own_function(
            "mean_of_pixels",
            x,
            keras.collapse([a.kernel for a in axes]),
            strides=keras.collapse([a.stride for a in axes]),
            sides=((0, 0), *((a.before, a.after) for a in axes), (0, 0)),
        )

    examples = (
        Example(
            "course note 004, table 14-1, LeNet-5: S2 makes 6 maps of 14x14 from C1's 28x28 with"
            " 2x2, stride 2",
            ((6, 28, 28),),
            {"kernel_size": 2, "stride": 2},
            (6, 14, 14),
        ),
        Example(
            "course note 003, 'Mean-pooling': size 3*3 makes 2x2 means of a 6x6 table",
            ((1, 6, 6),),
            {"kernel_size": 3},
            (1, 2, 2),
        ),
    )
