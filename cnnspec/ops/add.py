"""Addition: the sum of two or more inputs, element by element, as residual connections take it.

All inputs have the shape C x H x W, or have size 1 in some dimensions, as a vector C x 1 x 1 of
context that is added at every position. N inputs cost N - 1 additions for each element.

Source: He, Zhang, Ren & Sun (2016), Deep residual learning for image recognition, equation 1; Cao
et al. (2019), GCNet, arXiv 1904.11492, equation 5, for a context."""

from collections.abc import Callable
from operator import add
from typing import Any

from cnnspec.ops.kit.joins import ElementwiseJoin
from cnnspec.ops.kit.operator import Example


class Add(ElementwiseJoin):
    title = "Addition"
    keras_layer = "Add"
    onnx_type = "Add"
    is_commutative = True

    def combine(self, torch: Any) -> Callable[[Any, Any], Any]:
        return add

    examples = (
        Example(
            "He et al. (2016), table 1: conv2_x of the 50-layer net adds two 56x56 maps of 256"
            " channels",
            ((256, 56, 56), (256, 56, 56)),
            {},
            (256, 56, 56),
        ),
    )
