"""A page: the network in columns, cut where a single value continues, and panels beside them."""

from collections.abc import Iterator
from itertools import accumulate

from cnnspec.problems import visible
from cnnspec.report.diagram import style
from cnnspec.report.diagram.boxes import LINE
from cnnspec.report.diagram.canvas import Canvas, TextLabel, WireLine
from cnnspec.report.diagram.compose import COLUMN, PANEL, compose_canvas
from cnnspec.report.diagram.contents import Contents, Panel
from cnnspec.report.diagram.fold import DiagramPart, Folder
from cnnspec.report.diagram.u_shape import compose_u

WIDE, TALL = 680, 940  # a book's page in pixels, at the size of its text
EDGE, GUTTER, BELOW = 14, 34, 30  # space at the border, between columns, and below a panel
HEADING, BADGE = 26, 22  # the height of a panel's heading, and the width of its letter
COLUMNS = 6
WORTH = 1.1  # how much larger a page must be printed to be worth another column
NARROWEST = 260


def arrange_page(made: Contents) -> Canvas:
    """The page, arranged so that it can be printed as large as possible."""
    insides = [compose_canvas(made.folder, panel.parts, PANEL) for panel in made.panels]
    ready = [
        add_panel_heading(panel, inside) for panel, inside in zip(made.panels, insides, strict=True)
    ]
    best, largest, most = Canvas(), 0.0, 0
    for columns in split_into_columns(made):
        for found in arrange_panels(join_columns(columns), columns, ready):
            scale = min(1.0, WIDE / found.width, TALL / found.height)
            if scale > largest * (1 if len(columns) == most else WORTH):
                best, largest, most = found, scale, len(columns)
    best.width += EDGE
    best.height += EDGE
    return best


def add_caption(below: Canvas, title: str, caption: list[str]) -> Canvas:
    """A page below its title and a caption of as few lines as its width permits."""
    lines: list[str] = []
    for piece in caption:
        longer = f"{lines[-1]} · {piece}" if lines else piece
        if lines and style.text_width(longer) <= max(below.width, NARROWEST) - 2 * EDGE:
            lines[-1] = longer
        else:
            lines.append(piece)
    result = Canvas()
    result.put(below, 0, 2 * EDGE + LINE * len(lines))
    result.headings.append(TextLabel(EDGE, EDGE + 10, title))
    result.labels += [
        TextLabel(EDGE, EDGE + 10 + LINE * (i + 1), line) for i, line in enumerate(lines)
    ]
    texts = [style.text_width(title, style.LARGE, bold=True), *map(style.text_width, lines)]
    result.width = max(result.width, *(2 * EDGE + text for text in texts))
    return result


