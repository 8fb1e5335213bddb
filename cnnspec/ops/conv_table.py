"""Convolution with a connection table: each output map reads the input maps listed in its row.

The sizes are those of a convolution, floor((W - K + 2P)/S) + 1. N connections and k output maps
have N*m*n weights and k biases. An output position costs N*m*n multiply-accumulates for all maps
together.

Source: LeCun, Bottou, Bengio & Haffner (1998), Gradient-based learning applied to document
recognition, section II.B and table I."""

from math import prod
from typing import Any

from cnnspec.ops.kit import memory, modules, onnx_nodes
from cnnspec.ops.kit.conv_classes import CONV_TABLE
from cnnspec.ops.kit.derivation import (
    KERNEL,
    SYMBOLS,
    Step,
    axis_symbols,
    elements_step,
    window_size_steps,
)
from cnnspec.ops.kit.fields import OperatorError, flag_field
from cnnspec.ops.kit.input_checks import require_feature_map
from cnnspec.ops.kit.list_fields import Padding, PerAxis, padding_field, per_axis_field, rows_field
from cnnspec.ops.kit.operator import Example, Operator
from cnnspec.ops.kit.windows import Axis, Reach, make_axes, per_dimension
from cnnspec.units import Shape


class ConvTable(Operator):
    title = "Convolution by Table"
    symbols = {"N": "connections: entries of the table"}
    is_composite = True
    weight_layout = "table"
    slides_over = "input"

    connections: tuple[tuple[int, ...], ...] = rows_field(
        "for each output map the input channels, from 0, that it reads"
    )
    kernel_size: PerAxis = per_axis_field("K, the kernel's size (m x n)")
    stride: PerAxis = per_axis_field("S, the step from one window to the next", default=1)
    padding: Padding = padding_field()
    bias: bool = flag_field("whether each output map has a bias", default=True)

    def axes(self, x: Shape) -> list[Axis]:
        return make_axes(x, self.kernel_size, self.stride, self.padding)

    def output(self, x: Shape) -> Shape:
        channels, _ = require_feature_map("conv_table", x)
        for i, row in enumerate(self.connections):
            if max(row) >= channels:
                raise OperatorError(
                    "L003",
                    f"row {i} reads channel {max(row)}, but $0 has {channels} channels",
                    f"channels count from 0 to {channels - 1}",
                    "connections",
                )
            if len(set(row)) < len(row):
                twice = next(c for c in row if row.count(c) > 1)
                raise OperatorError(
                    "L003",
                    f"row {i} reads channel {twice} more than once",
                    "list each channel once",
                    "connections",
                )
        return (len(self.connections), *(a.positions for a in self.axes(x)))

    def parameters(self, x: Shape) -> dict[str, Shape]:
        kernel = per_dimension("kernel_size", self.kernel_size, len(x) - 1)
        weight = {"weight": (sum(map(len, self.connections)), *kernel)}
        return weight | ({"bias": (len(self.connections),)} if self.bias else {})

    def mixes_channels(self, x: Shape) -> bool:
        return True

    def macs(self, x: Shape, y: Shape) -> int:
        return prod(self.parameters(x)["weight"]) * prod(y[1:])

    def elementwise(self, x: Shape, y: Shape) -> dict[str, int]:
        return {"additions": prod(y)} if self.bias else {}

    def window(self, x: Shape, y: Shape) -> Reach:
        return tuple(a.window for a in self.axes(x))

    def derivation(self, x: Shape, y: Shape) -> list[Step]:
        n, *kernel = self.parameters(x)["weight"]
        values = {"N": n, **dict(zip(axis_symbols(KERNEL, len(kernel)), kernel, strict=True))}
        weights = "*".join(values)
        positions = dict(
            zip((f"{s}_out" for s in axis_symbols(SYMBOLS, len(kernel))), y[1:], strict=True)
        )
        bias = Step(
            "parameters", f"{weights} + k", values | {"k": y[0]}, prod(values.values()) + y[0]
        )
        return [
            *window_size_steps(self.axes(x), y),
            elements_step(y),
            bias if self.bias else Step("parameters", weights, values, prod(values.values())),
            Step(
                "multiply-accumulates",
                f"{weights}*{'*'.join(positions)}",
                values | positions,
                self.macs(x, y),
            ),
        ]

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        axes, plane, previous = self.axes(x), prod(y[1:]), (memory.PREVIOUS,)
        read, padded = sum(map(len, self.connections)), prod(a.padded for a in axes)
        pads = any(a.padded > a.size for a in axes)
        channels = memory.Function(read, inputs=(), without_batch=True, int64=True)
        planes = -2 if pads else 0, memory.PREVIOUS
        copies = memory.Layout(copies=memory.COPIES_GRADIENT)
        bias = memory.Function(
            prod(y), inputs=previous, gradient=memory.INCOMING, parameters=("bias",)
        )
        return (
            *(memory.Function(x[0] * padded, held_for=2),) * pads,
            channels,
            memory.Function(read * padded, saves=(1,), inputs=planes),
            memory.Function(
                read * plane, saves=(0,), inputs=previous, parameters=("weight",), held_for=4
            ),
            memory.Function(prod(y), inputs=(), held_for=2),
            channels,
            memory.Function(prod(y), (0, 1), (-3, memory.PREVIOUS), layout=copies),
            *(bias,) * self.bias,
        )

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        """Return a module with weights for the connections only, initialised as in Conv2d."""
        axes, kernel = self.axes(x), self.parameters(x)["weight"][1:]
        reads = [channel for row in self.connections for channel in row]
        writes = [i for i, row in enumerate(self.connections) for _ in row]
        bounds = [(len(row) * prod(kernel)) ** -0.5 for row in self.connections]
        _, window = modules.sliding_class(torch, "Conv", axes)
        conv = getattr(torch.nn.functional, f"conv{len(axes)}d")
        pad = modules.make_padding_function(torch, [(a.before, a.after) for a in axes])

        def forward(module: Any, x: Any) -> Any:
            maps = conv(
                pad(x)[:, reads],
                module.weight.unsqueeze(1),
                stride=window["stride"],
                groups=len(reads),
            )
            sums = maps.new_zeros(len(x), *y).index_add(
                1, torch.tensor(writes, device=x.device), maps
            )
            return sums + modules.view_per_channel(module.bias, x) if self.bias else sums

        weight = torch.cat(
            [
                torch.empty(len(row), *kernel).uniform_(-bound, bound)
                for row, bound in zip(self.connections, bounds, strict=True)
            ]
        )
        bias = (
            {"bias": torch.tensor(bounds) * (2 * torch.rand(len(bounds)) - 1)} if self.bias else {}
        )
        return modules.make_module(torch, "ConvTable", forward, {"weight": weight, **bias})

    python_class = CONV_TABLE

    def python_arguments(self, x: Shape, y: Shape) -> dict[str, Any]:
        return {
            "": self.connections,
            "kernel_size": tuple(a.kernel for a in self.axes(x)),
            "stride": tuple(a.stride for a in self.axes(x)),
            "padding": tuple(n for a in reversed(self.axes(x)) for n in (a.before, a.after)),
            "bias": self.bias,
        }

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        reads = [channel for row in self.connections for channel in row]
        writes = [i for i, row in enumerate(self.connections) for _ in row]
        sums = [float(i == j) for i in range(y[0]) for j in writes]
        weight = onnx.Unsqueeze(onnx.parameter("weight"), [1])
        window = onnx_nodes.window_attributes(self.axes(x.shape))
        maps = onnx.Conv(onnx.Gather(x, reads, axis=1), weight, group=len(reads), **window)
        ones = onnx.constant(sums, (y[0], len(reads), *[1] * (len(y) - 1)))
        return onnx.Conv(maps, ones, onnx.parameter("bias") if self.bias else None)

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        axes, n = self.axes(x.shape), len(y) - 1
        weights: dict[str, Any] = {"kernel": ("weight", (*range(1, n + 1), 0))}
        if n != 2:
            raise keras.refuse("it is written in Keras for two spatial dimensions only")
        return keras.own_layer(
            "ConvTable",
            keras.pad(x, [(a.before, a.after) for a in axes]),
            self.connections,
            kernel_size=tuple(a.kernel for a in axes),
            strides=keras.collapse([a.stride for a in axes]),
            bias=self.bias,
            weights=weights | ({"bias": "bias"} if self.bias else {}),
        )

    examples = (
        Example(
            "LeCun et al. (1998), section II.B and table I: C3 has 1,516 trainable parameters and"
            " 151,600 connections, of which 1,600 are biases'",
            ((6, 14, 14),),
            {
                "kernel_size": 5,
                "connections": [
                    [0, 1, 2],
                    [1, 2, 3],
                    [2, 3, 4],
                    [3, 4, 5],
                    [0, 4, 5],
                    [0, 1, 5],
                    [0, 1, 2, 3],
                    [1, 2, 3, 4],
                    [2, 3, 4, 5],
                    [0, 3, 4, 5],
                    [0, 1, 4, 5],
                    [0, 1, 2, 5],
                    [0, 1, 3, 4],
                    [1, 2, 4, 5],
                    [0, 2, 3, 5],
                    [0, 1, 2, 3, 4, 5],
                ],
            },
            (16, 10, 10),
            params=1_516,
            macs=150_000,
        ),
    )
