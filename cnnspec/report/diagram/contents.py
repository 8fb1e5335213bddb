"""What a picture of a network shows: how deep blocks are opened, and which blocks get a panel."""

from collections.abc import Iterable, Iterator

from cnnspec.analyses.network_costs import NetworkCosts
from cnnspec.garbage import garbage_collection_paused
from cnnspec.problems import RequestError, visible
from cnnspec.records import Record
from cnnspec.report.diagram.differences import find_differences, mark_differences
from cnnspec.report.diagram.fold import DiagramPart, Folder
from cnnspec.report.diagram.u_shape import find_u_shape
from cnnspec.units import format_count, format_prefixed, format_shape

FITS, PANEL_FITS = 22, 16  # boxes that are readable on a page and in a panel
PANELS = 12  # the most panels of a picture
MOST, ARROWS = 600, 1500  # boxes and arrows of one picture
LETTERS = "abcdefghijkl"


class Panel(Record):
    """The inside of a folded block. Boxes of such blocks have the panel's letter."""

    letter: str
    part: DiagramPart
    parts: tuple[DiagramPart, ...]


class Contents(Record):
    """What a picture shows. ``letters`` are the panels' letters by the signature of a block."""

    folder: Folder
    parts: tuple[DiagramPart, ...]
    panels: tuple[Panel, ...]
    letters: dict[object, str]

    def letter(self, part: DiagramPart) -> str:
        """The letter of the panel that shows the inside of a folded block, or ""."""
        if not part.block or part.inner or not self.letters:
            return ""
        return self.letters.get(self.folder.signature(part.first, fields=False), "")


def iterate_boxes(parts: Iterable[DiagramPart]) -> Iterator[DiagramPart]:
    """The boxes of parts, also those within frames."""
    for part in parts:
        yield from iterate_boxes(part.inner) if part.inner else (part,)


def choose_contents(net: NetworkCosts, depth: int | None) -> Contents:
    """Decide what a picture shows. Raises RequestError for too many boxes or arrows."""
    folder = Folder(net.graph)
    with garbage_collection_paused():
        parts = choose_parts(folder) if depth is None else folder.parts(folder.nodes, 0, depth)
        if is_too_large(parts):
            boxes, arrows = count_boxes_and_arrows(parts)
            at = "" if depth is None else f" at a depth of {depth}"
            raise RequestError(
                f"{visible(net.name)} has {format_count(boxes)} boxes and"
                f" {format_count(arrows)} arrows{at}, and a picture at most {MOST} and"
                f" {format_count(ARROWS)}; {suggest_depth(folder, depth)}"
            )
        if depth is not None:
            return Contents(folder, parts, (), {})
        return mark_blocks(Contents(folder, parts, *choose_panels(folder, parts)))


def choose_parts(folder: Folder) -> tuple[DiagramPart, ...]:
    """Return the parts of a network: a U's blocks are not opened, others as far as they fit."""
    folded = folder.parts(folder.nodes, 0, 1)
    return folded if find_u_shape(folder, folded) else open_blocks(folder, folder.nodes, 0, FITS)


def mark_blocks(made: Contents) -> Contents:
    """Write on each block with a panel what distinguishes it from the others with this panel."""
    blocks: dict[str, list[DiagramPart]] = {}
    for part in iterate_boxes([*made.parts, *(p for panel in made.panels for p in panel.parts)]):
        if letter := made.letter(part):
            blocks.setdefault(letter, []).append(part)
    found = {k: v for same in blocks.values() for k, v in find_differences(same).items()}
    panels = [p.replace(parts=mark_differences(p.parts, found)) for p in made.panels]
    return made.replace(parts=mark_differences(made.parts, found), panels=tuple(panels))


