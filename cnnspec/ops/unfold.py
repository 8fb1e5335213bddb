"""Unfold: the values of each window become the channels of one position, as im2col does.

The sizes are those of a convolution, floor((W - K + 2P)/S) + 1, and a window of m x n positions of
C channels gives C*m*n channels: first those of channel 0. Nothing is computed. A linear layer at
each position after it is a convolution. ``torch.nn.Unfold`` gives the positions as one dimension; a
reshape to [0, -1] after it does so, too.

Source: Chellapilla, Puri & Simard (2006), High performance convolutional neural networks for
document processing, section 3.1; ``torch.nn.Unfold``."""

from math import prod
from typing import Any

from cnnspec.ops.kit import memory, modules
from cnnspec.ops.kit.derivation import KERNEL, Step, axis_symbols, elements_step, window_size_steps
from cnnspec.ops.kit.fields import OperatorError
from cnnspec.ops.kit.input_checks import require_feature_map
from cnnspec.ops.kit.list_fields import Padding, PerAxis, padding_field, per_axis_field
from cnnspec.ops.kit.operator import Example, Operator
from cnnspec.ops.kit.windows import Axis, Reach, make_axes
from cnnspec.units import Shape


class Unfold(Operator):
    title = "Unfold"
    recorded_from = ("im2col",)
    slides_over = "input"

    kernel_size: PerAxis = per_axis_field("K, the window's size (m x n)")
    stride: PerAxis = per_axis_field("S, the step from one window to the next", default=1)
    padding: Padding = padding_field()
    dilation: PerAxis = per_axis_field(
        "D, the distance between the pixels that a window reads", default=1
    )

    def axes(self, x: Shape) -> list[Axis]:
        return make_axes(x, self.kernel_size, self.stride, self.padding, self.dilation)

    def output(self, x: Shape) -> Shape:
        channels, _ = require_feature_map("unfold", x)
        axes = self.axes(x)
        return (channels * prod(a.kernel for a in axes), *(a.positions for a in axes))

    def window(self, x: Shape, y: Shape) -> Reach:
        return tuple(a.window for a in self.axes(x))

    def derivation(self, x: Shape, y: Shape) -> list[Step]:
        axes = self.axes(x)
        symbols = axis_symbols(KERNEL, len(axes))
        kernel = dict(zip(symbols, (a.kernel for a in axes), strict=True))
        return [
            Step("output channels", "*".join(("C", *kernel)), {"C": x[0], **kernel}, y[0]),
            *window_size_steps(axes, y),
            elements_step(y),
        ]

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        axes = self.axes(x)
        layout = memory.Layout(contiguous=True, copies=memory.COPIES_STRIDED)
        unfold = memory.Function(prod(y), resizes=True, layout=layout)
        view = memory.view_of(y, (memory.PREVIOUS,))
        if modules.has_equal_padding(axes):
            return memory.as_contiguous(x), *memory.reads_previous((unfold,)), view
        padded = prod((x[0], *(a.padded for a in axes)))
        layout = memory.Layout(gradient_as_incoming=True)
        pad = memory.Function(padded, layout=layout, held_for=2)
        copy = memory.as_contiguous((padded,))
        return pad, *memory.reads_previous((copy, unfold.replace(inputs=(memory.PREVIOUS,)))), view

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        axes = self.axes(x)
        if len(axes) > 2:
            raise OperatorError(
                "D001",
                f"PyTorch has Unfold in 2 spatial dimensions, but $0 has {len(axes)}",
                "such a network can be analysed, but not built",
            )
        equal = modules.has_equal_padding(axes)
        pad = modules.make_padding_function(
            torch, [(0, 0) if equal else (a.before, a.after) for a in axes]
        )
        one = (1,) * (2 - len(axes))  # a sequence is a map of one row
        unfold = torch.nn.Unfold(
            (*one, *(a.kernel for a in axes)),
            dilation=(*one, *(a.dilation for a in axes)),
            padding=(*(0 for _ in one), *(a.before if equal else 0 for a in axes)),
            stride=(*one, *(a.stride for a in axes)),
        )
        return modules.make_stateless_module(
            torch,
            "Unfold",
            lambda x: unfold(pad(x).unflatten(2, (*one, -1))).unflatten(2, y[1:]),
        )

    examples = (
        Example(
            "PyTorch's documentation of torch.nn.Unfold: nn.Unfold(kernel_size=(2, 3)) on 5x3x4"
            " gives 30 values, (2x3 vectors, each of 5 channels), for 4 blocks",
            ((5, 3, 4),),
            {"kernel_size": [2, 3]},
            (30, 2, 2),
        ),
        Example(
            "Yuan et al. (2021), Tokens-to-token ViT, arXiv 2101.11986, section 3.1: the first soft"
            " split of 224x224, with a kernel of 7, a stride of 4 and a padding of 2",
            ((3, 224, 224),),
            {"kernel_size": 7, "stride": 4, "padding": 2},
            (147, 56, 56),
        ),
    )
