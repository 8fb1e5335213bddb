"""What a picture of a network shows: how deep blocks are opened, and which of those that stay
folded get a panel."""

from collections.abc import Iterable, Iterator

from cnnspec.analyses.network_costs import NetworkCosts
from cnnspec.garbage import garbage_collection_paused
from cnnspec.problems import RequestError, visible
from cnnspec.records import Record
from cnnspec.report.diagram.fold import Folder, Part
from cnnspec.units import format_count, format_prefixed, format_shape

FITS, PANEL_FITS = 22, 16  # boxes that fit a page, and a panel, so that they can be read
PANELS = 12  # at most
MOST, ARROWS = 600, 1500  # boxes and arrows of one picture
LETTERS = "abcdefghijkl"


class Panel(Record):
    """A block that is folded elsewhere, opened: by a letter, which the boxes of its kind have."""

    letter: str
    part: Part
    parts: tuple[Part, ...]


class Contents(Record):
    """What a picture shows. ``letters`` are those of the panels, by what a block's nodes do."""

    folder: Folder
    parts: tuple[Part, ...]
    panels: tuple[Panel, ...]
    letters: dict[object, str]

    def letter(self, part: Part) -> str:
        """The letter of the panel that shows what is in a folded block, or nothing."""
        if not part.block or part.inner or not self.letters:
            return ""
        return self.letters.get(self.folder.signature(part.first, fields=False), "")


def leaves(parts: Iterable[Part]) -> Iterator[Part]:
    """The boxes of parts: frames are opened."""
    for part in parts:
        yield from leaves(part.inner) if part.inner else (part,)


def contents(net: NetworkCosts, depth: int | None) -> Contents:
    """What a picture shows. Raises RequestError for more boxes or arrows than anyone reads."""
    folder = Folder(net.graph)
    with garbage_collection_paused():
        parts = (
            opened(folder, folder.nodes, 0, FITS)
            if depth is None
            else folder.parts(folder.nodes, 0, depth)
        )
        if large(parts):
            boxes, arrows = sizes(parts)
            at = "" if depth is None else f" at a depth of {depth}"
            raise RequestError(
                f"{visible(net.name)} has {format_count(boxes)} boxes and {format_count(arrows)} arrows{at}, and"
                f" a picture at most {MOST} and {format_count(ARROWS)}; {shallower(folder, depth)}"
            )
        return Contents(folder, parts, *(panels(folder, parts) if depth is None else ((), {})))


def sizes(parts: Iterable[Part]) -> tuple[int, int]:
    """How many boxes parts have, and how many arrows between them."""
    boxes = [*leaves(parts)]
    owner = {n.index: i for i, part in enumerate(boxes) for n in part.nodes}
    arrows = {
        (read.index, i)
        for i, part in enumerate(boxes)
        for n in part.nodes
        for read in n.inputs
        if owner.get(read.index) != i
    }
    return len(boxes), len(arrows)


def large(parts: Iterable[Part]) -> bool:
    """Whether there are too many boxes or arrows for a picture."""
    boxes, arrows = sizes(parts)
    return boxes > MOST or arrows > ARROWS


def shallower(folder: Folder, depth: int | None) -> str:
    """What would be drawn instead of too much."""
    for less in range((depth or 1) - 1, 0, -1):
        parts = folder.parts(folder.nodes, 0, less)
        if not large(parts):
            return f"--depth {less} has {format_count(sizes(parts)[0])} boxes"
    return "blocks in the spec would fold them"


def opened(folder: Folder, nodes: Iterable[object], level: int, fits: int) -> tuple[Part, ...]:
    """The parts of nodes with blocks opened as deep as the boxes still fit."""
    found: tuple[Part, ...] = ()
    for depth in range(level + 1, level + 33):
        parts = folder.parts(nodes, level, depth)  # type: ignore[arg-type]
        if found and (parts == found or sum(1 for _ in leaves(parts)) > fits):
            break
        found = parts
    staged = tuple(stage(folder, part) for part in found)
    return staged if sum(1 for _ in leaves(staged)) <= fits else found


def stage(folder: Folder, part: Part) -> Part:
    """A part; opened, where it is a block that does nothing but call blocks, as the stages of
    networks do."""
    if not part.block or part.inner or part.together > 1:
        return part
    inner = folder.parts(part.first, level(part), level(part) + 1)
    return part.replace(inner=inner) if all(p.block for p in inner) and len(inner) > 1 else part


def panels(folder: Folder, parts: tuple[Part, ...]) -> tuple[tuple[Panel, ...], dict[object, str]]:
    """A panel for each kind of block that stays folded, in the order in which they are met."""
    found: list[Panel] = []
    letters: dict[object, str] = {}
    waiting = list(leaves(parts))
    while waiting:
        part = waiting.pop(0)
        kind = folder.signature(part.first, fields=False) if part.block else None
        if kind is None or kind in letters or len(found) == PANELS:
            continue
        inside = opened(folder, part.first, level(part), PANEL_FITS)
        boxes, arrows = sizes(inside)
        if boxes > MOST // PANELS or arrows > ARROWS // PANELS:
            continue
        letters[kind] = LETTERS[len(found)]
        found.append(Panel(letters[kind], part, inside))
        waiting += leaves(inside)
    return tuple(found), letters


def level(part: Part) -> int:
    """How many calls deep the lines of a block stand."""
    trail = part.nodes[0].call.trail
    return next(i for i in range(1, len(trail) + 1) if ".".join(trail[:i]) == part.name)


def about(net: NetworkCosts, made: Contents) -> str:
    """A picture in a sentence, for those who do not see it."""
    graph = net.graph
    inputs = ", ".join(format_shape(n.output) for n in graph.inputs)
    outputs = ", ".join(format_shape(n.output) for n in graph.outputs)
    boxes = [visible(part.name) for part in leaves(made.parts)]
    more = f" and {len(boxes) - 40} more" if len(boxes) > 40 else ""
    return (
        f"The architecture of {visible(graph.title)} at inference, from {inputs} to {outputs},"
        f" without the batch: {', '.join(boxes[:40])}{more}. Beside each arrow is the shape,"
        " channels first."
    )


def caption(net: NetworkCosts, made: Contents) -> list[str]:
    """What stands below a picture's title, in pieces."""
    sums = net.totals
    said = [
        (
            f"{' + '.join(format_shape(n.output) for n in net.graph.inputs)} → "
            f"{' + '.join(format_shape(n.output) for n in net.graph.outputs)}"
        ),
        f"{format_count(sums.params)} parameters",
        format_prefixed(sums.macs, "MACs"),
    ]
    sizes = any(k in n.op.size_only for n in made.folder.nodes for k in range(len(n.inputs)))
    return said + (["dashed: only the size is read"] if sizes else [])
