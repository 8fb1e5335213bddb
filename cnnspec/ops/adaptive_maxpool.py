"""Adaptive max pooling: the output has a given size, and each value is the largest of a window.

Output i of O along a dimension of W positions reads the positions from floor(i*W/O) up to, but not
including, ceil((i + 1)*W/O). A window of n positions costs n - 1 comparisons. There are no
parameters.

Source: ``torch.nn.AdaptiveMaxPool2d``; He, Zhang, Ren & Sun (2014), Spatial pyramid pooling, arXiv
1406.4729, section 2.2, for fixed outputs of any input."""

from cnnspec.ops.kit import memory
from cnnspec.ops.kit.adaptive_pooling import AdaptivePool
from cnnspec.ops.kit.operator import Example
from cnnspec.ops.kit.pooling import adaptive_max_functions
from cnnspec.units import Shape


class AdaptiveMaxPool(AdaptivePool):
    title = "Adaptive Max Pooling"
    takes = "largest"
    autocast = "follows"

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        return adaptive_max_functions(x, y)

    examples = (
        Example(
            "PyTorch's documentation of torch.nn.AdaptiveMaxPool2d: (None, 7) of 64x10x9",
            ((64, 10, 9),),
            {"output_size": ["none", 7]},
            (64, 10, 7),
        ),
        Example(
            "PyTorch documentation, AdaptiveMaxPool2d: 64x8x9 to a target of 5x7",
            ((64, 8, 9),),
            {"output_size": [5, 7]},
            (64, 5, 7),
        ),
    )
