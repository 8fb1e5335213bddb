"""The layers of a drawing, from the top down: the first step of Sugiyama, Tagawa & Toda (1981),
Methods for visual understanding of hierarchical system structures.

A vertex stands below all that it reads, as high as it can (the longest path). A wire that passes
layers goes through a bend in each of them, the same for all of its ends: they share a lane."""

from typing import NamedTuple


class End(NamedTuple):
    """Where a wire ends: at a vertex, perhaps for its size alone (``dashed``)."""

    vertex: int
    dashed: bool = False


class Wire:
    """One value on its way from the vertex that gives it to those that read it. ``label`` is its
    width in pixels."""

    __slots__ = ("ends", "label", "source", "text", "value")

    def __init__(self, value: int, source: int, ends: list[End], text: str = "", label: int = 0):
        self.value, self.source, self.ends = value, source, ends
        self.text, self.label = text, label


class Vertex:
    """Something with a place: a box, a port or a bend. ``left`` and ``right`` are how far it
    reaches from its axis.

    ``tops`` and ``bottoms`` are where wires come in and go out, by their value, counted from the
    axis; where the vertex has no wishes they are worked out once the order of the wires is known.
    """

    __slots__ = ("bend", "bottoms", "height", "left", "rank", "right", "tops", "x", "y")

    def __init__(self, left: int, right: int, height: int, bend: bool = False):
        self.left, self.right, self.height, self.bend = left, right, height, bend
        self.tops: dict[int, int] = {}
        self.bottoms: dict[int, int] = {}
        self.rank = self.x = self.y = 0


class Segment(NamedTuple):
    """A wire's way from one layer to the next: from a vertex to a vertex below it."""

    wire: int
    upper: int
    lower: int
    dashed: bool = False


class Layered:
    """Vertices in layers, each layer from left to right, and the segments between each layer and
    the next."""

    def __init__(self, vertices: list[Vertex], wires: list[Wire], last: set[int]):
        """``last`` are vertices that stand in the last layer. Vertices come after those that they
        read."""
        self.vertices, self.wires = vertices, wires
        self.rank(last)
        self.layers: list[list[int]] = [
            [] for _ in range(1 + max((v.rank for v in vertices), default=0))
        ]
        for i, vertex in enumerate(vertices):
            self.layers[vertex.rank].append(i)
        self.gaps: list[list[Segment]] = [[] for _ in self.layers]  # below each layer
        self.bends: dict[tuple[int, int], int] = {}  # by wire and layer
        self.below = [0] * len(vertices)  # the longest path that goes on from each vertex
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
        """The main wire that comes into each vertex: that with the longest way behind it, of equal
        ones the first."""
        behind, found = [0] * len(self.vertices), dict[int, int]()
        for w, wire in sorted(enumerate(self.wires), key=lambda item: item[1].source):
            for end in wire.ends:
                if not end.dashed and behind[wire.source] + 1 > behind[end.vertex]:
                    behind[end.vertex], found[end.vertex] = behind[wire.source] + 1, w
        return found

    def connect(self, w: int, wire: Wire) -> None:
        """Lead a wire through the layers: a bend in each one that it passes."""
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
