"""Average pooling: the mean of each window, each channel by itself; nothing to learn.

Sizes are those of max pooling, floor((W - K + 2P)/S) + 1, with ``ceil_mode`` too. The padding counts as zeros, and
as pixels that the sum is divided by, unless ``count_include_pad`` is false. An output costs K*K - 1 additions and
one division, whether the window covers pixels or padding.

Source: LeCun, Bottou, Bengio & Haffner (1998), section II.A, local averaging; ``torch.nn.AvgPool2d``.
"""

from cnnspec.ops.fields import flag
from cnnspec.ops.operator import Example
from cnnspec.ops.pooling import Pool


class AvgPool(Pool):
    title = "Avg Pooling"
    combines = "additions"
    divides = True

    count_include_pad: bool = flag("whether the mean counts the zeros of the padding", default=True)

    examples = (
        Example("course note 004, table 14-1, LeNet-5: S2 makes 6 maps of 14x14 from C1's 28x28 with 2x2, stride 2",
                ((6, 28, 28),), {"kernel_size": 2, "stride": 2}, (6, 14, 14)),
        Example("course note 003, 'Mean-pooling': size 3*3 makes 2x2 means of a 6x6 table",
                ((1, 6, 6),), {"kernel_size": 3}, (1, 2, 2)),
    )
