"""An average that counts the zeros of its padding.

At the edges, a padded average pool divides by its whole window and so by pixels that are not there:
the map darkens towards its border, by more than half in the corners of a 3x3 window. PyTorch does
so by default, TensorFlow does not, and weights trained with one do not fit the other.
``count_include_pad = false`` divides by the pixels that are there."""

from collections.abc import Iterator
from math import prod

from cnnspec.ops.kit.windows import Axis
from cnnspec.rules.rule import WARNING, LintedNetwork, LintRule, Remark


def check(net: LintedNetwork) -> Iterator[Remark]:
    """Every average pool of which a window covers padding and counts it."""
    for node, axes in net.windowed:
        if not node.op.averages_padding:
            continue
        corner = [
            max(window(a, 0), window(a, n - 1)) for a, n in zip(axes, node.output[1:], strict=True)
        ]
        values = prod(zeros + pixels for zeros, pixels in corner)
        pixels = prod(pixels for _, pixels in corner)
        if pixels < values:
            message = (
                f"in the corners, this mean counts {values - pixels} zeros of padding among its"
                f" {values} values"
            )
            yield Remark(
                node,
                message,
                f"count_include_pad = false divides by the {pixels} pixels that are there",
                ("padding",),
            )


def window(a: Axis, i: int) -> tuple[int, int]:
    """The zeros and the pixels that a window counts along one dimension; what ceil_mode lets stick
    out is neither."""
    start = i * a.stride - a.before
    counted = min(start + a.kernel, a.size + a.after) - start
    pixels = min(start + a.kernel, a.size) - max(start, 0)
    return counted - pixels, pixels


rule = LintRule(
    "S005",
    WARNING,
    "averages do not count padding",
    check,
    bad="""
name = "net"
input = [64, 28, 28]
layers = [
  { name = "pool", op = "avgpool", kernel_size = 3, stride = 1, padding = 1 },
]
""",
    good="""
name = "net"
input = [64, 28, 28]
layers = [
  { name = "pool", op = "avgpool", kernel_size = 3, stride = 1, padding = 1, count_include_pad = false },
]
""",
)
