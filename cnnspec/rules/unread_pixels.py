"""Finds windows that never read the last rows or columns of their input.

Why: A window moves in steps of the stride S, and stops when it no longer fits. Of W positions with
padding P on each side, the remainder of (W - K + 2P)/S is left over at the far end. If the
remainder is larger than the padding there, real pixels are never read, as if the image were
cropped. AlexNet is the best known case: an 11x11 kernel with stride 4 on 224 pixels gives 54.25
positions. The paper's 55 need an input of 227, or padding 2.

Fix: Use one of the input sizes in the message, or the padding in it.

Ignore it if: The paper or the weights you reproduce crop in this way.

Not reported: gaps between all windows, because the kernel is smaller than the stride (S002); maps
that another layer reads to the end."""

from collections.abc import Iterator

from cnnspec.analyses.input_sizes import count_unread
from cnnspec.graph.model import Node
from cnnspec.ops.kit.windows import Axis
from cnnspec.problems import visible
from cnnspec.rules.rule import WARNING, LintedNetwork, LintRule, Remark


def check(net: LintedNetwork) -> Iterator[Remark]:
    """Report each map whose end no reader reads, at its first reader."""
    readers: dict[int, list[tuple[Node, list[Axis]]]] = {}
    for node, axes in net.windowed:
        if any(axis.stride > 1 for axis in axes):
            readers.setdefault(node.inputs[0].index, []).append((node, axes))
    for index, found in readers.items():
        if not net.has_only_readers(index, len(found)):
            continue
        node, axes = found[0]
        unread = [
            min(count_unread(others[i], n.output[i + 1]) for n, others in found)
            for i in range(len(axes))
        ]
        if any(unread):
            yield make_remark(node, axes, unread)


def make_remark(node: Node, axes: list[Axis], unread: list[int]) -> Remark:
    """Return the remark, with the division and the sizes and padding that read every pixel."""
    i = next(i for i, n in enumerate(unread) if n)
    axis, above = axes[i], node.inputs[0]
    kernel = str(axis.kernel)
    if axis.dilation > 1:
        kernel = f"({axis.dilation}*({axis.kernel} - 1) + 1)"
    pads = f"{axis.before} + {axis.after}"
    if axis.before == axis.after:
        pads = f"2*{axis.before}"
    exact = f"{(axis.padded - axis.extent) / axis.stride + 1:.10g}"
    message = (
        f"{describe_unread(unread, above.output)} of {visible(above.row)} are never read:"
        f" ({axis.size} - {kernel} + {pads})/{axis.stride} + 1 = {exact}"
    )
    missing = axis.stride - unread[i] - axis.after
    down, up = axis.size - unread[i], axis.size + missing
    what = "an input" if above.kind == "input" else f"a size of {visible(above.row)}"
    padding = find_even_padding(axis)
    fix = f"{missing} more zeros behind it" if padding is None else f"padding = {padding}"
    hint = f"{what} of {down} or {up}, or {fix}, reads every pixel"
    change = None if padding is None else ("padding", str(padding))
    return Remark(node, message, hint, ("stride", "kernel_size"), change)


def describe_unread(unread: list[int], dims: tuple[int, ...]) -> str:
    """Return what is not read in words: ``the last 3 rows and columns``."""
    if len(unread) != 2:
        sizes = ", ".join(f"{n} of {size}" for n, size in zip(unread, dims[1:], strict=True))
        return f"the last positions ({sizes})"
    rows, columns = unread
    if rows == columns == 1:
        return "the last row and column"
    if rows == columns:
        return f"the last {rows} rows and columns"
    pairs = ((rows, "row"), (columns, "column"))
    return "the last " + " and ".join(f"{n} {name}{'s' * (n > 1)}" for n, name in pairs if n)


def find_even_padding(axis: Axis) -> int | None:
    """Return the smallest larger padding, equal on both sides, with which every pixel is read."""
    present = max(axis.before, axis.after)
    for p in range(present, present + axis.stride + 1):
        remainder = (axis.size + 2 * p - axis.extent) % axis.stride
        if remainder <= p and (p, p) != (axis.before, axis.after):
            return p
    return None


rule = LintRule(
    "S001",
    WARNING,
    "windows read every pixel of their input",
    check,
    bad="""
name = "alexnet"
input = [3, 224, 224]
layers = [
  { name = "conv1", op = "conv", out_channels = 96, kernel_size = 11, stride = 4 },
]
""",
    finding="""
net.toml:4:80: S001 the last row and column of input are never read: (224 - 11 + 2*0)/4 + 1 =
54.25
help: an input of 223 or 227, or padding = 2, reads every pixel
""",
    good="""
name = "alexnet"
input = [3, 227, 227]
layers = [
  { name = "conv1", op = "conv", out_channels = 96, kernel_size = 11, stride = 4 },
]
""",
)
