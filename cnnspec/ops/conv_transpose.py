"""Transposed convolution ("deconvolution"): each input value is spread over a kernel's window.

Its connections are those of a convolution from its output to its input. Along each spatial
dimension the output has (W - 1)*S - 2P + D*(K - 1) + output_padding + 1 positions; output_padding
selects one of the sizes that a convolution of stride S maps to the same size. A kernel of m*n
weights joins each of the d input channels with each of the k/g outputs of its group: m*n*d*k/g
weights and k biases. Each input position costs as many multiply-accumulates as there are weights.

Source: Dumoulin & Visin (2016), A guide to convolution arithmetic for deep learning, arXiv
1603.07285, relation 14; ``torch.nn.ConvTranspose2d``; ``torch.utils.flop_counter`` counts input
positions, too."""

from math import prod
from typing import Any

from cnnspec.ops.kit import memory, modules, onnx_nodes
from cnnspec.ops.kit.derivation import (
    KERNEL,
    SYMBOLS,
    Step,
    axis_symbols,
    elements_step,
    group_equal_axes,
)
from cnnspec.ops.kit.fields import OperatorError, flag_field, size_field
from cnnspec.ops.kit.input_checks import require_divisible, require_feature_map
from cnnspec.ops.kit.list_fields import PerAxis, per_axis_field
from cnnspec.ops.kit.operator import Example, Operator
from cnnspec.ops.kit.window_memory import find_weight_as_input_from
from cnnspec.ops.kit.windows import Axis, Reach, per_dimension
from cnnspec.units import Shape


