"""Frames: the border of an opened part around its own sheet, with a band for its title."""

from cnnspec.problems import visible
from cnnspec.report.diagram import boxes, metrics
from cnnspec.report.diagram.fold import Part
from cnnspec.report.diagram.sheet import Line, Sheet
from cnnspec.report.diagram.words import LONGEST, counted, names

TITLE, MARGIN = 20, 12  # the band of a frame's title, and what a frame keeps free at its sides


def around(part: Part, inner: Sheet) -> Sheet:
    """A sheet with the frame of its part; the title stands where no wire goes through it."""
    room = inner.width - max(inner.tops.values(), default=0)
    result = Sheet()
    result.title = title(part, room + MARGIN - 2 * boxes.PAD)
    result.put(inner, MARGIN, TITLE)
    result.tops = {value: x + MARGIN for value, x in inner.tops.items()}
    result.bottoms = {value: x + MARGIN for value, x in inner.bottoms.items()}
    result.lines = [lengthened(line, inner) for line in result.lines]
    result.width += max(MARGIN, metrics.width(result.title) + 2 * boxes.PAD - room)
    return result


def title(part: Part, room: int) -> str:
    """What stands in the band of an opened part: its name, and its block where there is room."""
    full = f"{names(part)} · {visible(part.block, LONGEST)}{counted(part)}"
    return full if metrics.width(full) <= room else names(part) + counted(part)


def lengthened(line: Line, inner: Sheet) -> Line:
    """A line that begins where a value comes into a sheet, from the border of the frame around
    it."""
    corners = [*line.corners]
    if corners[0][1] == TITLE and line.values[0] in inner.tops:
        corners[0] = (corners[0][0], 0)
    return line._replace(corners=corners)
