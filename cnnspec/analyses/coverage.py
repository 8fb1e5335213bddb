"""What sliding windows read of their input: whether the last window that fits leaves real positions
behind it."""

from cnnspec.ops.kit.windows import Axis

CONVOLUTIONS = ("conv", "depthwise_conv", "conv_table")
POOLS = ("maxpool", "avgpool", "minpool", "sumpool", "trainable_subsampling")
WINDOWED = (*CONVOLUTIONS, *POOLS)


def left_over(a: Axis, positions: int) -> int:
    """The positions behind the last window, but for what a stride leaves out between windows too.

    Of W positions, the n-th window ends at (n - 1)*S - P + D*(K - 1) + 1; what is left is 0 where
    that is padding."""
    left = a.size - ((positions - 1) * a.stride - a.before + a.extent)
    return left if left > max(0, a.stride - a.extent) else 0
