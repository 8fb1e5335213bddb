"""An even kernel that cannot be centred, so that its map shifts.

To keep its size, a map needs K - 1 zeros along each dimension. With an odd kernel that is (K - 1)/2
on either side, and the window's centre is a pixel; with an even one there is one zero more on one
side, the centre lies between two pixels, and each such layer shifts the map by half a pixel.
Frameworks even disagree on the side (TensorFlow's "same" pads behind, Caffe in front), so that
weights do not carry over. Kernels in use are odd for this reason."""

from collections.abc import Iterator

from cnnspec.problems import visible
from cnnspec.rules.rule import WARNING, LintedNetwork, LintRule, Remark


def check(net: LintedNetwork) -> Iterator[Remark]:
    """Every window of even extent that goes step by step over unequal padding."""
    for node, axes in net.windowed:
        a = next(
            (a for a in axes if a.extent % 2 == 0 and a.stride == 1 and a.before != a.after), None
        )
        if a is not None:
            message = (
                f"a kernel of {a.kernel} needs {a.before} + {a.after} zeros on the two sides to"
                f" make {a.positions} of the {a.size} positions of {visible(node.inputs[0].row)}:"
                " the map shifts by half a pixel"
            )
            odd = f"a kernel_size of {a.kernel + 1}" + (
                f" or {a.kernel - 1}" if a.kernel > 2 else ""
            )
            yield Remark(
                node, message, f"{odd} needs as many on both sides", ("kernel_size", "padding")
            )


rule = LintRule(
    "S003",
    WARNING,
    "kernels that keep a map's size are odd",
    check,
    bad="""
name = "net"
input = [3, 32, 32]
layers = [
  { name = "conv", op = "conv", out_channels = 16, kernel_size = 4, padding = "same" },
]
""",
    good="""
name = "net"
input = [3, 32, 32]
layers = [
  { name = "conv", op = "conv", out_channels = 16, kernel_size = 5, padding = "same" },
]
""",
)
