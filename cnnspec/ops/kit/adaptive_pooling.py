"""The base class of pooling operators whose windows follow from the size of the output."""

from math import gcd, prod
from typing import Any

from cnnspec.ops.kit import modules
from cnnspec.ops.kit.derivation import (
    SYMBOLS,
    Step,
    axis_symbols,
    elements_step,
    group_equal_axes,
)
from cnnspec.ops.kit.input_checks import require_feature_map
from cnnspec.ops.kit.list_fields import kept_sizes_field
from cnnspec.ops.kit.pooling import Pooling
from cnnspec.ops.kit.windows import WHOLE, Phases, Reach, Window, per_dimension
from cnnspec.units import Shape


class AdaptivePool(Pooling):
    """Pooling of each channel to a given size.

    Output i reads the positions from floor(i*W/O) up to, but not including, ceil((i + 1)*W/O). If O
    does not divide W, neighbouring windows overlap by one position at each end that is no whole
    number. Together the windows along a dimension read W + O - G positions, where G is the greatest
    common divisor of W and O."""

    pools = "map"

    output_size: Any = kept_sizes_field("O, the output's size; \"none\" keeps the input's")

    def output(self, x: Shape) -> Shape:
        channels, sizes = require_feature_map("adaptive pooling", x)
        if self.output_size == "none":
            return x
        given: Any = per_dimension("output_size", self.output_size, len(sizes))
        return (channels, *(w if o == "none" else o for w, o in zip(sizes, given, strict=True)))

    def elementwise(self, x: Shape, y: Shape) -> dict[str, int]:
        return self.work(
            x[0] * prod(w + o - gcd(w, o) for w, o in zip(x[1:], y[1:], strict=True)), y
        )

    def window(self, x: Shape, y: Shape) -> Reach:
        return WHOLE if prod(y[1:]) == 1 else tuple(map(self.phases, x[1:], y[1:]))

    @staticmethod
    def phases(w: int, o: int) -> Window:
        """Return the windows along one dimension; they repeat as W/O in lowest terms does."""
        advance, period = w // gcd(w, o), o // gcd(w, o)
        return Window(
            period,
            advance,
            Phases(period, lambda i: range(i * advance // period, -(-(i + 1) * advance // period))),
        )

    def derivation(self, x: Shape, y: Shape) -> list[Step]:
        sizes = list(zip(x[1:], y[1:], strict=True))
        outputs = [
            Step(f"output {name}", "O", {"O": o}, o) for name, (_, o) in group_equal_axes(sizes)
        ]
        reads = [
            Step(
                f"reads along {name}",
                "W + O - G",
                {"W": w, "O": o, "G": gcd(w, o)},
                w + o - gcd(w, o),
            )
            for name, (w, o) in group_equal_axes(sizes)
        ]
        names = axis_symbols(SYMBOLS, len(sizes))
        read = {f"R_{n}": w + o - gcd(w, o) for n, (w, o) in zip(names, sizes, strict=True)}
        formula = f"C*({'*'.join(read)} - {'*'.join(names)})"
        return [
            *outputs,
            elements_step(y),
            *reads,
            *self.work_steps(formula, read | dict(zip(("C", *names), y, strict=True)), x, y),
        ]

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        kind = "AdaptiveAvgPool" if self.divides else "AdaptiveMaxPool"
        return modules.class_for_dimensions(torch, kind, len(x) - 1)(y[1:])

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        sizes = [*zip(x.shape[1:], y[1:], strict=True)]
        if all(o == 1 for _, o in sizes):
            return onnx.GlobalAveragePool(x) if self.divides else onnx.GlobalMaxPool(x)
        if all(w % o == 0 for w, o in sizes):
            kernel = [w // o for w, o in sizes]
            pool = onnx.AveragePool if self.divides else onnx.MaxPool
            return pool(x, kernel_shape=kernel, strides=kernel)
        reduce = onnx.ReduceMean if self.divides else onnx.ReduceMax
        for dim, (w, o) in enumerate(sizes, 2):
            bounds = [(i * w // o, -(-(i + 1) * w // o)) for i in range(o)]
            parts = [
                reduce(onnx.Slice(x, [first], [end], [dim]), [dim], keepdims=1)
                for first, end in bounds
            ]
            x = onnx.Concat(*parts, axis=dim)
        return x

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        n, kind = len(y) - 1, "Average" if self.divides else "Max"
        if all(size == 1 for size in y[1:]):
            return keras.layer(keras.for_dimensions(f"Global{kind}Pooling", n), x, keepdims=True)
        layer = keras.for_dimensions(f"Adaptive{kind}Pooling", n)
        return keras.layer(layer, x, keras.collapse(y[1:]))
