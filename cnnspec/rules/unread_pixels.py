"""Pixels at the far end that no window reaches.

Windows start every S positions, and the last that fits ends where it ends: of W positions padded by
P on each side, the remainder of (W - K + 2P)/S lies behind it. As long as that is padding, nothing
is lost. Where the remainder exceeds the padding on the far side, real pixels are never read: the
network is blind at its right and bottom edge, and computes as if the image had been cropped.
AlexNet's 224 is the best known case: with an 11x11 kernel and a stride of 4 it gives 54.25, and the
55 of the paper need an input of 227, or a padding of 2.

Not meant are the gaps that a kernel smaller than its stride leaves everywhere (S002), and maps that
another layer reads to their end."""

from collections.abc import Iterator

from cnnspec.analyses.input_sizes import count_unread
from cnnspec.graph.model import Node
from cnnspec.ops.kit.windows import Axis
from cnnspec.problems import visible
from cnnspec.rules.rule import WARNING, LintedNetwork, LintRule, Remark


def check(net: LintedNetwork) -> Iterator[Remark]:
    """One remark a map: at the first of its readers, where all of them leave out its end."""
    readers: dict[int, list[tuple[Node, list[Axis]]]] = {}
    for node, axes in net.windowed:
        if any(a.stride > 1 for a in axes):
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
            yield remark(node, axes, unread)


def remark(node: Node, axes: list[Axis], unread: list[int]) -> Remark:
    """The remark, with the division that leaves the remainder, and the sizes and paddings that read
    every pixel."""
    i = next(i for i, n in enumerate(unread) if n)
    a, above = axes[i], node.inputs[0]
    kernel = str(a.kernel) if a.dilation == 1 else f"({a.dilation}*({a.kernel} - 1) + 1)"
    pads = f"2*{a.before}" if a.before == a.after else f"{a.before} + {a.after}"
    exact = f"{(a.padded - a.extent) / a.stride + 1:.10g}"
    message = (
        f"{lost(unread, above.output)} of {visible(above.row)} are never read: "
        f"({a.size} - {kernel} + {pads})/{a.stride} + 1 = {exact}"
    )
    down, up = a.size - unread[i], a.size + a.stride - unread[i] - a.after
    what = "an input" if above.kind == "input" else f"a size of {visible(above.row)}"
    more = even_padding(a)
    mend = (
        f"padding = {more}"
        if more is not None
        else f"{a.stride - unread[i] - a.after} more zeros behind it"
    )
    return Remark(
        node,
        message,
        f"{what} of {down} or {up}, or {mend}, reads every pixel",
        ("stride", "kernel_size"),
    )


def lost(unread: list[int], dims: tuple[int, ...]) -> str:
    """What is not read, in words: the last 3 rows and columns."""
    if len(unread) == 2:
        rows, columns = unread
        if rows == columns:
            return f"the last {'row and column' if rows == 1 else f'{rows} rows and columns'}"
        parts = [
            f"{n} {name}{'s' * (n > 1)}" for n, name in ((rows, "row"), (columns, "column")) if n
        ]
        return "the last " + " and ".join(parts)
    sizes = ", ".join(f"{n} of {w}" for n, w in zip(unread, dims[1:], strict=True))
    return f"the last positions ({sizes})"


def even_padding(a: Axis) -> int | None:
    """The smallest equal padding of both sides, larger than today's, with which every pixel is
    read."""
    for p in range(max(a.before, a.after), max(a.before, a.after) + a.stride + 1):
        remainder = (a.size + 2 * p - a.extent) % a.stride
        if remainder <= p and (p, p) != (a.before, a.after):
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
    good="""
name = "alexnet"
input = [3, 227, 227]
layers = [
  { name = "conv1", op = "conv", out_channels = 96, kernel_size = 11, stride = 4 },
]
""",
)
