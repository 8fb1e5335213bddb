"""The x positions of the vertices of ordered layers, with long wires and main paths straight.

As in Brandes & Köpf (2001), Fast and simple horizontal coordinate assignment, vertices are first
aligned into columns that do not cross, and the columns are then packed. Their four alignments would
centre a path among its branches; here one alignment keeps the path straight and its branches beside
it. At the end each column moves to the median of its neighbours, as far as adjacent columns
permit."""

from itertools import pairwise

from cnnspec.report.diagram.layers import LayeredGraph, Segment

BETWEEN, BESIDE = 26, 14  # pixels between two boxes, and beside a bend
PORT = 16  # pixels between the places where wires come in
MOVES = 16


def align_vertices(drawing: LayeredGraph) -> None:
    """Set x of each vertex, from 0 on. The layers must be ordered and the ports set."""
    columns = Columns(drawing)
    columns.pack()
    for turn in range(MOVES):
        if not columns.settle(reverse=turn % 2 == 0):
            break
    start = min((v.x - v.left for v in drawing.vertices), default=0)
    for vertex in drawing.vertices:
        vertex.x -= start


def upper_port(drawing: LayeredGraph, segment: Segment) -> int:
    """The distance from the upper vertex's axis at which a segment begins."""
    return drawing.vertices[segment.upper].bottoms.get(drawing.wires[segment.wire].value, 0)


def lower_port(drawing: LayeredGraph, segment: Segment) -> int:
    """The distance from the lower vertex's axis at which a segment ends."""
    return drawing.vertices[segment.lower].tops.get(drawing.wires[segment.wire].value, 0)


class Columns:
    """Columns of aligned vertices, each with its distance from the first of its column."""

    def __init__(self, drawing: LayeredGraph):
        self.drawing = drawing
        n = len(drawing.vertices)
        self.column, self.offset = [*range(n)], [0] * n
        self.members = {i: [i] for i in range(n)}
        for rank, gap in enumerate(drawing.gaps[:-1]):
            self.align(rank, gap)
        self.x = dict.fromkeys(self.members, 0)
        # for each column: other columns, with distance and weight
        self.links: dict[int, list[tuple[int, int, int]]] = {c: [] for c in self.members}
        for gap in drawing.gaps:
            for segment in gap:
                self.link(segment)
        self.before, self.after = self.neighbours()

    def align(self, rank: int, gap: list[Segment]) -> None:
        """Align vertices across one gap: bends first, then main paths; never across another."""
        vertices = self.drawing.vertices
        above = {v: i for i, v in enumerate(self.drawing.layers[rank])}
        below = {v: i for i, v in enumerate(self.drawing.layers[rank + 1])}
        fans: dict[tuple[str, int], list[Segment]] = {}
        for s in gap:
            fans.setdefault(("out", s.upper), []).append(s)
            fans.setdefault(("in", s.lower), []).append(s)

        def urgency(s: Segment) -> tuple[int, int, int]:
            lane = vertices[s.upper].bend and vertices[s.lower].bend
            main = self.drawing.main.get(s.lower) == s.wire
            if lane or main:
                return (0 if lane else 1), s.lower, -s.upper
            return (3 if s.dashed else 2), s.lower, -s.upper

        taken: list[tuple[int, int]] = []
        for s in sorted(gap, key=urgency):
            lane = urgency(s)[0] == 0
            pair = above[s.upper], below[s.lower]
            straight = lane or self.goes_on(s, fans["out", s.upper], fans["in", s.lower])
            if straight and all((pair[0] - a) * (pair[1] - b) > 0 for a, b in taken):
                taken.append(pair)
                self.join(s)

    def goes_on(self, s: Segment, out: list[Segment], into: list[Segment]) -> bool:
        """Whether a path continues straight: of several branches only one that is the longest."""
        if len(into) > 2:
            return False
        below = self.drawing.below
        others = [below[o.lower] if o.lower < len(below) else 0 for o in out if o.lower != s.lower]
        if len(out) <= 2 or self.drawing.vertices[s.upper].bend:
            return True
        return s.lower < len(below) and below[s.lower] > max(others)

    def join(self, segment: Segment) -> None:
        """Add the lower vertex of a segment to the column of the upper one."""
        top, bottom = self.column[segment.upper], segment.lower
        self.offset[bottom] = (
            self.offset[segment.upper]
            + upper_port(self.drawing, segment)
            - lower_port(self.drawing, segment)
        )
        self.column[bottom] = top
        self.members[top] += self.members.pop(bottom)

    def link(self, s: Segment) -> None:
        """Record the distance of two columns at which a segment between them is straight."""
        a, b = self.column[s.upper], self.column[s.lower]
        if a != b:
            far = self.offset[s.upper] + upper_port(self.drawing, s)
            far -= self.offset[s.lower] + lower_port(self.drawing, s)
            bends = self.drawing.vertices[s.upper].bend + self.drawing.vertices[s.lower].bend
            self.links[a].append((b, -far, 1 + bends))
            self.links[b].append((a, far, 1 + bends))

    def neighbours(self) -> tuple[dict[int, dict[int, int]], dict[int, dict[int, int]]]:
        """For each column the adjacent columns left and right, with their least distances."""
        before: dict[int, dict[int, int]] = {c: {} for c in self.members}
        after: dict[int, dict[int, int]] = {c: {} for c in self.members}
        for layer in self.drawing.layers:
            for i, j in pairwise(layer):
                u, v = self.drawing.vertices[i], self.drawing.vertices[j]
                space = BESIDE if u.bend or v.bend else BETWEEN
                apart = u.right + space + v.left + self.offset[i] - self.offset[j]
                a, b = self.column[i], self.column[j]
                before[b][a] = after[a][b] = max(apart, before[b].get(a, apart))
        return before, after

    def pack(self) -> None:
        """Put every column as far left as possible (the longest path from the left)."""
        waiting = {c: len(self.before[c]) for c in self.members}
        ready = [c for c, n in waiting.items() if not n]
        self.sequence = []
        while ready:
            column = ready.pop()
            self.sequence.append(column)
            for other, apart in self.after[column].items():
                self.x[other] = max(self.x[other], self.x[column] + apart)
                waiting[other] -= 1
                if not waiting[other]:
                    ready.append(other)
        self.write()

    def settle(self, reverse: bool) -> bool:
        """Move each column to the median of its neighbours; return whether one has moved."""
        moved = False
        for column in reversed(self.sequence) if reverse else self.sequence:
            targets = sorted(
                self.x[other] + far
                for other, far, weight in self.links[column]
                for _ in range(weight)
            )
            if not targets:
                continue
            target = (targets[(len(targets) - 1) // 2] + targets[len(targets) // 2]) // 2
            low = max(
                (self.x[c] + apart for c, apart in self.before[column].items()), default=target
            )
            high = min(
                (self.x[c] - apart for c, apart in self.after[column].items()), default=target
            )
            new = min(max(target, low), high) if low <= high else self.x[column]
            moved = moved or new != self.x[column]
            self.x[column] = new
        self.write()
        return moved

    def write(self) -> None:
        for i, vertex in enumerate(self.drawing.vertices):
            vertex.x = self.x[self.column[i]] + self.offset[i]
