"""Convolution: k kernels slide over d channels, and each gives one channel of the output.

Along each spatial dimension the output has floor((W - K + 2P)/S) + 1 positions (W input size, K
kernel, P zero padding on each side, S stride); with dilation D a kernel spans D(K - 1) + 1. A
kernel has m*n*d weights and one bias, so there are ((m*n*d) + 1)*k parameters; in g groups a kernel
reads d/g channels only. Each position of an output channel costs m*n*d/g multiply-accumulates,
whether its window covers pixels or padding. With ``standardize`` the mean of each kernel's weights
is subtracted and they are divided by their deviation, (w - mean)/sqrt(var + eps), before they are
used; this is done once for all examples and is not counted. With ``fixed`` the weights are a
buffer: they count as such, and are not trained.

Source: Dumoulin & Visin (2016), A guide to convolution arithmetic for deep learning, arXiv
1603.07285, relation 6; LeCun, Bottou, Bengio & Haffner (1998) for the shared weights; Qiao et
al. (2019), Micro-batch training with weight standardization, arXiv 1903.10520, equation 5."""

from math import prod
from typing import Any, Self

from cnnspec.ops.kit import memory, modules, onnx_nodes, paddings
from cnnspec.ops.kit.conv_classes import FIXED_CONV, STANDARDIZED_CONV
from cnnspec.ops.kit.derivation import KERNEL, Step, axis_symbols, filter_steps, window_size_steps
from cnnspec.ops.kit.fields import flag_field, number_field, padding_mode_field, size_field
from cnnspec.ops.kit.input_checks import (
    require_divisible,
    require_feature_map,
    require_weights_to_standardize,
)
from cnnspec.ops.kit.list_fields import Padding, PerAxis, padding_field, per_axis_field
from cnnspec.ops.kit.operator import Example, Operator
from cnnspec.ops.kit.windows import Axis, Reach, make_axes, per_dimension
from cnnspec.units import Shape


