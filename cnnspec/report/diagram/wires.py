"""Wires as SVG paths with rounded corners; what several ends of one wire have in common is drawn
once."""

from collections.abc import Iterator
from html import escape as escape_html
from itertools import pairwise

from cnnspec.graph.model import Node
from cnnspec.problems import visible
from cnnspec.report.diagram import style
from cnnspec.report.diagram.sheet import Line

ROUND = 6  # the radius of a wire's corners
HEAD = 4  # half the width of an arrow's head
Corner = tuple[int, int]
Corners = list[Corner]


def escape(text: str) -> str:
    """Text for XML, whatever a name holds."""
    return escape_html(visible(text, 10_000)).replace("'", "&#39;")


def wires(lines: list[Line], nodes: dict[int, Node]) -> Iterator[str]:
    """The wires with their heads: what several ends of one wire have in common is drawn once."""
    trunks: dict[tuple[Corner, tuple[int, ...], bool], list[Corners]] = {}
    for line in lines:
        drawn = trunks.setdefault((line.corners[0], line.values, line.dashed), [])
        corners, (x, y) = line.corners, line.corners[-1]
        if line.arrow:
            corners = [*corners[:-1], (x, y - 2 * HEAD)]
        overlaps = [overlap(trunk, corners) for trunk in drawn]
        own = branch(drawn[overlaps.index(max(overlaps))], corners) if drawn else corners
        drawn.append(corners)
        yield wire(line, own, nodes)


def wire(line: Line, corners: Corners, nodes: dict[int, Node]) -> str:
    """A wire with rounded corners, and its head."""
    dashes = ' stroke-dasharray="3 3"' if line.dashed else ""
    names = escape("/".join(nodes[v].name for v in line.values))
    made = (
        f'<path class="cnn-wire" data-from="{names}" data-to="{escape(line.part)}"'
        f' d="{way(corners)}" fill="none" stroke="{style.WIRE[0]}" stroke-width="1.3"{dashes}/>'
    )
    if line.arrow:
        x, y = line.corners[-1]
        made += (
            f'<path class="cnn-head" d="M{x} {y}L{x - HEAD} {y - 2 * HEAD - 1}L{x + HEAD}'
            f' {y - 2 * HEAD - 1}Z" fill="{style.WIRE[0]}"/>'
        )
    return made


def branch(trunk: Corners, corners: Corners) -> Corners:
    """The part of a way that is not that of the trunk: drawn twice, a line would look bold."""
    same = next((i for i, (a, b) in enumerate(zip(trunk, corners, strict=False)) if a != b), 0)
    if not same:
        return corners
    joint, a, b = corners[same - 1], trunk[same], corners[same]
    if step(joint, a) == step(joint, b):
        nearer = min(a, b, key=lambda corner: apart(corner, joint))
        return [toward(nearer, joint, min(ROUND, apart(nearer, joint))), *corners[same:]]
    before = corners[same - 2]
    return [toward(joint, before, min(ROUND, apart(joint, before))), *corners[same - 1 :]]


def overlap(trunk: Corners, corners: Corners) -> int:
    """How long two ways are the same, in pixels."""
    length = 0
    for (p, a), (q, b) in zip(pairwise(trunk), pairwise(corners), strict=False):
        if p != q or step(p, a) != step(q, b):
            break
        length += min(apart(a, p), apart(b, p))
    return length


def apart(a: Corner, b: Corner) -> int:
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


def step(a: Corner, b: Corner) -> Corner:
    """The direction from one corner to another."""
    return (b[0] > a[0]) - (b[0] < a[0]), (b[1] > a[1]) - (b[1] < a[1])


def way(corners: Corners) -> str:
    """The path from corner to corner, each rounded as far as there is room."""
    made = [point("M", corners[0])]
    for before, (x, y), after in zip(corners, corners[1:], corners[2:], strict=False):
        radius = min(ROUND, apart((x, y), before) // 2, apart((x, y), after) // 2)
        start, end = toward((x, y), before, radius), toward((x, y), after, radius)
        made += [point("L", start), point("Q", (x, y)), point(" ", end)]
    return "".join([*made, point("L", corners[-1])])


def point(command: str, corner: Corner) -> str:
    return f"{command}{corner[0]} {corner[1]}"


def toward(corner: Corner, other: Corner, far: int) -> Corner:
    """The point that lies ``far`` pixels from a corner on the way to another one."""
    dx, dy = step(corner, other)
    return corner[0] + far * dx, corner[1] + far * dy
