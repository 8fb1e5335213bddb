"""The wires between two layers: down, across on a track of their own, and down again.

The tracks of a channel as in Hashimoto & Stevens (1971), Wire routing by optimizing channel
assignment: wires whose ways across overlap take different tracks. Which one lies above is chosen so
that few wires cross, and so that none runs along another (the vertical constraints of Deutsch
1976)."""

from itertools import accumulate
from typing import NamedTuple

from cnnspec.report.diagram.align import lower_port, upper_port
from cnnspec.report.diagram.layers import Layered

LABEL, TRACK, ARROW = 17, 8, 13  # pixels: a label below a box, between two tracks, and before a box
ALONG = 1000  # wires that run along each other are worse than so many that cross
NEAR = 6  # pixels within which two wires would seem to be one
MANY = 60  # wires in a channel, from which on tracks are given out without looking for the fewest crossings


class Across(NamedTuple):
    """A wire's way across a gap: where it comes from, and all the places where it goes."""

    wire: int
    start: int
    ends: tuple[int, ...]

    @property
    def low(self) -> int:
        return min(self.start, *self.ends)

    @property
    def high(self) -> int:
        return max(self.start, *self.ends)


def crossed(above: Across, below: Across) -> int:
    """How often two wires cross, if the track of the first lies above that of the second."""
    if above.high + NEAR < below.low or below.high + NEAR < above.low:
        return 0
    found = int(above.low < below.start < above.high)
    found += sum(below.low < end < below.high for end in above.ends)
    return found + ALONG * sum(abs(end - below.start) < NEAR for end in above.ends)


def tracks(ways: list[Across]) -> dict[int, int]:
    """The track of each wire that goes across, counted from 0 at the top."""
    order: list[Across] = []
    for way in sorted((w for w in ways if w.low < w.high), key=lambda w: (w.high - w.low, w.wire)):
        if len(order) > MANY:
            order.append(way)
            continue
        below = accumulate(
            (crossed(other, way) for other in order), initial=0
        )  # were it below the first 0, 1, ...
        above = [*accumulate((crossed(way, other) for other in reversed(order)), initial=0)]
        costs = [a + b for a, b in zip(below, reversed(above), strict=True)]
        order.insert(costs.index(min(costs)), way)
    found: dict[int, int] = {}
    for i, way in enumerate(order):
        hindered = [
            found[o.wire] + 1
            for o in order[:i]
            if o.high + NEAR >= way.low and way.high + NEAR >= o.low
        ]
        found[way.wire] = max(hindered, default=0)
    return found


def across(drawing: Layered, rank: int) -> list[Across]:
    """The ways of all wires across the gap below a layer."""
    found: dict[int, tuple[int, list[int]]] = {}
    for s in drawing.gaps[rank]:
        upper, lower = drawing.vertices[s.upper], drawing.vertices[s.lower]
        way = found.setdefault(s.wire, (upper.x + upper_port(drawing, s), []))
        way[1].append(lower.x + lower_port(drawing, s))
    return [Across(w, start, tuple(ends)) for w, (start, ends) in found.items()]


def heights(drawing: Layered) -> list[dict[int, int]]:
    """Set y of each vertex; for each gap the height at which a wire goes across."""
    y, levels = 0, []
    for rank, layer in enumerate(drawing.layers):
        tall = max((drawing.vertices[v].height for v in layer), default=0)
        for v in layer:
            drawing.vertices[v].y = y
        y += tall
        if rank + 1 == len(drawing.layers):
            break
        found = tracks(across(drawing, rank))
        labels = any(
            drawing.wires[s.wire].label and drawing.wires[s.wire].source == s.upper
            for s in drawing.gaps[rank]
        )
        y += LABEL if labels else TRACK // 2
        levels.append({w: y + TRACK * track for w, track in found.items()})
        y += TRACK * max(found.values(), default=0) + ARROW
    return levels


def paths(drawing: Layered) -> list[list[list[tuple[int, int]]]]:
    """For each wire the corners of its way to each of its ends."""
    levels = heights(drawing)
    return [
        [path(drawing, levels, w, end.vertex) for end in wire.ends]
        for w, wire in enumerate(drawing.wires)
    ]


def path(drawing: Layered, levels: list[dict[int, int]], w: int, end: int) -> list[tuple[int, int]]:
    """The corners of a wire's way to one of its ends."""
    wire = drawing.wires[w]
    source = drawing.vertices[wire.source]
    x = source.x + source.bottoms.get(wire.value, 0)
    corners = [(x, source.y + source.height)]
    for rank in range(source.rank, drawing.vertices[end].rank):
        last = rank + 1 == drawing.vertices[end].rank
        below = drawing.vertices[end if last else drawing.bends[w, rank + 1]]
        goal = below.x + (below.tops.get(wire.value, 0) if last else 0)
        if goal != x:
            corners += [(x, levels[rank][w]), (goal, levels[rank][w])]
            x = goal
    return [*corners, (x, drawing.vertices[end].y)]
