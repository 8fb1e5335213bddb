"""Max pooling: the largest value of each window, for each channel; it has no parameters.

The sizes are those of a convolution, floor((W - K + 2P)/S) + 1; with dilation D a window spans
D(K - 1) + 1. With ``ceil_mode`` the quotient is
rounded up, and a window that would start in the padding after the input is dropped. The padding
counts as minus infinity.

Source: Boureau, Ponce & LeCun (2010), A theoretical analysis of feature pooling;
``torch.nn.MaxPool2d`` for ``ceil_mode``."""

from math import prod
from typing import Any

from cnnspec.ops.kit import memory
from cnnspec.ops.kit.list_fields import PerAxis, per_axis_field
from cnnspec.ops.kit.operator import Example
from cnnspec.ops.kit.pooling import Pool
from cnnspec.units import Shape


class MaxPool(Pool):
    title = "Max Pooling"
    takes = "largest"
    autocast = "follows"
    pads_with = (float("-inf"),)
    short_title = "Max pool"

    dilation: PerAxis = per_axis_field(
        "D, the distance between the positions that a window reads", default=1
    )

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        return self.pool_functions(
            x, y, memory.Saved(indices=prod(y), indices_for_gradient=len(x) == 2)
        )

    def build(self, torch: Any, x: Shape, y: Shape, return_indices: bool = False) -> Any:
        return self.largest(torch, x, y, return_indices)

    def write_onnx(self, onnx: Any, x: Any, y: Shape) -> Any:
        return self.write_largest(onnx, x, x.shape)

    def write_keras(self, keras: Any, x: Any, y: Shape) -> Any:
        return keras.pool(x, self.covering(x.shape, y), "Max")

    examples = (
        Example(
            "Krizhevsky, Sutskever & Hinton (2012), section 3.4: overlapping pooling, z = 3, s = 2",
            ((96, 55, 55),),
            {"kernel_size": 3, "stride": 2},
            (96, 27, 27),
        ),
        Example(
            "torchvision's GoogLeNet, maxpool1: kernel 3, stride 2, ceil_mode on 112x112",
            ((64, 112, 112),),
            {"kernel_size": 3, "stride": 2, "ceil_mode": True},
            (64, 56, 56),
        ),
        Example(
            "PyTorch's formula of torch.nn.MaxPool1d: kernel 3, stride 2, dilation 2 leave 1 of 5",
            ((1, 5),),
            {"kernel_size": 3, "stride": 2, "dilation": 2},
            (1, 1),
        ),
    )
