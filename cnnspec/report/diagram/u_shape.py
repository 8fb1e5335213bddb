"""Encoder-decoders as the U that their papers draw: down on the left, up on the right.

A network has this shape if each part reads the part before it, and parts of its second half also
read parts of its first half in reverse order, as in Ronneberger, Fischer & Brox (2015), figure 1.
"""

from collections.abc import Iterator
from itertools import pairwise

from cnnspec.records import Record
from cnnspec.report.diagram import boxes, style
from cnnspec.report.diagram.canvas import Box, Canvas, TextLabel, WireLine
from cnnspec.report.diagram.fold import DiagramPart, Folder
from cnnspec.report.diagram.route import LABEL

GAP, SIDE, BETWEEN = 38, 46, 18  # pixels: between rows, beside the middle, between two wires
BELOW_BADGE = 5  # pixels: the upper of two wires must not meet the letter of the box
MOST_VALUES = 2  # from a part of the encoder to one of the decoder


class UShape(Record):
    """The rows of a U from top to bottom: the left and the right part of each, or None.

    ``middle`` is the part at the bottom, if there is one between both halves."""

    rows: tuple[tuple[DiagramPart | None, DiagramPart | None], ...]
    middle: DiagramPart | None


class PartValue(Record):
    """A value that one part reads from another; ``dashed`` if only its size is read.

    ``number`` counts the reads of one node that reads it several times, from 0."""

    index: int
    source: int
    target: int
    number: int
    dashed: bool


def find_u_shape(folder: Folder, parts: tuple[DiagramPart, ...]) -> UShape | None:
    """Return how the parts of a network form a U, or None if they do not."""
    links: dict[tuple[int, int], list[PartValue]] = {}
    for value in find_values(parts):
        links.setdefault((value.source, value.target), []).append(value)
    last = len(parts) - 1
    skips = sorted(((a, b) for a, b in links if b > a + 1), reverse=True)
    chain = [links.get((i, i + 1), []) for i in range(last)]
    if len(skips) < 2 or any(part.inner or part.together > 1 for part in parts):
        return None
    if not all(chain) or any(len(values) > MOST_VALUES for values in links.values()):
        return None
    lefts, rights = [a for a, _ in skips], [b for _, b in skips]
    nested = len(set(lefts)) == len(lefts) and rights == sorted(set(rights))
    (inner, outer), outputs = skips[0], folder.outputs
    bottom = range(inner + 1, outer)
    half, odd = divmod(len(bottom), 2)
    turn = inner + half, outer - half  # where the left side ends and the right side begins
    straight = all(len(values) == 1 for i, values in enumerate(chain) if odd or (i, i + 1) != turn)
    inside = any(n.index in outputs for part in parts[:-1] for n in part.nodes)
    if not nested or not straight or inside or inner >= outer or lefts[0] >= rights[0]:
        return None
    rows = arrange_rows([(-1, last + 1), *reversed(skips), (turn[0] + 1, turn[1] - 1)], parts)
    return UShape(tuple(rows), parts[turn[0] + 1] if odd else None)


def arrange_rows(
    pairs: list[tuple[int, int]], parts: tuple[DiagramPart, ...]
) -> Iterator[tuple[DiagramPart | None, DiagramPart | None]]:
    """Yield the rows: each pair of parts side by side, and what is between two pairs above it."""
    for (left, right), (next_left, next_right) in pairwise(pairs):
        down = list(parts[left + 1 : next_left])
        up = list(reversed(parts[next_right + 1 : right]))
        for i in range(max(len(down), len(up))):
            yield (down[i] if i < len(down) else None), (up[i] if i < len(up) else None)
        if (next_left, next_right) != pairs[-1]:
            yield parts[next_left], parts[next_right]


def find_values(parts: tuple[DiagramPart, ...]) -> list[PartValue]:
    """Return the values that parts read from other parts, twice if a node reads one twice."""
    owner = {n.index: i for i, part in enumerate(parts) for n in part.nodes}
    found: dict[tuple[int, int, int], bool] = {}
    for target, part in enumerate(parts):
        for node in part.nodes:
            for k, read in enumerate(node.inputs):
                if owner[read.index] != target:
                    key = (read.index, target, node.inputs[:k].count(read))
                    found[key] = found.get(key, True) and k in node.op.size_only
    return [
        PartValue(value, owner[value], target, number, dashed)
        for (value, target, number), dashed in found.items()
    ]


def compose_u(folder: Folder, parts: tuple[DiagramPart, ...]) -> Canvas | None:
    """Return the canvas of parts that form a U, or None if they do not."""
    shape = find_u_shape(folder, parts)
    return UComposition(folder, parts, shape).laid_out() if shape else None


