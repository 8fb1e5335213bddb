"""The layers of a drawing from the top down, and the order of the vertices in each.

Layers as in Sugiyama, Tagawa & Toda (1981), Methods for visual understanding of hierarchical system
structures: a vertex is below everything that it reads, as high as possible (the longest path). A
wire that passes layers has a bend in each of them, shared by all its ends.

The order has few crossings: by barycentres (ibid.) and by exchanging neighbours (Gansner,
Koutsofios, North & Vo 1993, A technique for drawing directed graphs, section 3)."""

from bisect import bisect_right

from cnnspec.records import Record


class WireEnd(Record):
    """The vertex at which a wire ends; ``dashed`` if it only reads the size."""

    vertex: int
    dashed: bool = False


class Wire:
    """The way of one value from its source to the vertices that read it.

    ``text`` is its label and ``label`` the label's width in pixels."""

    __slots__ = ("ends", "label", "source", "text", "value")

    def __init__(
        self, value: int, source: int, ends: list[WireEnd], text: str = "", label: int = 0
    ):
        self.value, self.source, self.ends = value, source, ends
        self.text, self.label = text, label


class Vertex:
    """Something with a place: a box, a port or a bend.

    ``left`` and ``right`` are the distances of its edges from its axis. ``tops`` and ``bottoms``
    are where wires enter and leave, by value, relative to the axis. They are set by spread_ports
    once the order of the wires is known, unless the vertex prescribes them."""

    __slots__ = ("bend", "bottoms", "height", "left", "rank", "right", "tops", "x", "y")

    def __init__(self, left: int, right: int, height: int, bend: bool = False):
        self.left, self.right, self.height, self.bend = left, right, height, bend
        self.tops: dict[int, int] = {}
        self.bottoms: dict[int, int] = {}
        self.rank = self.x = self.y = 0


class Segment(Record):
    """A part of a wire from a vertex to a vertex in the next layer."""

    wire: int
    upper: int
    lower: int
    dashed: bool = False


class LayeredGraph:
    """Vertices in layers, each layer from left to right, and the segments below each layer."""

    def __init__(self, vertices: list[Vertex], wires: list[Wire], last: set[int]):
        """``last`` are the vertices of the last layer. Vertices are after those that they read."""
        self.vertices, self.wires = vertices, wires
        self.rank(last)
        self.layers: list[list[int]] = [
            [] for _ in range(1 + max((v.rank for v in vertices), default=0))
        ]
        for i, vertex in enumerate(vertices):
            self.layers[vertex.rank].append(i)
        self.gaps: list[list[Segment]] = [[] for _ in self.layers]  # below each layer
        self.bends: dict[tuple[int, int], int] = {}  # by wire and layer
        self.below = [0] * len(vertices)  # the length of the longest path from each vertex
        for wire in sorted(wires, key=lambda wire: -wire.source):
            for end in wire.ends:
                self.below[wire.source] = max(self.below[wire.source], self.below[end.vertex] + 1)
        self.main = self.mains()
        for w, wire in enumerate(wires):
            self.connect(w, wire)

    def rank(self, last: set[int]) -> None:
        for wire in sorted(self.wires, key=lambda wire: wire.source):
            for end in wire.ends:
                vertex = self.vertices[end.vertex]
                vertex.rank = max(vertex.rank, self.vertices[wire.source].rank + 1)
        bottom = max((v.rank for v in self.vertices), default=0)
        if any(v.rank == bottom for i, v in enumerate(self.vertices) if i not in last):
            bottom += bool(last)
        for i in last:
            self.vertices[i].rank = bottom

    def mains(self) -> dict[int, int]:
        """The main wire into each vertex: the end of the longest path, the first of equal ones."""
        behind, found = [0] * len(self.vertices), dict[int, int]()
        for w, wire in sorted(enumerate(self.wires), key=lambda item: item[1].source):
            for end in wire.ends:
                if not end.dashed and behind[wire.source] + 1 > behind[end.vertex]:
                    behind[end.vertex], found[end.vertex] = behind[wire.source] + 1, w
        return found

    def connect(self, w: int, wire: Wire) -> None:
        """Lead a wire through the layers, with a bend in each layer that it passes."""
        start = self.vertices[wire.source].rank
        above = wire.source
        for rank in range(
            start + 1, max((self.vertices[e.vertex].rank for e in wire.ends), default=start)
        ):
            bend = len(self.vertices)
            self.vertices.append(Vertex(0, 0, 0, bend=True))
            self.vertices[bend].rank = rank
            self.layers[rank].append(bend)
            dashed = all(e.dashed for e in wire.ends if self.vertices[e.vertex].rank > rank - 1)
            self.gaps[rank - 1].append(Segment(w, above, bend, dashed))
            self.bends[w, rank] = above = bend
        for end in wire.ends:
            rank = self.vertices[end.vertex].rank - 1
            upper = self.bends.get((w, rank), wire.source)
            self.gaps[rank].append(Segment(w, upper, end.vertex, end.dashed))


