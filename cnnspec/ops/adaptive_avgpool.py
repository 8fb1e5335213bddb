"""Adaptive average pooling: the output has a given size, and each value is the mean of a window.

Output i of O along a dimension of W positions averages the positions from floor(i*W/O) up to, but
not including, ceil((i + 1)*W/O). A window of n positions costs n - 1 additions and one division.
There are no parameters.

Source: ``torch.nn.AdaptiveAvgPool2d``; He, Zhang, Ren & Sun (2014), Spatial pyramid pooling, arXiv
1406.4729, section 2.2, for fixed outputs of any input."""

from math import prod

from cnnspec.ops.kit import memory
from cnnspec.ops.kit.adaptive_pooling import AdaptivePool
from cnnspec.ops.kit.operator import Example
from cnnspec.units import Shape


class AdaptiveAvgPool(AdaptivePool):
    title = "Adaptive Avg Pooling"
    takes = "mean"
    autocast = "follows"

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        if prod(y[1:]) == 1:
            return (memory.Function(prod(y), divides=True),)
        layout = memory.Layout(copies=memory.COPIES_STRIDED)
        return (memory.Function(prod(y), saves=(0,), layout=layout),)

    examples = (
        Example(
            "PyTorch documentation, AdaptiveAvgPool2d: 64x8x9 to a target of 5x7",
            ((64, 8, 9),),
            {"output_size": [5, 7]},
            (64, 5, 7),
        ),
        Example(
            "torchvision's vgg16, avgpool: output_size 7 of a 224x224 image's 512x7x7",
            ((512, 7, 7),),
            {"output_size": 7},
            (512, 7, 7),
        ),
    )