class UComposition:
    """The layout of a U: two columns of boxes, and a box between them at the bottom."""

    def __init__(self, folder: Folder, parts: tuple[DiagramPart, ...], shape: UShape):
        self.folder, self.parts, self.shape = folder, parts, shape
        self.values = find_values(parts)
        self.nodes = {n.index: n for part in parts for n in part.nodes}
        self.result = Canvas()
        self.boxes: dict[str, Box] = {}

    def laid_out(self) -> Canvas:
        """Place the boxes, then the wires between them."""
        lefts = [row[0] for row in self.shape.rows if row[0]]
        rights = [row[1] for row in self.shape.rows if row[1]]
        half = max(map(boxes.box_half_width, lefts))
        across = max(self.width_of_labels(), self.width_of_middle()) + 2 * SIDE
        start = half + half + across
        axes = half, start + max(map(boxes.box_half_width, rights))
        top = GAP  # the output leaves upwards
        for row in self.shape.rows:
            height = max(boxes.box_height(part) for part in row if part)
            for part, axis in zip(row, axes, strict=True):
                if part:
                    self.place(part, axis, top + (height - boxes.box_height(part)) // 2)
            top += height + GAP
        if self.shape.middle:
            self.place(self.shape.middle, half + half + across // 2, top)
        for value in self.values:
            self.connect(value)
        self.connect_output()
        self.result.boxes = list(self.boxes.values())
        self.result.height = max(b.y + b.height for b in self.result.boxes)
        right = max(b.x + b.width for b in self.result.boxes)
        texts = [label.x + style.text_width(label.text) for label in self.result.labels]
        self.result.width = max(right, *texts)
        return self.result

    def width_of_labels(self) -> int:
        """The width of the longest label between the two columns."""
        return max(style.text_width(self.label(v)) for v in self.values)

    def width_of_middle(self) -> int:
        return 2 * boxes.box_half_width(self.shape.middle) if self.shape.middle else 0

    def label(self, value: PartValue) -> str:
        return boxes.describe_value(
            self.folder.names, self.parts[value.source], self.nodes[value.index]
        )

    def place(self, part: DiagramPart, axis: int, top: int) -> None:
        half, behind = boxes.box_half_width(part), boxes.STACK if boxes.is_stacked(part) else 0
        width = 2 * half + behind
        self.boxes[part.name] = Box(
            part, axis - half, top, width, boxes.box_height(part), boxes.box_lines(part)
        )

    def connect(self, value: PartValue) -> None:
        """Draw the wire of a value: down, up, or across from the left to the right side."""
        source, target = (self.boxes[self.parts[i].name] for i in (value.source, value.target))
        x, goal = box_axis(source), box_axis(target)
        text = self.label(value)
        if x == goal:
            down = target.y > source.y
            start = source.y + source.height if down else source.y
            end = target.y if down else target.y + target.height
            self.wire(value, [(x, start), (x, end)])
            self.write(x + LABEL, start + 14 if down else end + 24, text)
        elif target.part is self.shape.middle:
            start, end = source.y + source.height, target.y + target.height // 2
            self.wire(value, [(x, start), (x, end), (target.x, end)])
            self.write(x + LABEL, start + 14, text)
        elif source.part is self.shape.middle:
            level, end = source.y + source.height // 2, target.y + target.height
            self.wire(value, [(source.x + source.width, level), (goal, level), (goal, end)])
            self.write(goal + LABEL, end + 24, text)
        else:
            pair = [v for v in self.values if (v.source, v.target) == (value.source, value.target)]
            shift = BETWEEN * pair.index(value) - BELOW_BADGE * (len(pair) - 1)
            level, start = target.y + target.height // 2 + shift, source.x + source.width
            self.wire(value, [(start, level), (target.x, level)])
            self.write(start + LABEL, level - 4, text)

    def connect_output(self) -> None:
        """Draw the wires of the outputs, up from the last part."""
        box = self.boxes[self.parts[-1].name]
        outputs = [n for n in self.parts[-1].nodes if n.index in self.folder.outputs]
        for i, node in enumerate(outputs):
            x = box_axis(box) + i * 2 * LABEL
            self.result.lines.append(WireLine((node.index,), "", [(x, box.y), (x, 4)], False, True))
        if outputs:
            text = boxes.describe_value(self.folder.names, self.parts[-1], outputs[-1])
            self.write(x + LABEL, 24, text)

    def wire(self, value: PartValue, corners: list[tuple[int, int]]) -> None:
        name = self.parts[value.target].name
        self.result.lines.append(WireLine((value.index,), name, corners, value.dashed, True))

    def write(self, x: int, y: int, text: str) -> None:
        self.result.labels.append(TextLabel(x, y, text))


def box_axis(box: Box) -> int:
    """Return the x of the middle of a box, without what is behind a stack."""
    return box.x + (box.width - (boxes.STACK if boxes.is_stacked(box.part) else 0)) // 2
