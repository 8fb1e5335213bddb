"""Where wires come into a box and go out of it, once the order of the layers says from where and
whither."""

from cnnspec.report.diagram.layers import Layered, Segment, Vertex

STEP = 16  # pixels between two wires that come in
LABEL = 6  # pixels from a wire to its label


def spread(drawing: Layered) -> None:
    """Set the ports of every vertex that has no wishes, and widen it where they need it."""
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
                come_in(
                    drawing,
                    vertex,
                    sorted(
                        (s for s in drawing.gaps[rank - 1] if s.lower == i and rank),
                        key=lambda s: above[s.upper],
                    ),
                )
                go_out(drawing, vertex, [s for s in drawing.gaps[rank] if s.upper == i], below)


def come_in(drawing: Layered, vertex: Vertex, segments: list[Segment]) -> None:
    """One wire comes in at the axis; of two the main one does, beside the other; more are spread
    evenly."""
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


def go_out(
    drawing: Layered, vertex: Vertex, segments: list[Segment], below: dict[int, int]
) -> None:
    """The main value, which goes to the box that stands next, goes out at the axis; others with
    room for labels."""
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