class Conv(Operator):
    title = "Convolution"
    autocast = "casts"
    pads_with = (0, "reflection", "replication", "circular")
    short_title = "Conv{kernel}-{channels}"
    weight_layout = "out-in"
    slides_over = "input"

    out_channels: int = size_field("k, the number of kernels")
    kernel_size: PerAxis = per_axis_field("K, the kernel's size (m x n)")
    stride: PerAxis = per_axis_field("S, the step from one window to the next", default=1)
    padding: Padding = padding_field()
    padding_mode: str = padding_mode_field()
    dilation: PerAxis = per_axis_field(
        "D, the distance between the pixels that a kernel reads", default=1
    )
    groups: int = size_field("g, the groups into which the channels are split", default=1)
    bias: bool = flag_field("whether each kernel has a bias", default=True)
    fixed: bool = flag_field("whether the weights are a buffer and not trained", default=False)
    standardize: bool = flag_field("whether each kernel's weights are standardized", default=False)
    standardize_eps: float = number_field(
        "added to the variance of a kernel's weights", default=1e-6
    )

    def axes(self, x: Shape) -> list[Axis]:
        return make_axes(x, self.kernel_size, self.stride, self.padding, self.dilation)

    def output(self, x: Shape) -> Shape:
        channels, _ = require_feature_map("conv", x)
        require_divisible(self.groups, channels, self.out_channels)
        if self.standardize:
            require_weights_to_standardize(self.weight_shape(x), self.fixed)
        axes = self.axes(x)
        paddings.require_axes_to_pad(axes, self.padding_mode)
        return (self.out_channels, *(a.positions for a in axes))

    def weight_shape(self, x: Shape) -> Shape:
        kernel = per_dimension("kernel_size", self.kernel_size, len(x) - 1)
        return (self.out_channels, x[0] // self.groups, *kernel)

    @property
    def trained_layout(self) -> str:
        return "" if self.fixed else self.weight_layout

    def parameters(self, x: Shape) -> dict[str, Shape]:
        weight = {} if self.fixed else {"weight": self.weight_shape(x)}
        return weight | ({"bias": (self.out_channels,)} if self.bias else {})

    def buffers(self, x: Shape) -> dict[str, Shape]:
        return {"weight": self.weight_shape(x)} if self.fixed else {}

    def mixes_channels(self, x: Shape) -> bool:
        return not self.groups == x[0] > 1

    def macs(self, x: Shape, y: Shape) -> int:
        return prod(self.weight_shape(x)) * prod(y[1:])

    def elementwise(self, x: Shape, y: Shape) -> dict[str, int]:
        return {"additions": prod(y)} if self.bias else {}

    def window(self, x: Shape, y: Shape) -> Reach:
        return tuple(a.window for a in self.axes(x))

    def derivation(self, x: Shape, y: Shape) -> list[Step]:
        k, _, *kernel = self.weight_shape(x)
        names = axis_symbols(KERNEL, len(kernel))
        values = {**dict(zip(names, kernel, strict=True)), "d": x[0], "k": k}
        weights = "*".join((*names, "d"))
        if self.groups > 1:
            weights, values = f"{weights}/g", {**values, "g": self.groups}
        params, buffers = (
            sum(map(prod, tensors.values())) for tensors in (self.parameters(x), self.buffers(x))
        )
        return [
            *window_size_steps(self.axes(x), y),
            *filter_steps(weights, values, y, self.bias, params, buffers, self.macs(x, y)),
        ]

    def with_norm_in_weights(self) -> Self | None:
        return None if self.standardize else super().with_norm_in_weights()

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        from cnnspec.ops.kit import window_memory  # a table needs no memory

        axes, weight = self.axes(x), self.weight_shape(x)
        convolution = memory.Function(
            prod(y),
            saves=(0,),
            parameters=("weight", "bias"),
            backward=memory.Backward(
                # PyTorch computes a weight's gradient with that of the bias, wanted or not.
                constants=prod(weight) if self.fixed else 0,
                constants_from=window_memory.find_weight_gradient_from(axes, x, weight),
                weight_as_input_from=window_memory.find_weight_as_input_from(
                    x, weight, self.groups
                ),
            ),
        )
        zeros, sides = self.padding_mode == "zeros", [(a.before, a.after) for a in axes]
        pads: memory.Functions = ()
        if any(map(any, sides)) and not (zeros and modules.has_equal_padding(axes)):
            pads = paddings.pad_functions(x, sides, self.padding_mode)
        if self.standardize:
            first = modules.has_equal_padding(axes)
            return window_memory.standardized_functions(
                convolution, weight, pads, pads_first=not first
            )
        return (*pads, *(memory.reads_previous((convolution,)) if pads else (convolution,)))

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        axes = self.axes(x)
        cls, window = modules.sliding_class(torch, "Conv", axes, mode=self.padding_mode)
        if self.standardize:
            cls = modules.standardizing_class(torch, cls, self.standardize_eps)
        conv = cls(
            x[0],
            self.out_channels,
            **window,
            dilation=tuple(a.dilation for a in axes),
            groups=self.groups,
            bias=self.bias,
        )
        return modules.with_buffer(conv, "weight") if self.fixed else conv

    @property
    def python_class(self) -> str:
        if self.fixed:
            return FIXED_CONV
        return STANDARDIZED_CONV if self.standardize else ""

    def python_arguments(self, x: Shape, y: Shape) -> dict[str, Any]:
        axes, zeros = self.axes(x), self.padding_mode == "zeros"
        return {
            "": self.weight_shape(x),
            "stride": tuple(a.stride for a in axes),
            "pads": tuple(n for a in reversed(axes) for n in (a.before, a.after)),
            "mode": "constant" if zeros else self.padding_mode,
            "dilation": tuple(a.dilation for a in axes),
            "groups": self.groups,
            "bias": self.bias,
            **({} if self.fixed else {"eps": self.standardize_eps}),
        }

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        padded, axes = onnx_nodes.pad_for_window(onnx, x, self.axes(x.shape), self.padding_mode)
        bias = onnx.parameter("bias") if self.bias else None
        window = onnx_nodes.window_attributes(axes)
        if self.standardize:
            weight = onnx_nodes.standardize_weight(onnx, len(axes), self.standardize_eps)
        else:
            weight = onnx.parameter("weight")
        return onnx.Conv(padded, weight, bias, **window, group=self.groups)

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        return keras.conv(x, self)

    examples = (
        Example(
            "Krizhevsky, Sutskever & Hinton (2012), section 3.5: 96 kernels of size 11x11x3 with a"
            " stride of 4; 55x55 outputs need an input of 227",
            ((3, 227, 227),),
            {"out_channels": 96, "kernel_size": 11, "stride": 4},
            (96, 55, 55),
            params=34_944,
            macs=105_415_200,
        ),
        Example(
            "LeCun et al. (1998), section II.B: C1 has 156 trainable parameters and 122,304"
            " connections, which count a bias with each of the 117,600 multiply-accumulates'"
            " windows",
            ((1, 32, 32),),
            {"out_channels": 6, "kernel_size": 5},
            (6, 28, 28),
            params=156,
            macs=117_600,
        ),
        Example(
            "Dumoulin & Visin (2016), relation 6: i = 5, k = 3, s = 2, p = 1 gives o = 3",
            ((1, 5, 5),),
            {"out_channels": 1, "kernel_size": 3, "stride": 2, "padding": 1, "bias": False},
            (1, 3, 3),
            params=9,
            macs=81,
        ),
        Example(
            "van den Oord et al. (2016), WaveNet, arXiv 1609.03499, figure 3: with dilation 8 a"
            " kernel of 2 spans 9 samples",
            ((1, 16),),
            {"out_channels": 1, "kernel_size": 2, "dilation": 8, "bias": False},
            (1, 8),
            params=2,
            macs=16,
        ),
        Example(
            "timm's resnetv2_50x1_bit, stages.0.blocks.0.conv2: a StdConv2d of 64 channels",
            ((64, 56, 56),),
            {
                "out_channels": 64,
                "kernel_size": 3,
                "padding": 1,
                "bias": False,
                "standardize": True,
                "standardize_eps": 1e-8,
            },
            (64, 56, 56),
            params=36_864,
            macs=115_605_504,
        ),
    )
