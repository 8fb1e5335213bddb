"""A picture as boxes, groups and arrows without places, for tools that find the places themselves.

The main picture and each panel are one chart: a tree of boxes and groups, and the arrows between
boxes. Mermaid and Graphviz draw from it."""

from collections.abc import Iterator
from typing import Any

from cnnspec.graph.model import Node
from cnnspec.problems import visible
from cnnspec.records import Record
from cnnspec.report.diagram import style
from cnnspec.report.diagram.boxes import (
    LONGEST,
    box_lines,
    count_suffix,
    join_shapes,
    name_part,
)
from cnnspec.report.diagram.contents import Contents
from cnnspec.report.diagram.fold import DiagramPart
from cnnspec.units import format_shape

PORT = "port"  # the role of a box that only names a value which enters or leaves


class ChartBox(Record):
    """A box. ``lines`` are its text, its name first, and ``role`` determines its colour."""

    id: str
    lines: tuple[str, ...]
    role: str


class ChartGroup(Record):
    """An opened block, or with an empty ``title`` a whole chart."""

    id: str
    title: str
    members: tuple["ChartBox | ChartGroup", ...]


class ChartArrow(Record):
    """An arrow between two boxes with the shape of its value; ``dashed`` if only that is read."""

    source: str
    target: str
    text: str
    dashed: bool = False


class Chart(Record):
    """A chart: its boxes in groups, and its arrows."""

    root: ChartGroup
    arrows: tuple[ChartArrow, ...]


def outline_picture(made: Contents) -> list[Chart]:
    """Return the main chart, then one chart for each panel."""
    outliner = Outliner(made)
    charts = [outliner.chart(made.parts, "")]
    for panel in made.panels:
        block, name = visible(panel.part.block, LONGEST), visible(panel.part.name, 60)
        charts.append(outliner.chart(panel.parts, f"{panel.letter}: {block}, as in {name}"))
    return charts


def iterate_members(group: ChartGroup) -> Iterator[ChartBox]:
    """Iterate over the boxes of a group, also those in its groups."""
    for member in group.members:
        if isinstance(member, ChartGroup):
            yield from iterate_members(member)
        else:
            yield member


class Outliner:
    """Makes charts, with ids that are unique in all of them."""

    def __init__(self, made: Contents):
        self.made, self.count = made, 0

    def new_id(self) -> str:
        self.count += 1
        return f"n{self.count - 1}"

    def chart(self, parts: tuple[DiagramPart, ...], title: str) -> Chart:
        """Make the chart of parts."""
        owner: dict[int, str] = {}
        drawn: list[tuple[str, DiagramPart]] = []
        members = tuple(self.member(part, owner, drawn) for part in parts)
        nodes = {n.index: n for part in parts for n in part.nodes}
        ports: list[ChartBox] = []
        arrows = [*self.arrows_to_boxes(drawn, owner, ports)]
        arrows += self.arrows_to_outside(nodes, owner, ports)
        several = {own for own, part in drawn if part.together > 1}
        root = ChartGroup(self.new_id(), title, (*members, *ports))
        return Chart(root, tuple(merge_arrows(arrows, several)))

    def member(
        self, part: DiagramPart, owner: dict[int, str], drawn: list[tuple[str, DiagramPart]]
    ) -> ChartBox | ChartGroup:
        """Make the box of a part, or its group, and note which box has which node."""
        own = self.new_id()
        if not part.inner:
            owner.update((n.index, own) for n in part.nodes)
            drawn.append((own, part))
            head, *rest = box_lines(part)
            letter = self.made.letter(part)
            return ChartBox(
                own, (f"{head} ({letter})" if letter else head, *rest), style.part_role(part)
            )
        members = tuple(self.member(p, owner, drawn) for p in part.inner)
        first = part.first
        for i, node in enumerate(part.nodes):  # of equal blocks only the first is drawn
            owner[node.index] = owner[first[i % len(first)].index]
        title = f"{name_part(part)} · {visible(part.block, LONGEST)}{count_suffix(part)}"
        return ChartGroup(own, title, members)

    def arrows_to_boxes(
        self, drawn: list[tuple[str, DiagramPart]], owner: dict[int, str], ports: list[ChartBox]
    ) -> Iterator[ChartArrow]:
        """Yield the arrows to boxes; a value from outside the chart gets a box of its own."""
        outside: dict[int, str] = {}
        for target, part in drawn:
            done: set[tuple[int, int, bool]] = set()  # values, and their number in one node
            for node in part.first:
                for k, read in enumerate(node.inputs):
                    key = (read.index, node.inputs[:k].count(read), k in node.op.size_only)
                    if read.index not in owner and read.index not in outside:
                        outside[read.index] = self.new_id()
                        name = visible(self.made.folder.names[read.index], LONGEST)
                        ports.append(ChartBox(outside[read.index], (name,), PORT))
                    source = owner.get(read.index) or outside[read.index]
                    if source != target and key not in done:
                        yield ChartArrow(source, target, format_shape(read.output), key[2])
                    done.add(key)

    def arrows_to_outside(
        self, nodes: dict[int, Node], owner: dict[int, str], ports: list[ChartBox]
    ) -> Iterator[ChartArrow]:
        """Yield the arrows of values that leave the chart, each to a box of its own."""
        folder = self.made.folder
        for index, node in nodes.items():
            readers = folder.readers.get(index, [])
            if index in folder.outputs or not nodes.keys() >= set(readers):
                own = self.new_id()
                ports.append(ChartBox(own, ("output",), PORT))
                yield ChartArrow(owner[index], own, format_shape(node.output))


def merge_arrows(arrows: list[ChartArrow], several: set[str]) -> list[ChartArrow]:
    """Merge the arrows from a box of ``several`` parts to another box: one per kind of line."""
    bundles: dict[tuple[Any, ...], list[str]] = {}
    for i, arrow in enumerate(arrows):
        alone = () if arrow.source in several else (i,)
        key = (arrow.source, arrow.target, arrow.dashed, *alone)
        bundles.setdefault(key, []).append(arrow.text)
    return [
        ChartArrow(source, target, join_shapes(shapes), dashed)
        for (source, target, dashed, *_), shapes in bundles.items()
    ]