class ConvTranspose(Operator):
    title = "Transposed Convolution"
    symbols = {"E": "output_padding"}
    autocast = "casts"
    short_title = "Deconv{kernel}-{channels}"
    weight_layout = "in-out"
    slides_over = "output"

    out_channels: int = size_field("k, the number of output channels")
    kernel_size: PerAxis = per_axis_field("K, the kernel's size (m x n)")
    stride: PerAxis = per_axis_field("S, the step from one input's window to the next", default=1)
    padding: PerAxis = per_axis_field("P, the positions cut off on each side", default=0, minimum=0)
    output_padding: PerAxis = per_axis_field(
        "positions added after, fewer than S or D", default=0, minimum=0
    )
    dilation: PerAxis = per_axis_field(
        "D, the distance between the pixels that a kernel writes", default=1
    )
    groups: int = size_field("g, the groups into which the channels are split", default=1)
    bias: bool = flag_field("whether each output channel has a bias", default=True)

    def axes(self, x: Shape) -> list[Axis]:
        """Return the windows of the convolution that it transposes, which slide over the output."""
        names = ("kernel_size", "stride", "padding", "output_padding", "dilation")
        values = [per_dimension(f, getattr(self, f), len(x) - 1) for f in names]
        result = []
        for w, k, s, p, extra, d in zip(x[1:], *values, strict=True):
            if extra >= max(s, d):
                raise OperatorError(
                    "L003",
                    f"output_padding is smaller than the stride or the dilation, but {extra} is not"
                    f" smaller than {s} or {d}",
                    f"at most {max(s, d) - 1}",
                    "output_padding",
                )
            full = (w - 1) * s + d * (k - 1) + extra + 1
            if full <= 2 * p:
                raise OperatorError(
                    "D002",
                    f"a padding of {p} on each side cuts off all {full} positions: the output would"
                    " be empty",
                    f"a padding of at most {(full - 1) // 2}",
                    "padding",
                )
            result.append(Axis(full - 2 * p, k, s, d, p, p))
        return result

    def output(self, x: Shape) -> Shape:
        channels, _ = require_feature_map("conv_transpose", x)
        require_divisible(self.groups, channels, self.out_channels)
        return (self.out_channels, *(a.size for a in self.axes(x)))

    def parameters(self, x: Shape) -> dict[str, Shape]:
        kernel = per_dimension("kernel_size", self.kernel_size, len(x) - 1)
        weight = {"weight": (x[0], self.out_channels // self.groups, *kernel)}
        return weight | ({"bias": (self.out_channels,)} if self.bias else {})

    def mixes_channels(self, x: Shape) -> bool:
        return not self.groups == x[0] > 1

    def macs(self, x: Shape, y: Shape) -> int:
        return prod(self.parameters(x)["weight"]) * prod(x[1:])

    def elementwise(self, x: Shape, y: Shape) -> dict[str, int]:
        return {"additions": prod(y)} if self.bias else {}

    def window(self, x: Shape, y: Shape) -> Reach:
        return tuple(a.transposed for a in self.axes(x))

    def derivation(self, x: Shape, y: Shape) -> list[Step]:
        extras = per_dimension("output_padding", self.output_padding, len(x) - 1)
        sizes = [
            Step(
                f"output {name}",
                "(W - 1)*S - 2*P + D*(K - 1) + E + 1",
                {"W": w, "S": a.stride, "P": a.before, "D": a.dilation, "K": a.kernel, "E": e},
                a.size,
            )
            for name, (w, a, e) in group_equal_axes(
                list(zip(x[1:], self.axes(x), extras, strict=True))
            )
        ]
        kernel = dict(
            zip(axis_symbols(KERNEL, len(x) - 1), self.parameters(x)["weight"][2:], strict=True)
        )
        values = {**kernel, "d": x[0], "k": self.out_channels, "g": self.groups}
        weights = f"{'*'.join(kernel)}*d*k/g"
        positions = dict(
            zip((f"{s}_in" for s in axis_symbols(SYMBOLS, len(x) - 1)), x[1:], strict=True)
        )
        return [
            *sizes,
            elements_step(y),
            Step(
                "parameters",
                f"{weights} + k" if self.bias else weights,
                values,
                sum(map(prod, self.parameters(x).values())),
            ),
            Step(
                "multiply-accumulates",
                f"{weights}*{'*'.join(positions)}",
                values | positions,
                self.macs(x, y),
            ),
        ]

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        weight = self.parameters(x)["weight"]
        return (
            memory.Function(
                prod(y),
                saves=(0,),
                parameters=("weight", "bias"),
                backward=memory.Backward(
                    weight_as_input_from=find_weight_as_input_from(x, weight, self.groups)
                ),
            ),
        )

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        axes, extra = self.axes(x), per_dimension("output_padding", self.output_padding, len(x) - 1)
        cls, window = modules.sliding_class(torch, "ConvTranspose", axes)
        return cls(
            x[0],
            self.out_channels,
            **window,
            output_padding=extra,
            groups=self.groups,
            bias=self.bias,
            dilation=tuple(a.dilation for a in axes),
        )

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        extra = per_dimension("output_padding", self.output_padding, len(y) - 1)
        bias = onnx.parameter("bias") if self.bias else None
        return onnx.ConvTranspose(
            x,
            onnx.parameter("weight"),
            bias,
            **onnx_nodes.window_attributes(self.axes(x.shape)),
            output_padding=[*extra],
            group=self.groups,
        )

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        axes, n = self.axes(x.shape), len(y) - 1
        if self.groups > 1 or any(a.kernel < a.stride or a.dilation > 1 for a in axes):
            raise keras.refuse("Keras has no such transposed convolution")
        weights: dict[str, Any] = {"kernel": ("weight", (*range(2, n + 2), 1, 0))}
        weights |= {"bias": "bias"} if self.bias else {}
        full = keras.layer(
            keras.for_dimensions("Conv", n, 3).replace("D", "DTranspose"),
            x,
            y[0],
            keras.collapse([a.kernel for a in axes]),
            strides=keras.collapse([a.stride for a in axes]),
            use_bias=self.bias,
            weights=weights,
        )
        whole = [(w - 1) * a.stride + a.kernel for w, a in zip(x.shape[1:], axes, strict=True)]
        kept = [(a.before, w - a.before - a.size) for w, a in zip(whole, axes, strict=True)]
        if any(after < 0 for _, after in kept):
            raise keras.refuse("Keras has no such transposed convolution")
        sides = keras.collapse(kept) if n == 1 else tuple(kept)
        return full if not any(map(any, kept)) else keras.layer(f"Cropping{n}D", full, sides)

    examples = (
        Example(
            "Ronneberger, Fischer & Brox (2015), U-Net, figure 1: up-conv 2x2 from 28x28 with 1024"
            " channels to 56x56 with 512",
            ((1024, 28, 28),),
            {"out_channels": 512, "kernel_size": 2, "stride": 2},
            (512, 56, 56),
            params=2_097_664,
            macs=1_644_167_168,
        ),
        Example(
            "PyTorch documentation, ConvTranspose2d: upsample of 16x6x6 to 12x12",
            ((16, 6, 6),),
            {"out_channels": 16, "kernel_size": 3, "stride": 2, "padding": 1, "output_padding": 1},
            (16, 12, 12),
            params=2_320,
            macs=82_944,
        ),
    )
