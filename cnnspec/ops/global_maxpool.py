"""Global max pooling: the largest value of each channel; it has no parameters.

(C, H, W) becomes (C, 1, 1), or (C,) without ``keepdim``. Each channel costs H*W - 1 comparisons.

Source: Oquab, Bottou, Laptev & Sivic (2015), Is object localization for free?, section 3."""

from cnnspec.ops.kit import memory
from cnnspec.ops.kit.operator import Example
from cnnspec.ops.kit.pooling import GlobalPool, adaptive_max_functions
from cnnspec.units import Shape


class GlobalMaxPool(GlobalPool):
    title = "Global Max Pooling"
    takes = "largest"
    autocast = "follows"

    def memory(self, x: Shape, y: Shape, training: bool) -> memory.Functions:
        return adaptive_max_functions(x, y)

    examples = (
        Example(
            "Keras documentation, GlobalMaxPooling2D: of (4, 5, 3), channels last, remain 3",
            ((3, 4, 5),),
            {"keepdim": False},
            (3,),
        ),
    )
