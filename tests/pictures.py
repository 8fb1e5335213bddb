"""Read a picture from its SVG: boxes, frames, wires and labels, and what is wrong with them."""

import re
from collections.abc import Iterable
from itertools import combinations, pairwise
from xml.etree import ElementTree

from cnnspec.graph.model import Node
from cnnspec.records import Record
from cnnspec.report.diagram.style import LARGE, text_width

SVG = "{http://www.w3.org/2000/svg}"
SHOWN = [
    "lenet5",
    "resnet50",
    "googlenet",
    "unet",
    "retinanet_resnet50_fpn",
    "ssd300_vgg16",
    "densenet121",
    "siamese",
    "nasnetalarge",
    "segnet",
]  # as different as pictures can be


class Rect(Record):
    """A rectangle by its left, upper, right and lower edge."""

    x: int
    y: int
    right: int
    bottom: int

    def meets(self, other: "Rect") -> bool:
        """Whether two rectangles overlap; to touch is not to overlap."""
        return (
            self.x < other.right
            and other.x < self.right
            and self.y < other.bottom
            and other.y < self.bottom
        )


class Wire(Record):
    """A wire with its values, the part at its end, and its straight segments."""

    values: tuple[str, ...]
    part: str
    ways: list[tuple[tuple[int, int], tuple[int, int]]]  # straight, from point to point


def rect(element: ElementTree.Element) -> Rect:
    x, y, w, h = (int(element.attrib[key]) for key in ("x", "y", "width", "height"))
    return Rect(x, y, x + w, y + h)


class Picture:
    """The contents of an SVG. Raises ParseError if it is not XML."""

    def __init__(self, text: str):
        self.root = ElementTree.fromstring(text)
        _, _, self.width, self.height = map(int, self.root.attrib["viewBox"].split())
        self.boxes: list[tuple[str, Rect]] = []
        self.frames: list[tuple[str, Rect]] = []
        for group in self.root.iter(f"{SVG}g"):
            found = [rect(e) for e in group.iter(f"{SVG}rect")]
            whole = Rect(
                min(r.x for r in found),
                min(r.y for r in found),
                max(r.right for r in found),
                max(r.bottom for r in found),
            )
            target = self.boxes if group.attrib["class"] == "cnn-box" else self.frames
            target.append((group.attrib["data-part"], whole))
        self.labels = [
            label(e) for e in self.root.iter(f"{SVG}text") if e.get("text-anchor") != "middle"
        ]
        paths = [e for e in self.root.iter(f"{SVG}path") if e.get("class") == "cnn-wire"]
        self.wires = [
            Wire(tuple(e.attrib["data-from"].split("/")), e.attrib["data-to"], ways(e.attrib["d"]))
            for e in paths
        ]


def label(element: ElementTree.Element) -> tuple[str, Rect]:
    """A label with an upper bound of its extent."""
    text, x, y = element.text or "", int(element.attrib["x"]), int(element.attrib["y"])
    wide = text_width(
        text, int(element.get("font-size", "11")), bold="font-weight" in element.attrib
    )
    left = {"end": x - wide, "middle": x - wide // 2}.get(element.get("text-anchor", "start"), x)
    return text, Rect(left, y - 9, left + wide, y + 2)


def ways(d: str) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """The straight segments of a path; rounded corners count as straight cuts."""
    points = []
    for command, numbers in re.findall(r"([MLQ])([-\d ]+)", d):
        values = [int(n) for n in numbers.split()]
        assert len(values) == (4 if command == "Q" else 2), d
        points.append((values[-2], values[-1]))
    return list(pairwise(points))


def owner(node: Node, drawn: set[str]) -> str | None:
    """The box of a node; None for a node of a folded part other than the first."""
    names = [node.row, *(".".join(node.call.trail[:i]) for i in range(len(node.call.trail), 0, -1))]
    return next((name for name in names if name in drawn), None)


def overlaps(picture: Picture) -> list[tuple[str, str]]:
    """The overlaps of boxes and labels, and the wires that cross a box or a label."""
    found = [
        (a, b)
        for (a, r), (b, s) in combinations([*picture.boxes, *picture.labels], 2)
        if r.meets(s)
    ]
    for wire in picture.wires:
        for (x1, y1), (x2, y2) in wire.ways:
            # as a line has no width, it is taken for one pixel wide
            line = Rect(
                min(x1, x2), min(y1, y2), max(x1, x2) + (x1 == x2), max(y1, y2) + (y1 == y2)
            )
            through = [name for name, r in [*picture.boxes, *picture.labels] if r.meets(line)]
            found += [(wire.part, name) for name in through]
    return found


def along(picture: Picture) -> list[tuple[str, str]]:
    """The wires of two values that run along each other, so that they look like one."""
    found = []
    for a, b in combinations(picture.wires, 2):
        for across in (0, 1):
            lines = [
                [
                    (
                        min(p[1 - across], q[1 - across]),
                        max(p[1 - across], q[1 - across]),
                        p[across],
                    )
                    for p, q in wire.ways
                    if p[across] == q[across]
                ]
                for wire in (a, b)
            ]
            if a.values != b.values and any(
                m[2] == n[2] and m[0] < n[1] and n[0] < m[1] for m in lines[0] for n in lines[1]
            ):
                found.append((a.values[0], b.values[0]))
    return found


def missing(nodes: Iterable[Node], drawn: set[str], picture: Picture) -> list[tuple[str, str]]:
    """The edges between ``drawn`` nodes that have no wire and are not inside a box."""
    assert drawn <= {name for name, _ in picture.boxes}
    there = {(value, wire.part) for wire in picture.wires for value in wire.values}
    found = []
    for node in nodes:
        target = owner(node, drawn)
        for read in node.inputs:
            if (
                target is not None
                and owner(read, drawn) != target
                and (read.name, target) not in there
            ):
                found.append((read.name, target))
    return found


def outside(picture: Picture) -> list[str]:
    page = Rect(0, 0, picture.width, picture.height)
    everything = [*picture.boxes, *picture.frames, *picture.labels]
    found = [
        name
        for name, r in everything
        if r.x < 0 or r.y < 0 or r.right > page.right or r.bottom > page.bottom
    ]
    points = [p for wire in picture.wires for way in wire.ways for p in way]
    return found + [
        str(p) for p in points if not (0 <= p[0] <= page.right and 0 <= p[1] <= page.bottom)
    ]


def arrive(picture: Picture) -> list[str]:
    """The wires that do not end at the border of their box or frame.

    They come from above, or in a U also from the left or from below."""
    found: dict[str, list[Rect]] = {}
    for name, r in [*picture.boxes, *picture.frames]:
        found.setdefault(name, []).append(r)
    ends = [(wire.part, wire.ways[-1][1]) for wire in picture.wires if wire.part]
    return [
        part
        for part, (x, y) in ends
        if not any(
            (r.x < x < r.right and (r.y - y in (0, 8) or y - r.bottom == 8))
            or (r.y < y < r.bottom and r.x - x == 8)
            for r in found[part]
        )
    ]


def unfit(picture: Picture) -> list[str]:
    """The texts that are wider than their box."""
    found = []
    for group in picture.root.iter(f"{SVG}g"):
        wide = int(next(group.iter(f"{SVG}rect")).attrib["width"])
        for text in group.iter(f"{SVG}text"):
            bold, size = "font-weight" in text.attrib, LARGE if "font-size" in text.attrib else 11
            if text.get("class") != "cnn-letter" and text_width(text.text or "", size, bold) > wide:
                found.append(text.text or "")
    return found
