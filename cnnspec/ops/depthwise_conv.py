"""Depthwise convolution: each channel has its own kernels, which read no other channel.

It is a convolution with as many groups as channels: d channels become k = d*multiplier, and the
sizes are those of any convolution, floor((W - K + 2P)/S) + 1. A kernel has m*n weights and one
bias, so there are ((m*n) + 1)*k parameters. An output costs m*n multiply-accumulates.
With ``fixed`` the weights are a buffer and are not trained, as those of a blur pool.

Source: Howard et al. (2017), MobileNets, arXiv 1704.04861, section 3.1; Chollet (2017), Xception,
arXiv 1610.02357; ``torch.nn.Conv2d`` for the multiplier, its K."""

from math import prod
from typing import Any

from cnnspec.ops.conv import Conv
from cnnspec.ops.kit import memory
from cnnspec.ops.kit.conv_classes import FIXED_CONV
from cnnspec.ops.kit.derivation import (
    KERNEL,
    Step,
    axis_symbols,
    filter_steps,
    window_size_steps,
)
from cnnspec.ops.kit.fields import flag_field, padding_mode_field, size_field
from cnnspec.ops.kit.list_fields import Padding, PerAxis, padding_field, per_axis_field
from cnnspec.ops.kit.operator import Example, Operator
from cnnspec.ops.kit.windows import Axis, Reach
from cnnspec.units import Shape


class DepthwiseConv(Operator):
    title = "Depthwise Convolution"
    symbols = {"M": "outputs for each input channel (multiplier)"}
    autocast = "casts"
    pads_with = (0, "reflection", "replication", "circular")
    short_title = "Depthwise{kernel}-{channels}"
    weight_layout = "out-in"
    slides_over = "input"

    multiplier: int = size_field("the number of kernels for each channel", default=1)
    kernel_size: PerAxis = per_axis_field("K, the kernel's size (m x n)")
    stride: PerAxis = per_axis_field("S, the step from one window to the next", default=1)
    padding: Padding = padding_field()
    padding_mode: str = padding_mode_field()
    dilation: PerAxis = per_axis_field(
        "D, the distance between the pixels that a kernel reads", default=1
    )
    bias: bool = flag_field("whether each kernel has a bias", default=True)
    fixed: bool = flag_field("whether the weights are a buffer and not trained", default=False)

    def conv(self, x: Shape) -> Conv:
        """Return the grouped convolution that computes the same for an input of ``x``."""
        return Conv(
            out_channels=x[0] * self.multiplier,
            groups=x[0],
            kernel_size=self.kernel_size,
            stride=self.stride,
            padding=self.padding,
            padding_mode=self.padding_mode,
            dilation=self.dilation,
            bias=self.bias,
            fixed=self.fixed,
        )

    @property
    def trained_layout(self) -> str:
        return "" if self.fixed else self.weight_layout

    def axes(self, x: Shape) -> list[Axis]:
        return self.conv(x).axes(x)

    def output(self, x: Shape) -> Shape:
        return self.conv(x).output(x)

    def parameters(self, x: Shape) -> dict[str, Shape]:
        return self.conv(x).parameters(x)

    def buffers(self, x: Shape) -> dict[str, Shape]:
        return self.conv(x).buffers(x)

    def mixes_channels(self, x: Shape) -> bool:
        return x[0] == 1

    def macs(self, x: Shape, y: Shape) -> int:
        return self.conv(x).macs(x, y)

    def elementwise(self, x: Shape, y: Shape) -> dict[str, int]:
        return self.conv(x).elementwise(x, y)

    def window(self, x: Shape, y: Shape) -> Reach:
        return self.conv(x).window(x, y)

    def derivation(self, x: Shape, y: Shape) -> list[Step]:
        k, _, *kernel = self.weight_shape(x)
        names = axis_symbols(KERNEL, len(kernel))
        values = {**dict(zip(names, kernel, strict=True)), "k": k}
        params, buffers = (
            sum(map(prod, tensors.values())) for tensors in (self.parameters(x), self.buffers(x))
        )
        return [
            Step("output channels", "d*M", {"d": x[0], "M": self.multiplier}, k),
            *window_size_steps(self.conv(x).axes(x), y),
            *filter_steps("*".join(names), values, y, self.bias, params, buffers, self.macs(x, y)),
        ]

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        return self.conv(x).memory(x, y=y, training=training)

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        return self.conv(x).build(torch, x, y)

    @property
    def python_class(self) -> str:
        return FIXED_CONV if self.fixed else ""

    def python_arguments(self, x: Shape, y: Shape) -> dict[str, Any]:
        return self.conv(x).python_arguments(x, y)

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        return self.conv(x.shape).write_onnx(onnx, x, y=y)

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        return self.conv(x.shape).write_keras(keras, x, y=y)

    examples = (
        Example(
            "Zhang (2019), Making convolutional networks shift-invariant again, arXiv 1904.11486:"
            " BlurPool with the 3x3 binomial filter and a stride of 2, a buffer",
            ((64, 32, 32),),
            {"kernel_size": 3, "stride": 2, "padding": 1, "bias": False, "fixed": True},
            (64, 16, 16),
            buffers=576,
            macs=147_456,
        ),
        Example(
            "Howard et al. (2017), table 1: conv dw / s1 with 3x3x32 on 112x112x32; by equation 4"
            " it costs 3*3*32*112*112",
            ((32, 112, 112),),
            {"kernel_size": 3, "padding": 1, "bias": False},
            (32, 112, 112),
            params=288,
            macs=3_612_672,
        ),
        Example(
            "Howard et al. (2017), table 1: conv dw / s2 with 3x3x64 on 112x112x64 gives 56x56x64",
            ((64, 112, 112),),
            {"kernel_size": 3, "stride": 2, "padding": 1, "bias": False},
            (64, 56, 56),
            params=576,
            macs=1_806_336,
        ),
    )
