"""Minimum: the smallest of two or more inputs, element by element.

All inputs have the shape C x H x W, or have size 1 in some dimensions. N inputs cost N - 1
comparisons for each element.

Source: ``torch.minimum``."""

from cnnspec.ops.kit.joins import SelectingJoin
from cnnspec.ops.kit.operator import Example


class Minimum(SelectingJoin):
    title = "Minimum"
    keras_layer = "Minimum"
    onnx_type = "Min"

    examples = (
        Example(
            "PyTorch's documentation of torch.minimum: two vectors of 3",
            ((3,), (3,)),
            {},
            (3,),
        ),
    )
