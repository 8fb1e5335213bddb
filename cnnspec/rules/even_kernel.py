"""Finds even kernels that keep the size of a map and so shift it by half a pixel.

Why: To keep the size, a kernel of K needs K - 1 zeros along each dimension. If K is odd, that is
(K - 1)/2 on each side, and the centre of the window is a pixel. If K is even, one side gets one
zero more, the centre is between two pixels, and every such layer shifts the map by half a pixel.
Frameworks disagree on the side: TensorFlow's "same" pads more behind, Caffe more in front. Weights
trained in one are therefore slightly off in the other.

Fix: Use an odd kernel.

Ignore it if: You reproduce a published network with such a kernel; then compare on which side it
pads."""

from collections.abc import Iterator

from cnnspec.problems import visible
from cnnspec.rules.rule import WARNING, LintedNetwork, LintRule, Remark


def check(net: LintedNetwork) -> Iterator[Remark]:
    """Report each window of even extent that moves by 1 and has unequal padding."""
    for node, axes in net.windowed:
        for axis in axes:
            if axis.extent % 2 == 0 and axis.stride == 1 and axis.before != axis.after:
                message = (
                    f"an even kernel ({axis.kernel}) needs unequal padding ({axis.before} and"
                    f" {axis.after}) to make {axis.positions} of the {axis.size} positions of"
                    f" {visible(node.inputs[0].row)}: the map shifts by half a pixel"
                )
                smaller = f" or {axis.kernel - 1}" if axis.kernel > 2 else ""
                hint = f"kernel_size = {axis.kernel + 1}{smaller} needs equal padding"
                change = ("kernel_size", str(axis.kernel + 1))
                yield Remark(node, message, hint, ("kernel_size", "padding"), change)
                break  # one remark a layer


rule = LintRule(
    "S003",
    WARNING,
    "kernels that keep the size of a map are odd",
    check,
    bad="""
name = "net"
input = [3, 32, 32]
layers = [
  { name = "conv", op = "conv", out_channels = 16, kernel_size = 4, padding = "same" },
]
""",
    finding="""
net.toml:4:66: S003 an even kernel (4) needs unequal padding (1 and 2) to make 32 of the 32
positions of input: the map shifts by half a pixel
help: kernel_size = 5 or 3 needs equal padding
""",
    good="""
name = "net"
input = [3, 32, 32]
layers = [
  { name = "conv", op = "conv", out_channels = 16, kernel_size = 5, padding = "same" },
]
""",
)
