"""How large boxes are."""

from cnnspec.report.diagram import metrics
from cnnspec.report.diagram.fold import Part
from cnnspec.report.diagram.words import says

LINE, PAD, NARROW = (
    15,
    10,
    76,
)  # pixels: a line of text, a box's border to its text, the narrowest box
STACK = 3  # how far the second box of a stack looks out


def height(part: Part) -> int:
    """How high a part's box is."""
    return LINE * len(says(part)) + PAD + (STACK if stacked(part) else 0)


def is_wide(part: Part) -> bool:
    """Whether a box is as wide as others: joins and inputs are not."""
    return bool(part.block) or (
        part.nodes[0].op.role not in ("join", "shape") and part.nodes[0].kind != "input"
    )


def half_width(part: Part) -> int:
    """Half of the width that a box's text needs."""
    lines = says(part)
    wide = max(metrics.width(lines[0], metrics.LARGE, True), *map(metrics.width, lines)) + 2 * PAD
    return max(wide, NARROW) // 2


def stacked(part: Part) -> bool:
    """Whether a box stands for several."""
    return part.times > 1 or part.together > 1
