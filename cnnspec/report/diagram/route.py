"""Where wires enter and leave boxes, and their ways between two layers: down, across, down.

Each way across has a track in the channel between two layers, as in Hashimoto & Stevens (1971),
Wire routing by optimizing channel assignment: ways that overlap have different tracks. The order of
the tracks is chosen so that few wires cross and none runs along another (the vertical constraints
of Deutsch 1976)."""

from itertools import accumulate

from cnnspec.records import Record
from cnnspec.report.diagram.align import lower_port, upper_port
from cnnspec.report.diagram.layers import LayeredGraph, Segment, Vertex

LABEL_HEIGHT, TRACK, ARROW = (
    17,
    8,
    13,
)  # pixels: a label below a box, between two tracks, and before a box
ALONG = 1000  # two wires that run along each other are as bad as this many crossings
NEAR = 6  # pixels within which two wires look like one
MANY = 60  # in a channel with more wires, tracks are assigned without counting crossings


class CrossWay(Record):
    """A wire's way across a gap: its x above, and the x of each of its ends below."""

    wire: int
    start: int
    ends: tuple[int, ...]

    @property
    def low(self) -> int:
        return min(self.start, *self.ends)

    @property
    def high(self) -> int:
        return max(self.start, *self.ends)


def count_crossings_of(above: CrossWay, below: CrossWay) -> int:
    """The number of crossings of two wires if the first has the upper track."""
    if above.high + NEAR < below.low or below.high + NEAR < above.low:
        return 0
    found = int(above.low < below.start < above.high)
    found += sum(below.low < end < below.high for end in above.ends)
    return found + ALONG * sum(abs(end - below.start) < NEAR for end in above.ends)


def assign_tracks(ways: list[CrossWay]) -> dict[int, int]:
    """The track of each wire that moves sideways, counted from 0 at the top."""
    order: list[CrossWay] = []
    for way in sorted((w for w in ways if w.low < w.high), key=lambda w: (w.high - w.low, w.wire)):
        if len(order) > MANY:
            order.append(way)
            continue
        below = accumulate(
            (count_crossings_of(other, way) for other in order), initial=0
        )  # if it is below the first 0, 1, ... wires
        above = [
            *accumulate((count_crossings_of(way, other) for other in reversed(order)), initial=0)
        ]
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


def ways_across(drawing: LayeredGraph, rank: int) -> list[CrossWay]:
    """The ways of all wires across the gap below a layer."""
    found: dict[int, tuple[int, list[int]]] = {}
    for s in drawing.gaps[rank]:
        upper, lower = drawing.vertices[s.upper], drawing.vertices[s.lower]
        way = found.setdefault(s.wire, (upper.x + upper_port(drawing, s), []))
        way[1].append(lower.x + lower_port(drawing, s))
    return [CrossWay(w, start, tuple(ends)) for w, (start, ends) in found.items()]


def set_heights(drawing: LayeredGraph) -> list[dict[int, int]]:
    """Set y of each vertex; return for each gap the height at which each wire crosses it."""
    y, levels = 0, []
    for rank, layer in enumerate(drawing.layers):
        tall = max((drawing.vertices[v].height for v in layer), default=0)
        for v in layer:
            drawing.vertices[v].y = y
        y += tall
        if rank + 1 == len(drawing.layers):
            break
        found = assign_tracks(ways_across(drawing, rank))
        labels = any(
            drawing.wires[s.wire].label and drawing.wires[s.wire].source == s.upper
            for s in drawing.gaps[rank]
        )
        y += LABEL_HEIGHT if labels else TRACK // 2
        levels.append({w: y + TRACK * track for w, track in found.items()})
        y += TRACK * max(found.values(), default=0) + ARROW
    return levels


def route_wires(drawing: LayeredGraph) -> list[list[list[tuple[int, int]]]]:
    """For each wire, the corners of its way to each of its ends."""
    levels = set_heights(drawing)
    return [
        [route_wire(drawing, levels, w, end.vertex) for end in wire.ends]
        for w, wire in enumerate(drawing.wires)
    ]


def route_wire(
    drawing: LayeredGraph, levels: list[dict[int, int]], w: int, end: int
) -> list[tuple[int, int]]:
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


STEP = 16  # pixels between two incoming wires
LABEL = 6  # pixels from a wire to its label


def spread_ports(drawing: LayeredGraph) -> None:
    """Set the ports of every vertex that does not prescribe them, and widen it if needed."""
    for rank in range(len(drawing.layers)):
        above = {v: i for i, v in enumerate(drawing.layers[rank - 1])} if rank else {}
        below = (
            {v: i for i, v in enumerate(drawing.layers[rank + 1])}
            if rank + 1 < len(drawing.layers)
            else {}
        )
        for i in drawing.layers[rank]:
            vertex = drawing.vertices[i]
            if not vertex.bend:
                place_inputs(
                    drawing,
                    vertex,
                    sorted(
                        (s for s in drawing.gaps[rank - 1] if s.lower == i and rank),
                        key=lambda s: above[s.upper],
                    ),
                )
                place_outputs(
                    drawing, vertex, [s for s in drawing.gaps[rank] if s.upper == i], below
                )


def place_inputs(drawing: LayeredGraph, vertex: Vertex, segments: list[Segment]) -> None:
    """Place incoming wires: one at the axis; of two the main one there; more are spread evenly."""
    if vertex.tops or not segments:
        return
    values = [drawing.wires[s.wire].value for s in segments]
    if len(values) == 2:
        at = next((i for i, s in enumerate(segments) if drawing.main.get(s.lower) == s.wire), 0)
        places = [(i - at) * STEP for i in range(2)]
    else:
        places = [i * STEP - (len(values) - 1) * STEP // 2 for i in range(len(values))]
    vertex.tops = dict(zip(values, places, strict=True))
    vertex.left, vertex.right = (
        max(vertex.left, STEP // 2 - places[0]),
        max(vertex.right, STEP // 2 + places[-1]),
    )


def place_outputs(
    drawing: LayeredGraph, vertex: Vertex, segments: list[Segment], below: dict[int, int]
) -> None:
    """Place outgoing wires: the main one at the axis, others with space for their labels.

    The main wire is the one to the next box."""
    goals: dict[int, list[int]] = {}
    for s in segments:
        goals.setdefault(s.wire, []).append(below[s.lower])
    wires = sorted(goals, key=lambda w: (sum(goals[w]) / len(goals[w]), w))
    widths = [drawing.wires[w].label + 2 * LABEL if drawing.wires[w].label else STEP for w in wires]
    if not vertex.bottoms and wires:
        main = min(
            wires,
            key=lambda w: (
                all(drawing.vertices[s.lower].bend for s in segments if s.wire == w),
                min(e.vertex for e in drawing.wires[w].ends),
            ),
        )
        at = -sum(widths[: wires.index(main)])
        for w, width in zip(wires, widths, strict=True):
            vertex.bottoms[drawing.wires[w].value] = at
            at += width
    for w, width in zip(wires, widths, strict=True):
        at = vertex.bottoms.get(drawing.wires[w].value, 0)
        vertex.left, vertex.right = max(vertex.left, STEP // 2 - at), max(vertex.right, at + width)