def split_into_columns(made: Contents) -> list[list[Canvas]]:
    """The network as a U, or in one column, in two, and so on, as far as it can be cut."""
    if (whole := compose_u(made.folder, made.parts)) is not None:
        return [[whole]]
    pieces = cut_into_pieces(made.folder, made.parts)
    heights = [compose_canvas(made.folder, piece, COLUMN).height for piece in pieces]
    found, seen = [], set[tuple[int, ...]]()
    for n in range(1, COLUMNS + 1):
        ends = tuple(at * n // max(1, sum(heights)) for at in accumulate(heights, initial=0))[:-1]
        columns = tuple(min(e, n - 1) for e in ends)
        if columns in seen:
            continue
        seen.add(columns)
        together = [
            sum((p for p, c in zip(pieces, columns, strict=True) if c == i), ()) for i in range(n)
        ]
        found.append([compose_canvas(made.folder, parts, COLUMN) for parts in together if parts])
    return found


def cut_into_pieces(
    folder: Folder, parts: tuple[DiagramPart, ...]
) -> list[tuple[DiagramPart, ...]]:
    """The parts in pieces, each of which passes a single value, and only to the next piece."""
    pieces: list[tuple[DiagramPart, ...]] = [()]
    last = {
        n.index: max(folder.readers.get(n.index, [n.index])) for part in parts for n in part.nodes
    }
    below = {n.index: i for i, part in enumerate(parts) for n in part.nodes}
    reach = {
        value: max((below[r] for r in folder.readers.get(value, ())), default=below[value])
        for value in last
    }
    alive: set[int] = set()
    for i, part in enumerate(parts):
        pieces[-1] += (part,)
        alive |= {n.index for n in part.nodes if reach[n.index] > i or n.index in folder.outputs}
        alive = {v for v in alive if reach[v] > i or v in folder.outputs}
        if len(alive) == 1 and not alive & folder.outputs and part.nodes[0].kind != "input":
            pieces.append(())
    return [piece for piece in pieces if piece]


def add_panel_heading(panel: Panel, inside: Canvas) -> Canvas:
    """A panel with its heading."""
    result = Canvas()
    block, name = visible(panel.part.block, 40), visible(panel.part.name, 60)
    text = f"{block}, as in {name}" if block != name else block
    result.put(inside, 0, HEADING)
    result.headings.append(TextLabel(BADGE, 12, text))
    result.badges.append(TextLabel(BADGE // 2 - 3, 8, panel.letter))
    result.width = max(result.width, BADGE + style.text_width(text, style.LARGE, bold=True))
    return result


def join_columns(columns: list[Canvas]) -> Canvas:
    """The columns beside each other, with the wires between them."""
    result, x = Canvas(), EDGE
    for i, column in enumerate(columns):
        result.put(column, x, EDGE)
        if i:
            before = columns[i - 1]
            result.lines.append(connect_columns(x - GUTTER - before.width, before, x, column))
        x += column.width + GUTTER
    return result


def arrange_panels(
    network: Canvas, columns: list[Canvas], panels: list[Canvas]
) -> Iterator[Canvas]:
    """The network and its panels, arranged on pages of several widths."""
    narrowest = (
        max(network.width, *(EDGE + panel.width for panel in panels)) if panels else network.width
    )
    for wide in (
        sorted({narrowest, *(max(narrowest, w) for w in range(WIDE, 3 * WIDE, 60))})
        if panels
        else [narrowest]
    ):
        sky, result, x = Skyline(wide + GUTTER - EDGE), Canvas(), 0
        for column in columns:
            sky.lay(x, column.width + GUTTER, column.height + BELOW)
            x += column.width + GUTTER
        result.put(network, 0, 0)
        for panel in panels:
            spot = sky.place(panel.width + GUTTER, panel.height + BELOW)
            if spot is not None:
                result.put(panel, EDGE + spot[0], EDGE + spot[1])
        yield result


def connect_columns(x: int, upper: Canvas, x2: int, lower: Canvas) -> WireLine:
    """The wire from the end of a column up to the beginning of the next."""
    ((value, goal),) = lower.tops.items()
    start, y, middle = x + upper.bottoms[value], EDGE + upper.height, x2 - GUTTER // 2
    low, high, end = y + 8, EDGE - 8, x2 + goal
    corners = [(start, y), (start, low), (middle, low), (middle, high), (end, high), (end, EDGE)]
    return WireLine((value,), "", corners, False, False)


class Skyline:
    """How far down a page is occupied: steps (x, y) from left to right, up to ``width``.

    Each panel is placed as high as it fits, the bottom-left rule of Baker, Coffman & Rivest (1980),
    Orthogonal packings in two dimensions, upside down."""

    def __init__(self, width: int):
        self.width = width
        self.steps = [(0, 0)]

    def level(self, x: int, width: int) -> int:
        """The lowest occupied point between x and x + width."""
        ends = [*(start for start, _ in self.steps[1:]), self.width]
        return max(
            y
            for (start, y), end in zip(self.steps, ends, strict=True)
            if start < x + width and end > x
        )

    def lay(self, x: int, width: int, bottom: int) -> None:
        """Occupy everything above ``bottom`` between x and x + width."""
        end = min(x + width, self.width)
        after = self.level(end, 1) if end < self.width else 0
        kept = [step for step in self.steps if step[0] < x]
        rest = [step for step in self.steps if step[0] > end]
        self.steps = [*kept, (x, bottom), *([(end, after)] if end < self.width else []), *rest]

    def place(self, width: int, height: int) -> tuple[int, int] | None:
        """Find and occupy a place; None for something wider than the page."""
        spots = [(self.level(x, width), x) for x, _ in self.steps if x + width <= self.width]
        if not spots:
            return None
        y, x = min(spots)
        self.lay(x, width, y + height)
        return x, y
