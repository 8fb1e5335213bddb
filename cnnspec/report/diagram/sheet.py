"""What is laid out, before it is drawn: boxes, lines and labels, each with its place in pixels."""

from typing import NamedTuple

from cnnspec.report.diagram.fold import Part


class Box(NamedTuple):
    """A part with its place, or the frame around an opened one. ``lines`` are what it says."""

    part: Part
    x: int
    y: int
    width: int
    height: int
    lines: tuple[str, ...]
    frame: bool = False


class Line(NamedTuple):
    """A wire from corner to corner. ``part`` is the box at its end, or "" where it leaves the
    sheet."""

    values: tuple[int, ...]
    part: str
    corners: list[tuple[int, int]]
    dashed: bool
    arrow: bool


class Label(NamedTuple):
    """A shape beside a wire: where its baseline begins."""

    x: int
    y: int
    text: str


class Sheet:
    """Boxes, lines and labels, with the places where values come in at the top and go out at the
    bottom."""

    def __init__(self) -> None:
        self.boxes: list[Box] = []
        self.lines: list[Line] = []
        self.labels: list[Label] = []
        self.headings: list[Label] = []
        self.badges: list[Label] = []
        self.tops: dict[int, int] = {}
        self.bottoms: dict[int, int] = {}
        self.width = self.height = 0
        self.title = ""

    def put(self, other: "Sheet", x: int, y: int) -> None:
        """Lay another sheet onto this one."""
        self.boxes += [b._replace(x=b.x + x, y=b.y + y) for b in other.boxes]
        self.labels += [Label(b.x + x, b.y + y, b.text) for b in other.labels]
        self.headings += [Label(b.x + x, b.y + y, b.text) for b in other.headings]
        self.badges += [Label(b.x + x, b.y + y, b.text) for b in other.badges]
        self.lines += [
            n._replace(corners=[(a + x, b + y) for a, b in n.corners]) for n in other.lines
        ]
        self.width, self.height = (
            max(self.width, x + other.width),
            max(self.height, y + other.height),
        )
