"""Base classes of pooling operators: windows and whole maps."""

from math import inf, prod
from typing import Any, ClassVar

from cnnspec.ops.kit import memory, modules, onnx_nodes
from cnnspec.ops.kit.derivation import (
    SYMBOLS,
    Step,
    axis_symbols,
    elements_step,
    window_size_steps,
)
from cnnspec.ops.kit.fields import OperatorError, flag_field
from cnnspec.ops.kit.input_checks import require_feature_map
from cnnspec.ops.kit.list_fields import (
    Padding,
    PerAxis,
    padding_field,
    per_axis_field,
)
from cnnspec.ops.kit.operator import Operator
from cnnspec.ops.kit.windows import WHOLE, Axis, Reach, make_axes
from cnnspec.units import Shape


class Pooling(Operator):
    """An operator that makes one value of many.

    ``takes`` is the "largest", the "smallest", the "sum" or the "mean" of them."""

    pools = "window"
    takes: ClassVar[str] = "largest"

    @property
    def combines(self) -> str:
        """The kind of arithmetic that makes one value of many."""
        return "additions" if self.takes in ("sum", "mean") else "comparisons"

    @property
    def divides(self) -> bool:
        """Whether it divides, as a mean does."""
        return self.takes == "mean"

    def work(self, taken: int, y: Shape) -> dict[str, int]:
        """Return the work of reducing ``taken`` values to the output: n values take n - 1 steps."""
        return {self.combines: taken - prod(y)} | ({"divisions": prod(y)} if self.divides else {})

    def work_steps(self, formula: str, values: dict[str, int], x: Shape, y: Shape) -> list[Step]:
        """Return the steps for the work, whose ``formula`` has the given ``values``."""
        steps = [Step(self.combines, formula, values, self.elementwise(x, y)[self.combines])]
        return [*steps, elements_step(y, "divisions")] if self.divides else steps


def pads_itself(axes: list[Axis]) -> bool:
    """Tell whether PyTorch's pools take the padding: equal, and at most half of the kernel."""
    return modules.has_equal_padding(axes) and all(2 * a.before <= a.kernel for a in axes)


