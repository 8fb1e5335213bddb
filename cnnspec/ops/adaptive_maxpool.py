"""Adaptive max pooling: the largest values of as many windows as the output is to have; nothing to learn.

Of W positions, output i of O reads those from floor(i*W/O) up to, not with, ceil((i + 1)*W/O). n positions cost
n - 1 comparisons.

Source: ``torch.nn.AdaptiveMaxPool2d``; He, Zhang, Ren & Sun (2014), Spatial pyramid pooling, arXiv 1406.4729,
section 2.2, for fixed outputs of any input.
"""

from cnnspec.ops.operator import Example
from cnnspec.ops.pooling import AdaptivePool


class AdaptiveMaxPool(AdaptivePool):
    title = "Adaptive Max Pooling"
    combines = "comparisons"

    examples = (
        Example("PyTorch documentation, AdaptiveMaxPool2d: 64x8x9 to a target of 5x7",
                ((64, 8, 9),), {"output_size": [5, 7]}, (64, 5, 7)),
    )
