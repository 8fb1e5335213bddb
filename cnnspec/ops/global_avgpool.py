"""Global average pooling: the mean of each channel over all positions; it has no parameters.

(C, H, W) becomes (C, 1, 1), or (C,) without ``keepdim``. Each channel costs H*W - 1 additions and
one division.

Source: Lin, Chen & Yan (2013), Network in network, arXiv 1312.4400, section 3.2."""

from math import prod

from cnnspec.ops.kit import memory
from cnnspec.ops.kit.operator import Example
from cnnspec.ops.kit.pooling import GlobalPool
from cnnspec.units import Shape


class GlobalAvgPool(GlobalPool):
    title = "Global Avg Pooling"
    takes = "mean"
    autocast = "follows"
    short_title = "Global avg pool"

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        return (memory.Function(prod(y), divides=True),)

    examples = (
        Example(
            "He et al. (2016), table 1: the 50-layer net averages conv5_x, 2048 channels of 7x7,"
            " to 1x1",
            ((2048, 7, 7),),
            {},
            (2048, 1, 1),
        ),
        Example(
            "Keras documentation, GlobalAveragePooling2D: of (4, 5, 3), channels last, remain 3",
            ((3, 4, 5),),
            {"keepdim": False},
            (3,),
        ),
    )