class Pool(Pooling):
    """Pooling of each channel over sliding windows. The stride is the kernel's size by default."""

    slides_over = "input"

    kernel_size: PerAxis = per_axis_field("K, the window's size")
    stride: PerAxis | None = per_axis_field(
        "S, the step from one window to the next; default: kernel_size", default=None
    )
    padding: Padding = padding_field()
    ceil_mode: bool = flag_field("round the number of windows up instead of down", default=False)

    def axes(self, x: Shape) -> list[Axis]:
        stride = self.kernel_size if self.stride is None else self.stride
        dilation: PerAxis = getattr(self, "dilation", 1)  # a field of those that have one
        result = make_axes(x, self.kernel_size, stride, self.padding, dilation, self.ceil_mode)
        for a in result:
            if 2 * max(a.before, a.after) > a.extent:
                raise OperatorError(
                    "D002",
                    f"a padding of {max(a.before, a.after)} is more than half the window of"
                    f" {a.extent}: some windows would contain only padding",
                    f"padding of at most {a.extent // 2}",
                    "padding",
                )
        return result

    def output(self, x: Shape) -> Shape:
        channels, _ = require_feature_map("pooling", x)
        return (channels, *(self.positions(a) for a in self.axes(x)))

    def positions(self, a: Axis) -> int:
        """Return the number of windows along one dimension."""
        if not self.ceil_mode:
            return a.positions
        n = -(-(a.padded - a.extent) // a.stride) + 1
        return n - ((n - 1) * a.stride >= a.size + a.before)

    def elementwise(self, x: Shape, y: Shape) -> dict[str, int]:
        return self.work(prod(a.kernel for a in self.axes(x)) * prod(y), y)

    def window(self, x: Shape, y: Shape) -> Reach:
        return tuple(a.window for a in self.axes(x))

    def derivation(self, x: Shape, y: Shape) -> list[Step]:
        names = ("C", *axis_symbols(SYMBOLS, len(y) - 1))
        kernel = {f"K_{n}": a.kernel for n, a in zip(names[1:], self.axes(x), strict=True)}
        formula = f"({'*'.join(kernel)} - 1)*{'*'.join(names)}"
        return [
            *window_size_steps(self.axes(x), y, self.ceil_mode),
            elements_step(y),
            *self.work_steps(formula, kernel | dict(zip(names, y, strict=True)), x, y),
        ]

    def covering(self, x: Shape, y: Shape) -> list[Axis]:
        """Return axes with more padding at the end, for the same windows without ceil_mode."""
        return [
            a.replace(after=max(a.after, (n - 1) * a.stride + a.extent - a.size - a.before))
            for a, n in zip(self.axes(x), y[1:], strict=True)
        ]

    def pool_functions(
        self, x: Shape, y: Shape, saved: memory.Saved = memory.NOTHING_SAVED
    ) -> memory.Functions:
        """Declare the pooling, on a padded copy where the padding differs between the sides."""
        layout = memory.Layout(copies=memory.COPIES_STRIDED)
        pool = memory.Function(prod(y), saves=(0,), saved=saved, layout=layout)
        if pads_itself(self.axes(x)):
            return (pool,)
        padded = prod((x[0], *(a.padded for a in self.covering(x, y))))
        return memory.Function(padded), pool.replace(inputs=(memory.PREVIOUS,))

    def largest(self, torch: Any, x: Shape, y: Shape, return_indices: bool = False) -> Any:
        """Return PyTorch's module for the largest value of each window.

        Raises OperatorError (D002) if it cannot give indices because the padding differs between
        the sides."""
        axes = self.axes(x)
        even = pads_itself(axes)
        if return_indices and not even:
            raise OperatorError(
                "D002",
                "PyTorch gives no indices of a max pooling whose padding differs between the sides",
                "the same padding on both sides",
                "padding",
            )
        pads = [(a.before, a.after) for a in self.covering(x, y)]
        plain = axes if even else [a.replace(before=0, after=0) for a in axes]
        cls, window = modules.sliding_class(torch, "MaxPool", plain)
        window["dilation"] = tuple(a.dilation for a in axes)
        if not even:
            pad, forward = modules.make_padding_function(torch, pads, -inf), cls.forward
            cls = modules.with_forward(cls, lambda module, x: forward(module, pad(x)))
        return cls(**window, ceil_mode=even and self.ceil_mode, return_indices=return_indices)

    def write_largest(self, onnx: Any, x: Any, size: Shape) -> Any:
        """Return the largest value of each window of maps of a size, without the batch, in ONNX."""
        axes = self.covering(size, self.output(size))
        return onnx.MaxPool(x, **onnx_nodes.window_attributes(axes))


def adaptive_max_functions(x: Shape, y: Shape) -> memory.Functions:
    """Return the memory of a maximum over windows that follow from the size of the input."""
    one_position = prod(y) == x[0]
    layout = memory.Layout(copies=memory.COPIES_GRADIENT, one_position=one_position)
    indices = memory.Saved(indices=prod(y))
    return (memory.Function(prod(y), saves=(0,), saved=indices, layout=layout),)


class GlobalPool(Pooling):
    """Pooling of each channel over all its positions."""

    pools = "map"

    keepdim: bool = flag_field(
        "whether the output keeps its dimensions, of size 1, or is a vector", default=True
    )

    def output(self, x: Shape) -> Shape:
        channels, sizes = require_feature_map("global pooling", x)
        return (channels, *(1 for _ in sizes)) if self.keepdim else (channels,)

    def elementwise(self, x: Shape, y: Shape) -> dict[str, int]:
        return self.work(prod(x), y)

    def window(self, x: Shape, y: Shape) -> Reach:
        return WHOLE

    def derivation(self, x: Shape, y: Shape) -> list[Step]:
        names = axis_symbols(SYMBOLS, len(x) - 1)
        return [
            elements_step(y),
            *self.work_steps(
                f"({'*'.join(names)} - 1)*C", dict(zip(("C", *names), x, strict=True)), x, y
            ),
        ]

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        pool = modules.class_for_dimensions(
            torch, "AdaptiveAvgPool" if self.divides else "AdaptiveMaxPool", len(x) - 1
        )(1)
        return pool if self.keepdim else torch.nn.Sequential(pool, torch.nn.Flatten())

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        pooled = onnx.GlobalAveragePool(x) if self.divides else onnx.GlobalMaxPool(x)
        return pooled if self.keepdim else onnx.Flatten(pooled)

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        kind = "GlobalAveragePooling" if self.divides else "GlobalMaxPooling"
        return keras.layer(keras.for_dimensions(kind, len(x.shape) - 1), x, keepdims=self.keepdim)
