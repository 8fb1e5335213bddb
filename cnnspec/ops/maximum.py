"""Maximum: the largest of two or more inputs, element by element.

All inputs have the shape C x H x W, or have size 1 in some dimensions. N inputs cost N - 1
comparisons for each element.

Source: Goodfellow et al. (2013), Maxout networks, arXiv 1302.4389, section 2; ``torch.maximum``."""

from cnnspec.ops.kit.joins import SelectingJoin
from cnnspec.ops.kit.operator import Example


class Maximum(SelectingJoin):
    title = "Maximum"
    keras_layer = "Maximum"
    onnx_type = "Max"

    examples = (
        Example(
            "Goodfellow et al. (2013), section 5.1, in its code for MNIST: 240 maxout units, each"
            " the larger of two values",
            ((240,), (240,)),
            {},
            (240,),
        ),
    )
