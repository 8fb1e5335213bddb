"""Lay out parts and the wires between them on a canvas; an opened part is a frame with its own."""

from cnnspec.graph.model import Node
from cnnspec.problems import visible
from cnnspec.report.diagram import align, boxes, canvas, layers, route, style
from cnnspec.report.diagram.boxes import LONGEST, box_lines
from cnnspec.report.diagram.canvas import Box, Canvas, TextLabel, WireLine
from cnnspec.report.diagram.fold import DiagramPart, Folder
from cnnspec.report.diagram.layers import LayeredGraph, Vertex, Wire, WireEnd
from cnnspec.units import format_shape

UNIFORM = 80  # pixels: boxes get the width of the widest box whose half width is at most this
FRAME, PANEL, COLUMN = "frame", "panel", "column"  # what a canvas is part of


def compose_canvas(folder: Folder, parts: tuple[DiagramPart, ...], kind: str = PANEL) -> Canvas:
    """The canvas of parts, which is a PANEL, a COLUMN of a page, or inside a FRAME.

    In a frame or a column, incoming values are labelled outside, and outgoing wires continue."""
    return Composition(folder, parts, kind).laid_out()


class Composition:
    """The layout of one canvas."""

    def __init__(self, folder: Folder, parts: tuple[DiagramPart, ...], kind: str):
        self.folder, self.parts, self.kind = folder, parts, kind
        self.nodes = {n.index: n for part in parts for n in part.nodes}
        self.inner = {i: compose_frame(folder, part) for i, part in enumerate(parts) if part.inner}
        owner = {n.index: i for i, part in enumerate(parts) for n in part.nodes}
        outside = {
            r.index: r for n in self.nodes.values() for r in n.inputs if r.index not in owner
        }
        self.entry, self.entries = outside, {value: i for i, value in enumerate(outside)}
        self.first = len(outside)  # the vertex of the first part
        self.owner = {value: i + self.first for value, i in owner.items()}
        halves = [
            boxes.box_half_width(part)
            for part in parts
            if not part.inner and boxes.is_wide_box(part)
        ]
        self.half = max((half for half in halves if half <= UNIFORM), default=0)
        labelled = {
            node: self.entry_label(node, len(outside)) if kind == PANEL else ""
            for node in outside.values()
        }
        self.vertices = [port_vertex(text) for text in labelled.values()]
        self.vertices += [self.vertex(i, part) for i, part in enumerate(parts)]
        # by value: the vertices that read it, and whether they only read its size
        self.wires: dict[int, dict[int, bool]] = {}
        for node in self.nodes.values():
            for k, read in enumerate(node.inputs):
                self.read(read.index, self.owner[node.index], k in node.op.size_only)
        self.exits: dict[int, int] = {}  # by vertex: its value
        for value in self.nodes:
            if value in folder.outputs or not self.nodes.keys() >= set(
                folder.readers.get(value, ())
            ):
                self.exits[len(self.vertices)] = value
                self.vertices.append(port_vertex(self.exit_label(value)))
                self.wires.setdefault(value, {})[len(self.vertices) - 1] = False

    def read(self, value: int, vertex: int, dashed: bool) -> None:
        if self.owner.get(value) != vertex:
            ends = self.wires.setdefault(value, {})
            ends[vertex] = ends.get(vertex, True) and dashed

    def entry_label(self, node: Node, several: int) -> str:
        name = f"{visible(self.folder.names[node.index], LONGEST)} " if several > 1 else ""
        return name + format_shape(node.output)

    def exit_label(self, value: int) -> str:
        """The label at the end of a wire that leaves a panel; "" for the panel's last value."""
        aside = self.kind == PANEL and value != max(self.nodes)
        return visible(self.folder.names[value].rpartition(".")[2], LONGEST) if aside else ""

    def vertex(self, i: int, part: DiagramPart) -> Vertex:
        """The vertex of a part. A frame's axis is where its first value enters."""
        if i not in self.inner:
            half = max(boxes.box_half_width(part), self.half if boxes.is_wide_box(part) else 0)
            stack = boxes.STACK if boxes.is_stacked(part) else 0
            return Vertex(half, half + stack, boxes.box_height(part))
        inner = self.inner[i]
        axis = next(iter(inner.tops.values()), inner.width // 2)
        made = Vertex(axis, inner.width - axis, inner.height)
        made.tops = {value: x - axis for value, x in inner.tops.items()}
        made.bottoms = {value: x - axis for value, x in inner.bottoms.items()}
        return made

    def within(self, value: int) -> int:
        """For a value of the last of several equal parts, that value in the drawn part."""
        at = self.owner.get(value, 0) - self.first
        if at not in self.inner or self.parts[at].times == 1:
            return value
        indices = [n.index for n in self.parts[at].nodes]
        return indices[indices.index(value) % len(self.parts[at].first)]

    def made_wires(self) -> list[tuple[Wire, tuple[int, ...]]]:
        """The wires, each with its values; parts that are drawn as one share a wire if possible."""
        bundles: dict[tuple[int, tuple[tuple[int, bool], ...]], list[int]] = {}
        for value, ends in self.wires.items():
            source = self.owner.get(value, self.entries.get(value, 0))
            together = source >= self.first and self.parts[source - self.first].together > 1
            alone = not together or any(
                end - self.first in self.inner or end in self.exits for end in ends
            )
            key = (source, tuple(sorted(ends.items())))
            bundles.setdefault((value, ()) if alone else key, []).append(value)
        found = []
        for values in bundles.values():
            value = values[0]
            source = self.owner.get(value, self.entries.get(value, 0))
            text = self.label(source, values)
            goals = [WireEnd(v, dashed) for v, dashed in sorted(self.wires[value].items())]
            found.append((Wire(value, source, goals, text, style.text_width(text)), tuple(values)))
        return sorted(found, key=lambda pair: (pair[0].source, pair[0].value))

    def label(self, source: int, values: list[int]) -> str:
        """The label of a wire where it leaves a box."""
        if source < self.first and self.kind == PANEL:
            return self.entry_label(self.entry[values[0]], self.first)
        if source < self.first or (
            source - self.first in self.inner and self.labelled_inside(values[0])
        ):
            return ""
        part = self.parts[source - self.first]
        if len(values) == 1:
            return boxes.describe_value(self.folder.names, part, self.nodes[values[0]])
        return boxes.join_shapes([format_shape(self.nodes[v].output) for v in values])

    def labelled_inside(self, value: int) -> bool:
        """Whether the shape of a value that leaves a frame is already shown inside the frame."""
        return self.nodes[value].output == self.nodes[self.within(value)].output

    def laid_out(self) -> Canvas:
        """The canvas with everything in its place."""
        made = self.made_wires()
        for wire, _ in made:  # a frame's ports are named after the values inside
            at = wire.source - self.first
            if at in self.inner:
                bottoms = self.vertices[wire.source].bottoms
                bottoms[wire.value] = bottoms.get(self.within(wire.value), 0)
        drawing = LayeredGraph(self.vertices, [wire for wire, _ in made], set(self.exits))
        layers.order_layers(drawing)
        route.spread_ports(drawing)
        align.align_vertices(drawing)
        result = Canvas()
        for (wire, values), ways in zip(made, route.route_wires(drawing), strict=True):
            self.put_wire(result, wire, values, ways)
        self.put_boxes(result)
        result.width = max(v.x + v.right for v in drawing.vertices)
        result.height = max(v.y + v.height for v in drawing.vertices)
        result.tops = {value: self.vertices[i].x for value, i in self.entries.items()}
        result.bottoms = {value: self.vertices[i].x for i, value in self.exits.items()}
        return result

    def put_wire(
        self, result: Canvas, wire: Wire, values: tuple[int, ...], ways: list[list[tuple[int, int]]]
    ) -> None:
        """Draw a wire to each of its ends, and its labels."""
        for end, way in zip(wire.ends, ways, strict=True):
            leaves = end.vertex in self.exits
            part = None if leaves else self.parts[end.vertex - self.first]
            arrow = not part.inner if part else self.ends(wire.value)
            line = WireLine(values, part.name if part else "", way, end.dashed, arrow)
            result.lines.append(line)
            if part and not part.inner:
                inwards = ACROSS if way[-1][0] < self.vertices[end.vertex].x else -ACROSS
                result.lines += [
                    line.replace(corners=fork_way(way, inwards * i))
                    for i in range(1, most_reads(part, wire.value))
                ]
            if leaves and (name := self.exit_label(self.exits[end.vertex])):
                result.labels.append(TextLabel(way[-1][0] + route.LABEL, way[-1][1] - 2, name))
        if wire.text:
            x, y = ways[0][0]
            result.labels.append(TextLabel(x + route.LABEL, y + 12, wire.text))

    def ends(self, value: int) -> bool:
        """Whether the wire of a value that leaves the canvas ends there, with an arrow."""
        return self.kind == PANEL or (self.kind == COLUMN and value in self.folder.outputs)

    def box(self, part: DiagramPart, v: Vertex) -> Box:
        """The box of a part around its axis, as wide as its text and its ports need."""
        half = max(boxes.box_half_width(part), self.half if boxes.is_wide_box(part) else 0)
        places = [*v.tops.values(), *v.bottoms.values(), 0]
        left, right = (
            max(half, route.STEP // 2 - min(places)),
            max(half, route.STEP // 2 + max(places)),
        )
        behind = boxes.STACK if boxes.is_stacked(part) else 0
        return Box(part, v.x - left, v.y, left + right + behind, v.height, box_lines(part))

    def put_boxes(self, result: Canvas) -> None:
        """Draw the boxes, and the frames with their contents."""
        for i, part in enumerate(self.parts):
            v = self.vertices[i + self.first]
            if i in self.inner:
                title = self.inner[i].title
                result.boxes.append(
                    Box(part, v.x - v.left, v.y, self.inner[i].width, v.height, (title,), True)
                )
                result.put(self.inner[i], v.x - v.left, v.y)
            else:
                result.boxes.append(self.box(part, v))


FORK, ACROSS = 10, 9  # pixels: an arrow forks so far above a box, and its heads are so far apart


def most_reads(part: DiagramPart, value: int) -> int:
    """Return how often a node of a part reads a value: 2 for an add of a value to itself."""
    return max(1, *(sum(r.index == value for r in n.inputs) for n in part.nodes))


def fork_way(way: list[tuple[int, int]], across: int) -> list[tuple[int, int]]:
    """Return the way of another head of an arrow, ``across`` pixels beside its first."""
    x, y = way[-1]
    return [(x, y - FORK), (x + across, y - FORK), (x + across, y)]


def port_vertex(label: str) -> Vertex:
    """The vertex at which a value enters or leaves."""
    return Vertex(6, max(6, style.text_width(label) + 2 * route.LABEL if label else 0), 0)


def compose_frame(folder: Folder, part: DiagramPart) -> Canvas:
    """The canvas of an opened part with its frame."""
    return canvas.add_frame(part, Composition(folder, part.inner, FRAME).laid_out())