SWEEPS = 12


def order_layers(drawing: LayeredGraph) -> None:
    """Sort each layer so that few wires cross; of equal orders the first found is kept.

    The first is the order of the lines of the spec."""
    best, fewest = [[*layer] for layer in drawing.layers], count_crossings(drawing)
    for sweep in range(SWEEPS):
        if not fewest:
            break
        ranks = (
            range(1, len(drawing.layers))
            if sweep % 2 == 0
            else range(len(drawing.layers) - 2, -1, -1)
        )
        for rank in ranks:
            gap = drawing.gaps[rank - 1] if sweep % 2 == 0 else drawing.gaps[rank]
            sort_by_barycentre(drawing, rank, gap, down=sweep % 2 == 0)
        exchange_neighbours(drawing)
        found = count_crossings(drawing)
        if found < fewest:
            best, fewest = [[*layer] for layer in drawing.layers], found
    drawing.layers[:] = best


def sort_by_barycentre(drawing: LayeredGraph, rank: int, gap: list[Segment], down: bool) -> None:
    """Sort a layer by the mean place of each vertex's neighbours in the layer before.

    Vertices without neighbours keep their places."""
    place = {v: i for i, v in enumerate(drawing.layers[rank - 1 if down else rank + 1])}
    pulls: dict[int, list[int]] = {}
    for segment in gap:
        here, there = (segment.lower, segment.upper) if down else (segment.upper, segment.lower)
        pulls.setdefault(here, []).append(place[there])
    layer = drawing.layers[rank]
    free = [i for i, v in enumerate(layer) if v in pulls]
    ranked = sorted((layer[i] for i in free), key=lambda v: sum(pulls[v]) / len(pulls[v]))
    for i, v in zip(free, ranked, strict=True):
        layer[i] = v


def exchange_neighbours(drawing: LayeredGraph) -> None:
    """Exchange neighbours in a layer as long as that saves crossings."""
    for rank, layer in enumerate(drawing.layers):
        links: list[dict[int, list[int]]] = [{}, {}]
        for side, gap in ((0, drawing.gaps[rank - 1] if rank else []), (1, drawing.gaps[rank])):
            there = drawing.layers[rank - 1 if side == 0 else (rank + 1) % len(drawing.layers)]
            place = {v: i for i, v in enumerate(there)}
            for segment in gap:
                here, other = (
                    (segment.lower, segment.upper) if side == 0 else (segment.upper, segment.lower)
                )
                links[side].setdefault(here, []).append(place[other])
        better = True
        while better:
            better = False
            for i in range(len(layer) - 1):
                a, b = layer[i], layer[i + 1]
                if count_saved_crossings(links, a, b) > 0:
                    layer[i], layer[i + 1] = b, a
                    better = True


def count_saved_crossings(links: list[dict[int, list[int]]], a: int, b: int) -> int:
    """The number of crossings saved by putting ``b`` before ``a``."""
    pairs = [(x, y) for side in links for x in side.get(a, ()) for y in side.get(b, ())]
    return sum(x > y for x, y in pairs) - sum(x < y for x, y in pairs)


def count_crossings(drawing: LayeredGraph) -> int:
    """The number of crossings of straight segments: the inversions of their lower ends."""
    total = 0
    for rank, gap in enumerate(drawing.gaps[:-1]):
        above = {v: i for i, v in enumerate(drawing.layers[rank])}
        below = {v: i for i, v in enumerate(drawing.layers[rank + 1])}
        seen: list[int] = []
        for _, end in sorted((above[s.upper], below[s.lower]) for s in gap):
            at = bisect_right(seen, end)
            total += len(seen) - at
            seen.insert(at, end)
    return total
