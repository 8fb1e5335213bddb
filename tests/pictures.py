"""Reading a picture back from its SVG: boxes, frames, wires and labels, with their places."""

import re
from itertools import pairwise
from typing import NamedTuple
from xml.etree import ElementTree

from cnnspec.report.diagram.metrics import width

SVG = "{http://www.w3.org/2000/svg}"


class Rect(NamedTuple):
    x: int
    y: int
    right: int
    bottom: int

    def meets(self, other: "Rect") -> bool:
        """Whether two rectangles overlap; to touch is not to overlap."""
        return (self.x < other.right and other.x < self.right and self.y < other.bottom and other.y < self.bottom)


class Wire(NamedTuple):
    values: tuple[str, ...]
    part: str
    ways: list[tuple[tuple[int, int], tuple[int, int]]]  # straight, from point to point


def rect(element: ElementTree.Element) -> Rect:
    x, y, w, h = (int(element.attrib[key]) for key in ("x", "y", "width", "height"))
    return Rect(x, y, x + w, y + h)


class Picture:
    """What an SVG shows. Raises ParseError where it is no XML."""

    def __init__(self, text: str):
        self.root = ElementTree.fromstring(text)
        _, _, self.width, self.height = map(int, self.root.attrib["viewBox"].split())
        self.boxes: list[tuple[str, Rect]] = []
        self.frames: list[tuple[str, Rect]] = []
        for group in self.root.iter(f"{SVG}g"):
            found = [rect(e) for e in group.iter(f"{SVG}rect")]
            whole = Rect(min(r.x for r in found), min(r.y for r in found), max(r.right for r in found),
                         max(r.bottom for r in found))
            target = self.boxes if group.attrib["class"] == "cnn-box" else self.frames
            target.append((group.attrib["data-part"], whole))
        self.labels = [label(e) for e in self.root.iter(f"{SVG}text") if e.get("text-anchor") != "middle"]
        paths = [e for e in self.root.iter(f"{SVG}path") if e.get("class") == "cnn-wire"]
        self.wires = [Wire(tuple(e.attrib["data-from"].split("/")), e.attrib["data-to"], ways(e.attrib["d"]))
                      for e in paths]


def label(element: ElementTree.Element) -> tuple[str, Rect]:
    """A label with an upper bound of what it covers."""
    text, x, y = element.text or "", int(element.attrib["x"]), int(element.attrib["y"])
    wide = width(text, int(element.get("font-size", "11")), bold="font-weight" in element.attrib)
    left = {"end": x - wide, "middle": x - wide // 2}.get(element.get("text-anchor", "start"), x)
    return text, Rect(left, y - 9, left + wide, y + 2)


def ways(d: str) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """The straight ways of a path; round corners are taken for straight cuts."""
    points = []
    for command, numbers in re.findall(r"([MLQ])([-\d ]+)", d):
        values = [int(n) for n in numbers.split()]
        assert len(values) == (4 if command == "Q" else 2), d
        points.append((values[-2], values[-1]))
    return list(pairwise(points))
