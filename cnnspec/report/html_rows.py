"""The rows of the HTML page: nested in their blocks, and as bars."""

from collections.abc import Iterator

from cnnspec.analyses.network_costs import NetworkCosts, Row
from cnnspec.records import Record
from cnnspec.report.diagram.style import text_width
from cnnspec.report.formats import escape_html
from cnnspec.units import format_bytes, format_count

MOST = 600  # rows on one page
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 960, 150, 8, 8, 22, 20  # of a plot, in pixels
SIZE = 11  # of its text


class PageRow(Record):
    """A row of the table, or the line of a block above its rows.

    ``row`` of a block is the last of its rows, whose output is the block's. ``up`` is the index of
    the line of the block around it (-1: none), ``level`` the number of blocks around it.
    ``counts`` are parameters, MACs and allocated bytes, for a block the sums of its rows."""

    name: str
    row: Row
    up: int
    level: int
    counts: tuple[int, int, int]
    block: str = ""


def rows_that_fit(net: NetworkCosts) -> tuple[list[Row], int | None]:
    """The rows for a page, and the depth at which blocks are folded, or None."""
    if len(net.layers) <= MOST:
        return net.layers, None
    levels = max(len(n.call.trail) for n in net.graph.nodes)
    depth = next((d for d in range(levels, 1, -1) if len(net.rows(d)) <= MOST), 1)
    return net.rows(depth), depth


def nest_rows(rows: list[Row], depth: int | None, allocated: dict[str, int]) -> list[PageRow]:
    """The lines of the table in execution order, with a line for each block before its rows.

    ``depth`` is that of the rows, ``allocated`` the bytes by the names of nodes."""
    lines: list[PageRow] = []
    outer: list[int] = []  # the indices of the lines of the blocks around
    for row in rows:
        trail = blocks_around(row, depth)
        while outer and lines[outer[-1]].name != ".".join(trail[: len(outer)]):
            outer.pop()
        for level in range(len(outer), len(trail)):
            up = outer[-1] if outer else -1
            name = ".".join(trail[: level + 1])
            lines.append(PageRow(name, row, up, level, (0, 0, 0), block_at_level(row, level)))
            outer.append(len(lines) - 1)
        own = sum(allocated.get(n.name, 0) for n in row.nodes)
        counts = row.params * row.times, row.macs * row.times, own
        lines.append(PageRow(row.name, row, outer[-1] if outer else -1, len(trail), counts))
        for i in outer:
            above = lines[i].counts
            sums = (above[0] + counts[0], above[1] + counts[1], above[2] + counts[2])
            lines[i] = lines[i].replace(counts=sums, row=row)
    return lines


def blocks_around(row: Row, depth: int | None) -> tuple[str, ...]:
    """The names of the blocks around a row, the outermost first."""
    trail = row.nodes[0].call.trail
    return trail if row.main or depth is None else trail[: depth - 1]


def block_at_level(row: Row, level: int) -> str:
    """The block around a row that is called ``level`` levels deep."""
    call = row.nodes[0].call
    while call.outer is not None and len(call.trail) > level + 1:
        call = call.outer
    return call.block


def rows_without_blocks(lines: list[PageRow]) -> Iterator[PageRow]:
    """The lines that are rows."""
    return (line for line in lines if not line.block)


def draw_bars(lines: list[PageRow], which: int, title: str, unit: str) -> str:
    """A bar chart as SVG, a bar for each row; its height is the count number ``which``."""
    rows = [*rows_without_blocks(lines)]
    most = max((line.counts[which] for line in rows), default=0)

    def amount(n: int) -> str:
        return format_bytes(n, binary=False) if unit == "bytes" else f"{format_count(n)} {unit}"

    step = (WIDTH - LEFT - RIGHT) / max(1, len(rows))
    base, high = HEIGHT - BOTTOM, HEIGHT - TOP - BOTTOM
    parts = [
        f'<svg class="bars" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="'
        f"{escape_html(title)} of each row, at most {amount(most)};"
        f' the table below has the numbers" font-size="{SIZE}">',
        f'<text x="{LEFT}" y="13">{escape_html(title)}: at most {amount(most)}</text>',
    ]
    for i, line in enumerate(rows):
        if value := line.counts[which]:
            tall = max(0.6, high * value / most)
            parts.append(
                f'<rect x="{LEFT + i * step:.1f}" y="{base - tall:.1f}"'
                f' width="{max(0.5, step * 0.85):.1f}" height="{tall:.1f}"><title>'
                f"{escape_html(line.name)}: {amount(value)}</title></rect>"
            )
    parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{base}" y2="{base}"/>')
    return "".join([*parts, *bar_labels(rows, step, base), "</svg>"])


def bar_labels(rows: list[PageRow], step: float, base: int) -> Iterator[str]:
    """The names of the outermost blocks and layers below the bars, where they fit."""
    groups: list[tuple[str, int, int]] = []
    for i, line in enumerate(rows):
        trail = line.row.nodes[0].call.trail
        name = trail[0] if trail else line.name
        if groups and groups[-1][0] == name:
            groups[-1] = (name, groups[-1][1], i + 1)
        else:
            groups.append((name, i, i + 1))
    for name, first, end in groups:
        if text_width(name, SIZE) + 4 < (end - first) * step:
            yield (
                f'<text x="{LEFT + (first + end) * step / 2:.1f}" y="{base + 14}"'
                f' text-anchor="middle">{escape_html(name)}</text>'
            )
            for edge in (first, end):
                x = LEFT + edge * step - step * 0.07
                yield f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{base}" y2="{base + 5}"/>'