def count_boxes_and_arrows(parts: Iterable[DiagramPart]) -> tuple[int, int]:
    """The number of boxes of parts, and of arrows between them."""
    boxes = [*iterate_boxes(parts)]
    owner = {n.index: i for i, part in enumerate(boxes) for n in part.nodes}
    arrows = {
        (read.index, i)
        for i, part in enumerate(boxes)
        for n in part.nodes
        for read in n.inputs
        if owner.get(read.index) != i
    }
    return len(boxes), len(arrows)


def is_too_large(parts: Iterable[DiagramPart]) -> bool:
    """Whether a picture would have too many boxes or arrows."""
    boxes, arrows = count_boxes_and_arrows(parts)
    return boxes > MOST or arrows > ARROWS


def suggest_depth(folder: Folder, depth: int | None) -> str:
    """A smaller depth at which the picture is not too large, or other advice."""
    for less in range((depth or 1) - 1, 0, -1):
        parts = folder.parts(folder.nodes, 0, less)
        if not is_too_large(parts):
            return f"--depth {less} has {format_count(count_boxes_and_arrows(parts)[0])} boxes"
    return "blocks in the spec would fold them"


def open_blocks(
    folder: Folder, nodes: Iterable[object], level: int, fits: int
) -> tuple[DiagramPart, ...]:
    """The parts of nodes, with blocks opened as deep as the number of boxes permits."""
    found: tuple[DiagramPart, ...] = ()
    for depth in range(level + 1, level + 33):
        parts = folder.parts(nodes, level, depth)  # type: ignore[arg-type]
        if found and (parts == found or sum(1 for _ in iterate_boxes(parts)) > fits):
            break
        found = parts
    staged = tuple(open_stage(folder, part) for part in found)
    return staged if sum(1 for _ in iterate_boxes(staged)) <= fits else found


def open_stage(folder: Folder, part: DiagramPart) -> DiagramPart:
    """A part, opened if it is a block that only calls blocks, such as a stage of a network."""
    if not part.block or part.inner or part.together > 1:
        return part
    inner = folder.parts(part.first, block_level(part), block_level(part) + 1)
    return part.replace(inner=inner) if all(p.block for p in inner) and len(inner) > 1 else part


def choose_panels(
    folder: Folder, parts: tuple[DiagramPart, ...]
) -> tuple[tuple[Panel, ...], dict[object, str]]:
    """A panel for each kind of block that is folded, in execution order, and their letters."""
    found: list[Panel] = []
    letters: dict[object, str] = {}
    waiting = list(iterate_boxes(parts))
    while waiting:
        part = waiting.pop(0)
        kind = folder.signature(part.first, fields=False) if part.block else None
        if kind is None or kind in letters or len(found) == PANELS:
            continue
        inside = open_blocks(folder, part.first, block_level(part), PANEL_FITS)
        boxes, arrows = count_boxes_and_arrows(inside)
        if boxes > MOST // PANELS or arrows > ARROWS // PANELS:
            continue
        letters[kind] = LETTERS[len(found)]
        found.append(Panel(letters[kind], part, inside))
        waiting += iterate_boxes(inside)
    return tuple(found), letters


def block_level(part: DiagramPart) -> int:
    """How many calls deep the lines of a block are."""
    trail = part.nodes[0].call.trail
    return next(i for i in range(1, len(trail) + 1) if ".".join(trail[:i]) == part.name)


def describe_picture(net: NetworkCosts, made: Contents) -> str:
    """A sentence about the picture, for screen readers."""
    graph = net.graph
    inputs = ", ".join(format_shape(n.output) for n in graph.inputs)
    outputs = ", ".join(format_shape(n.output) for n in graph.outputs)
    boxes = [visible(part.name) for part in iterate_boxes(made.parts)]
    more = f" and {len(boxes) - 40} more" if len(boxes) > 40 else ""
    return (
        f"The architecture of {visible(graph.title)} at inference, from {inputs} to {outputs},"
        f" without the batch: {', '.join(boxes[:40])}{more}. Beside each arrow is the shape,"
        " channels first."
    )


def picture_caption(net: NetworkCosts, made: Contents) -> list[str]:
    """The pieces of the caption below the title."""
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
