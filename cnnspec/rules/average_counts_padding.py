"""Finds average pools that count the zeros of their padding.

Why: At the edges, a padded average pool divides by the size of the whole window, so it also divides
by the zeros around the map. Values there are too small, by more than half in the corners of a 3x3
window. This is PyTorch's default. TensorFlow does not do it, so weights trained in one do not fit
the other.

Fix: Set count_include_pad = false, which divides by the number of real pixels.

Ignore it if: You reproduce a network that was trained this way, such as torchvision's Inception v3.
"""

from collections.abc import Iterator
from math import prod

from cnnspec.ops.kit.windows import Axis
from cnnspec.rules.rule import WARNING, LintedNetwork, LintRule, Remark


def check(net: LintedNetwork) -> Iterator[Remark]:
    """Report each average pool with a window that counts padding."""
    for node, axes in net.windowed:
        if not node.op.averages_padding:
            continue
        corner = [
            max(count_window(axis, 0), count_window(axis, n - 1))
            for axis, n in zip(axes, node.output[1:], strict=True)
        ]
        values = prod(zeros + pixels for zeros, pixels in corner)
        pixels = prod(pixels for _, pixels in corner)
        if pixels < values:
            message = (
                f"in a corner, this average counts {values - pixels} zeros of padding among its"
                f" {values} values"
            )
            hint = f"count_include_pad = false divides by the {pixels} real pixels"
            yield Remark(node, message, hint, ("padding",), ("count_include_pad", "false"))


def count_window(axis: Axis, i: int) -> tuple[int, int]:
    """Return the zeros and the pixels that window ``i`` counts along one dimension.

    With ceil_mode, a window can reach beyond the padding; what is there is not counted."""
    start = i * axis.stride - axis.before
    counted = min(start + axis.kernel, axis.size + axis.after) - start
    pixels = min(start + axis.kernel, axis.size) - max(start, 0)
    return counted - pixels, pixels


rule = LintRule(
    "S005",
    WARNING,
    "average pools do not count padding",
    check,
    bad="""
name = "net"
input = [64, 28, 28]
layers = [
  { name = "pool", op = "avgpool", kernel_size = 3, stride = 1, padding = 1 },
]
""",
    finding="""
net.toml:4:75: S005 in a corner, this average counts 5 zeros of padding among its 9 values
help: count_include_pad = false divides by the 4 real pixels
""",
    good="""
name = "net"
input = [64, 28, 28]
layers = [
  { name = "pool", op = "avgpool", kernel_size = 3, padding = 1, count_include_pad = false },
]
""",
)
