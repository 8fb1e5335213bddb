"""A page: the network in columns, cut where one value alone goes on, and the panels beside them."""

from collections.abc import Iterator
from itertools import accumulate

from cnnspec.problems import visible
from cnnspec.report.diagram import metrics
from cnnspec.report.diagram.boxes import LINE
from cnnspec.report.diagram.compose import COLUMN, PANEL, sheet
from cnnspec.report.diagram.fold import Folder, Part
from cnnspec.report.diagram.pack import Skyline
from cnnspec.report.diagram.picture import Contents, Panel
from cnnspec.report.diagram.sheet import Label, Line, Sheet

WIDE, TALL = 680, 940  # pixels of a book's page at the size of its text
EDGE, GUTTER, BELOW = 14, 34, 30  # the border, between two columns, and below a panel
HEADING, BADGE = 26, 22  # a panel's heading, and the place of its letter
COLUMNS = 6
WORTH = 1.1  # by how much larger one more column lets a page be printed
NARROWEST = 260


def page(made: Contents) -> Sheet:
    """The page of contents, arranged so that it is printed largest."""
    insides = [sheet(made.folder, panel.parts, PANEL) for panel in made.panels]
    ready = [headed(panel, inside) for panel, inside in zip(made.panels, insides, strict=True)]
    best, largest, most = Sheet(), 0.0, 0
    for columns in candidates(made):
        for found in arrangements(joined(columns), columns, ready):
            scale = min(1.0, WIDE / found.width, TALL / found.height)
            if scale > largest * (1 if len(columns) == most else WORTH):
                best, largest, most = found, scale, len(columns)
    best.width += EDGE
    best.height += EDGE
    return best


def titled(below: Sheet, title: str, caption: list[str]) -> Sheet:
    """A page below its title, and a caption in as few lines as its width lets be."""
    lines: list[str] = []
    for piece in caption:
        longer = f"{lines[-1]} · {piece}" if lines else piece
        if lines and metrics.width(longer) <= max(below.width, NARROWEST) - 2 * EDGE:
            lines[-1] = longer
        else:
            lines.append(piece)
    result = Sheet()
    result.put(below, 0, 2 * EDGE + LINE * len(lines))
    result.headings.append(Label(EDGE, EDGE + 10, title))
    result.labels += [Label(EDGE, EDGE + 10 + LINE * (i + 1), line) for i, line in enumerate(lines)]
    texts = [metrics.width(title, metrics.LARGE, bold=True), *map(metrics.width, lines)]
    result.width = max(result.width, *(2 * EDGE + text for text in texts))
    return result


def candidates(made: Contents) -> list[list[Sheet]]:
    """The network in one column, in two, and so on, as far as it can be cut."""
    pieces = cut(made.folder, made.parts)
    heights = [sheet(made.folder, piece, COLUMN).height for piece in pieces]
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
        found.append([sheet(made.folder, parts, COLUMN) for parts in together if parts])
    return found


def cut(folder: Folder, parts: tuple[Part, ...]) -> list[tuple[Part, ...]]:
    """Parts in pieces, each of which gives one value to the next one and none to those after it."""
    pieces: list[tuple[Part, ...]] = [()]
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


def headed(panel: Panel, inside: Sheet) -> Sheet:
    """A panel below its heading."""
    result = Sheet()
    block, name = visible(panel.part.block, 40), visible(panel.part.name, 60)
    text = f"{block}, as in {name}" if block != name else block
    result.put(inside, 0, HEADING)
    result.headings.append(Label(BADGE, 12, text))
    result.badges.append(Label(BADGE // 2 - 3, 8, panel.letter))
    result.width = max(result.width, BADGE + metrics.width(text, metrics.LARGE, bold=True))
    return result


def joined(columns: list[Sheet]) -> Sheet:
    """Columns beside each other, and the wires between them."""
    result, x = Sheet(), EDGE
    for i, column in enumerate(columns):
        result.put(column, x, EDGE)
        if i:
            before = columns[i - 1]
            result.lines.append(connection(x - GUTTER - before.width, before, x, column))
        x += column.width + GUTTER
    return result


def arrangements(network: Sheet, columns: list[Sheet], panels: list[Sheet]) -> Iterator[Sheet]:
    """The network and its panels on pages of several widths."""
    narrowest = (
        max(network.width, *(EDGE + panel.width for panel in panels)) if panels else network.width
    )
    for wide in (
        sorted({narrowest, *(max(narrowest, w) for w in range(WIDE, 3 * WIDE, 60))})
        if panels
        else [narrowest]
    ):
        sky, result, x = Skyline(wide + GUTTER - EDGE), Sheet(), 0
        for column in columns:
            sky.lay(x, column.width + GUTTER, column.height + BELOW)
            x += column.width + GUTTER
        result.put(network, 0, 0)
        for panel in panels:
            spot = sky.place(panel.width + GUTTER, panel.height + BELOW)
            if spot is not None:
                result.put(panel, EDGE + spot[0], EDGE + spot[1])
        yield result


def connection(x: int, upper: Sheet, x2: int, lower: Sheet) -> Line:
    """The wire from the end of a column up to the beginning of the next one."""
    ((value, goal),) = lower.tops.items()
    start, y, middle = x + upper.bottoms[value], EDGE + upper.height, x2 - GUTTER // 2
    low, high, end = y + 8, EDGE - 8, x2 + goal
    corners = [(start, y), (start, low), (middle, low), (middle, high), (end, high), (end, EDGE)]
    return Line((value,), "", corners, False, False)
