"""The rows of the table with the blocks that they stand in, each block a line above its rows with
their sums."""

from collections.abc import Iterator

from cnnspec.analyses.network_costs import NetworkCosts, Row
from cnnspec.records import Record

MOST = 600  # rows on one page


class Line(Record):
    """A row of the table, or a block: then ``row`` is the last of its rows, whose output is the
    block's.

    ``up`` is the number of the line of the block around it, -1 for none, and ``level`` how many
    there are. ``counts`` are parameters, MACs and bytes allocated, of all the rows that it stands
    for."""

    name: str
    row: Row
    up: int
    level: int
    counts: tuple[int, int, int]
    block: str = ""


def shown(net: NetworkCosts) -> tuple[list[Row], int | None]:
    """The rows for a page, and the depth below which blocks had to be folded, or None."""
    if len(net.layers) <= MOST:
        return net.layers, None
    levels = max(len(n.call.trail) for n in net.graph.nodes)
    depth = next((d for d in range(levels, 1, -1) if len(net.rows(d)) <= MOST), 1)
    return net.rows(depth), depth


def lines(rows: list[Row], depth: int | None, allocated: dict[str, int]) -> list[Line]:
    """The lines of the table in execution order."""
    made: list[Line] = []
    open_: list[int] = []  # the lines of the blocks around
    for row in rows:
        trail = around(row, depth)
        while open_ and made[open_[-1]].name != ".".join(trail[: len(open_)]):
            open_.pop()
        for level in range(len(open_), len(trail)):
            up = open_[-1] if open_ else -1
            made.append(
                Line(".".join(trail[: level + 1]), row, up, level, (0, 0, 0), block_of(row, level))
            )
            open_.append(len(made) - 1)
        own = sum(allocated.get(n.name, 0) for n in row.nodes)
        counts = row.params * row.times, row.macs * row.times, own
        made.append(Line(row.name, row, open_[-1] if open_ else -1, len(trail), counts))
        for at in open_:
            above = made[at].counts
            sums = (above[0] + counts[0], above[1] + counts[1], above[2] + counts[2])
            made[at] = made[at].replace(counts=sums, row=row)
    return made


def around(row: Row, depth: int | None) -> tuple[str, ...]:
    """The names of the blocks in which a row stands."""
    trail = row.nodes[0].call.trail
    return trail if row.main or depth is None else trail[: depth - 1]


def block_of(row: Row, level: int) -> str:
    """The block that is called so many levels deep."""
    call = row.nodes[0].call
    while call.outer is not None and len(call.trail) > level + 1:
        call = call.outer
    return call.block


def leaves(made: list[Line]) -> Iterator[Line]:
    """The lines that are rows."""
    return (line for line in made if not line.block)
