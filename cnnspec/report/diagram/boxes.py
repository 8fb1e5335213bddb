"""What a box says, and how large it is."""

from collections.abc import Iterable
from typing import Any

from cnnspec.costs import NodeCost
from cnnspec.graph.model import Node
from cnnspec.problems import visible
from cnnspec.report.diagram.fold import DiagramPart
from cnnspec.report.diagram.style import LARGE, text_width
from cnnspec.units import format_count, format_shape

LONGEST = 40  # letters in a line of a box
FIELDS = {"stride": 1, "dilation": 1, "groups": 1}  # shown if they have other values


def box_lines(part: DiagramPart) -> tuple[str, ...]:
    """The lines of text in a part's box, its name first."""
    main = part.nodes[0]
    head = name_part(part)
    if part.block:
        return tuple(
            dict.fromkeys(
                (
                    head,
                    visible(part.block, LONGEST) + count_suffix(part),
                    *filter(None, [part.differences]),
                    *sharing_lines(part),
                )
            )
        )
    if main.kind == "input":
        return (head,)
    rest = [visible(n.kind, LONGEST) for n in part.first if n.part]
    own = describe_operator(main) + count_suffix(part)
    lines = [head, own] if own != head else [head]
    lines += [", ".join(rest)] if rest else []
    return (*lines, *sharing_lines(part))


def name_part(part: DiagramPart) -> str:
    """The name of a part, or the first and the last name of a run."""
    if part.times == 1:
        return visible(part.label, LONGEST)
    return (
        visible(part.label, LONGEST // 2)
        + " … "
        + visible(part.last.rpartition(".")[2], LONGEST // 2)
    )


def sharing_lines(part: DiagramPart) -> tuple[str, ...]:
    """A line that names the part whose parameters this one shares; nothing if it shares none."""
    own = {n.index for n in part.nodes}
    shared = [n for n in part.nodes if n.shares and n.shares.index not in own]
    if not shared or shared[0].shares is None:
        return ()
    below = len(shared[0].row) - len(part.name)  # the length of the common end of both names
    whose = shared[0].shares.row
    return (f"parameters of {visible(whose[: len(whose) - below] if below else whose, LONGEST)}",)


def count_suffix(part: DiagramPart) -> str:
    """The number of parts that are drawn as one: `` ×3``; "" for a single one."""
    if part.together > 1:
        return f" ×{part.together}, shared"
    return f" ×{part.times}" if part.times > 1 else ""


def describe_operator(node: Node) -> str:
    """An operator with its window: ``conv 7×7, stride 2``."""
    axes = node.op.axes(*node.shapes[:1])
    if not axes:
        return node.kind.replace("_", " ")
    said = [node.kind.replace("_", " ") + " " + format_axes([a.kernel for a in axes])]
    for name, usual in FIELDS.items():
        values = (
            [getattr(a, name) for a in axes]
            if hasattr(axes[0], name)
            else [getattr(node.op, name, usual)]
        )
        if any(v != usual for v in values):
            said.append(f"{name} {format_values(values)}")
    return ", ".join(said)


def format_axes(values: list[Any]) -> str:
    """Format the sizes of a window along its axes: ``3×3``."""
    return "×".join(map(str, values))


def format_values(values: list[Any]) -> str:
    """Format a setting with a value for each axis: ``2``, or ``2×1`` where they differ."""
    return str(values[0]) if len(set(values)) == 1 else format_axes(values)


def join_shapes(shapes: list[str]) -> str:
    """Return the shapes on one wire: the shape, or the first and the last where they differ."""
    return shapes[0] if len(set(shapes)) == 1 else f"{shapes[0]} … {shapes[-1]}"


def describe_value(names: dict[int, str], part: DiagramPart, node: Node) -> str:
    """Return the label of a value of a part: its shape, and its name if it is not the main one."""
    if not part.block or part.together > 1 or node.index == part.nodes[-1].index:
        return format_shape(node.output)
    return (
        f"{visible(names[node.index][len(part.name) + 1 :], LONGEST)} {format_shape(node.output)}"
    )


def describe_part(part: DiagramPart, costs: dict[int, NodeCost]) -> str:
    """A sentence about a part with its counts, shown while the pointer is on its box."""
    names = (
        f"{part.name} … {part.last}, {len(part.nodes) // len(part.first)} parts"
        if part.last
        else part.name
    )
    what = part.block or part.nodes[0].kind
    return (
        f"{visible(names, 200)}: {visible(what)}, output {format_shape(part.nodes[-1].output)}, "
        f"{sum_costs(part.nodes, costs, 'params')} parameters, "
        f"{sum_costs(part.nodes, costs, 'macs')} MACs"
    )


def sum_costs(nodes: Iterable[Node], costs: dict[int, NodeCost], what: str) -> str:
    """The sum of a count over nodes, formatted."""
    return format_count(sum(getattr(costs[n.index], what) for n in nodes))


LINE = 15  # pixels: the height of a line of text,
PAD = 10  # the distance of a box's border from its text,
NARROW = 76  # and the width of the narrowest box
STACK = 3  # the offset of the second box of a stack


def box_height(part: DiagramPart) -> int:
    """The height of a part's box."""
    return LINE * len(box_lines(part)) + PAD + (STACK if is_stacked(part) else 0)


def is_wide_box(part: DiagramPart) -> bool:
    """Whether a box has the common width; boxes of joins and inputs are narrower."""
    return bool(part.block) or (
        part.nodes[0].op.role not in ("join", "shape") and part.nodes[0].kind != "input"
    )


def box_half_width(part: DiagramPart) -> int:
    """Half the width that a box's text needs."""
    lines = box_lines(part)
    wide = max(text_width(lines[0], LARGE, True), *map(text_width, lines)) + 2 * PAD
    return max(wide, NARROW) // 2


def is_stacked(part: DiagramPart) -> bool:
    """Whether a box is drawn as a stack, because it represents several parts."""
    return part.times > 1 or part.together > 1
