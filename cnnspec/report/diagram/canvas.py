"""The drawing: boxes, lines and labels at their places in pixels, and frames around blocks."""

from cnnspec.problems import visible
from cnnspec.records import Record
from cnnspec.report.diagram import boxes, style
from cnnspec.report.diagram.boxes import LONGEST, count_suffix, name_part
from cnnspec.report.diagram.fold import DiagramPart


class Box(Record):
    """The box of a part, or the frame around an opened one. ``lines`` are its text."""

    part: DiagramPart
    x: int
    y: int
    width: int
    height: int
    lines: tuple[str, ...]
    frame: bool = False


class WireLine(Record):
    """A wire from corner to corner. ``part`` is the box at its end, "" if it leaves the canvas."""

    values: tuple[int, ...]
    part: str
    corners: list[tuple[int, int]]
    dashed: bool
    arrow: bool


class TextLabel(Record):
    """A text, such as a shape beside a wire, and where its baseline begins."""

    x: int
    y: int
    text: str


class Canvas:
    """Boxes, lines and labels.

    ``tops`` and ``bottoms`` are the x positions at which values enter and leave, by value."""

    def __init__(self) -> None:
        self.boxes: list[Box] = []
        self.lines: list[WireLine] = []
        self.labels: list[TextLabel] = []
        self.headings: list[TextLabel] = []
        self.badges: list[TextLabel] = []
        self.tops: dict[int, int] = {}
        self.bottoms: dict[int, int] = {}
        self.width = self.height = 0
        self.title = ""

    def put(self, other: "Canvas", x: int, y: int) -> None:
        """Draw another canvas onto this one, with its origin at (x, y)."""
        self.boxes += [b.replace(x=b.x + x, y=b.y + y) for b in other.boxes]
        self.labels += [TextLabel(b.x + x, b.y + y, b.text) for b in other.labels]
        self.headings += [TextLabel(b.x + x, b.y + y, b.text) for b in other.headings]
        self.badges += [TextLabel(b.x + x, b.y + y, b.text) for b in other.badges]
        self.lines += [
            n.replace(corners=[(a + x, b + y) for a, b in n.corners]) for n in other.lines
        ]
        self.width, self.height = (
            max(self.width, x + other.width),
            max(self.height, y + other.height),
        )


TITLE, MARGIN = 20, 12  # the height of a frame's title, and the space at its sides


def add_frame(part: DiagramPart, inner: Canvas) -> Canvas:
    """A canvas with a frame around it; its title is where no wire crosses it."""
    free = inner.width - max(inner.tops.values(), default=0)
    result = Canvas()
    result.title = frame_title(part, free + MARGIN - 2 * boxes.PAD)
    result.put(inner, MARGIN, TITLE)
    result.tops = {value: x + MARGIN for value, x in inner.tops.items()}
    result.bottoms = {value: x + MARGIN for value, x in inner.bottoms.items()}
    result.lines = [extend_to_frame(line, inner) for line in result.lines]
    result.width += max(MARGIN, style.text_width(result.title) + 2 * boxes.PAD - free)
    return result


def frame_title(part: DiagramPart, width: int) -> str:
    """The title of an opened part: its name, and its block if that fits into ``width``."""
    full = f"{name_part(part)} · {visible(part.block, LONGEST)}{count_suffix(part)}"
    return full if style.text_width(full) <= width else name_part(part) + count_suffix(part)


def extend_to_frame(line: WireLine, inner: Canvas) -> WireLine:
    """A line that begins where a value enters a canvas, starting at the frame instead."""
    corners = [*line.corners]
    if corners[0][1] == TITLE and line.values[0] in inner.tops:
        corners[0] = (corners[0][0], 0)
    return line.replace(corners=corners)
