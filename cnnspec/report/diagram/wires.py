"""Wires as SVG paths with rounded corners; the common part of a wire's branches is drawn once."""

from collections.abc import Iterator
from html import escape as escape_html
from itertools import pairwise

from cnnspec.graph.model import Node
from cnnspec.problems import visible
from cnnspec.report.diagram import style
from cnnspec.report.diagram.canvas import WireLine

ROUND = 6  # the radius of a wire's corners
HEAD = 4  # half the width of an arrow's head
Corner = tuple[int, int]
Corners = list[Corner]


def escape_xml(text: str) -> str:
    """Text escaped for XML, without control characters."""
    return escape_html(visible(text, 10_000)).replace("'", "&#39;")


def draw_wires(lines: list[WireLine], nodes: dict[int, Node]) -> Iterator[str]:
    """The wires with their heads; the common part of a wire's branches is drawn once."""
    trunks: dict[tuple[Corner, tuple[int, ...], bool], list[Corners]] = {}
    for line in lines:
        drawn = trunks.setdefault((line.corners[0], line.values, line.dashed), [])
        corners = line.corners
        if line.arrow:
            corners = [*corners[:-1], point_toward(corners[-1], corners[-2], 2 * HEAD)]
        overlaps = [common_length(trunk, corners) for trunk in drawn]
        own = branch_off(drawn[overlaps.index(max(overlaps))], corners) if drawn else corners
        drawn.append(corners)
        yield draw_wire(line, own, nodes)


def draw_wire(line: WireLine, corners: Corners, nodes: dict[int, Node]) -> str:
    """A wire with rounded corners, and its head."""
    dashes = ' stroke-dasharray="3 3"' if line.dashed else ""
    names = escape_xml("/".join(nodes[v].name for v in line.values))
    made = (
        f'<path class="cnn-wire" data-from="{names}" data-to="{escape_xml(line.part)}"'
        f' d="{path_data(corners)}" fill="none" stroke="{style.WIRE[0]}"'
        f' stroke-width="1.3"{dashes}/>'
    )
    if line.arrow:
        (x, y), (x1, y1), (x2, y2) = head_corners(line)
        made += f'<path class="cnn-head" d="M{x} {y}L{x1} {y1}L{x2} {y2}Z" fill="{style.WIRE[0]}"/>'
    return made


def head_corners(line: WireLine) -> tuple[Corner, Corner, Corner]:
    """Return the corners of a wire's head, its tip first; it points where the wire goes."""
    tip, before = line.corners[-1], line.corners[-2]
    dx, dy = direction(before, tip)
    x, y = point_toward(tip, before, 2 * HEAD + 1)
    return tip, (x - HEAD * dy, y - HEAD * dx), (x + HEAD * dy, y + HEAD * dx)


def branch_off(trunk: Corners, corners: Corners) -> Corners:
    """The part of a way that differs from the trunk's: a line drawn twice would look bold."""
    same = next((i for i, (a, b) in enumerate(zip(trunk, corners, strict=False)) if a != b), 0)
    if not same:
        return corners
    joint, a, b = corners[same - 1], trunk[same], corners[same]
    if direction(joint, a) == direction(joint, b):
        nearer = min(a, b, key=lambda corner: distance(corner, joint))
        return [point_toward(nearer, joint, min(ROUND, distance(nearer, joint))), *corners[same:]]
    before = corners[same - 2]
    return [point_toward(joint, before, min(ROUND, distance(joint, before))), *corners[same - 1 :]]


def common_length(trunk: Corners, corners: Corners) -> int:
    """The length that two ways have in common, in pixels."""
    length = 0
    for (p, a), (q, b) in zip(pairwise(trunk), pairwise(corners), strict=False):
        if p != q or direction(p, a) != direction(q, b):
            break
        length += min(distance(a, p), distance(b, p))
    return length


def distance(a: Corner, b: Corner) -> int:
    """The distance of two corners of a right-angled way."""
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


def direction(a: Corner, b: Corner) -> Corner:
    """The direction from one corner to another."""
    return (b[0] > a[0]) - (b[0] < a[0]), (b[1] > a[1]) - (b[1] < a[1])


def path_data(corners: Corners) -> str:
    """The path from corner to corner, each rounded as far as the distances permit."""
    made = [path_point("M", corners[0])]
    for before, (x, y), after in zip(corners, corners[1:], corners[2:], strict=False):
        radius = min(ROUND, distance((x, y), before) // 2, distance((x, y), after) // 2)
        start, end = point_toward((x, y), before, radius), point_toward((x, y), after, radius)
        made += [path_point("L", start), path_point("Q", (x, y)), path_point(" ", end)]
    return "".join([*made, path_point("L", corners[-1])])


def path_point(command: str, corner: Corner) -> str:
    return f"{command}{corner[0]} {corner[1]}"


def point_toward(corner: Corner, other: Corner, far: int) -> Corner:
    """The point ``far`` pixels from a corner in the direction of another."""
    dx, dy = direction(corner, other)
    return corner[0] + far * dx, corner[1] + far * dy
