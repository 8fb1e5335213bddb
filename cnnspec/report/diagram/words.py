"""What a box says: a line's name, its operator with the window, and the norm and activation after
it."""

from collections.abc import Iterable

from cnnspec.costs import NodeCost
from cnnspec.graph.model import Node
from cnnspec.problems import visible
from cnnspec.report.diagram.fold import Part
from cnnspec.units import format_count, format_shape

LONGEST = 40  # letters of a line in a box
FIELDS = {
    "stride": 1,
    "dilation": 1,
    "groups": 1,
}  # what is said of a window beside its size, and what goes without


def says(part: Part) -> tuple[str, ...]:
    """The lines of a part's box: its name first."""
    main = part.nodes[0]
    head = names(part)
    if part.block:
        return tuple(
            dict.fromkeys((head, visible(part.block, LONGEST) + counted(part), *sharing(part)))
        )
    if main.kind == "input":
        return (head,)
    rest = [visible(n.kind, LONGEST) for n in part.first if n.part]
    own = operator(main) + counted(part)
    lines = [head, own] if own != head else [head]
    lines += [", ".join(rest)] if rest else []
    return (*lines, *sharing(part))


def names(part: Part) -> str:
    """The name of a part, or the first and the last one's of a run."""
    if part.times == 1:
        return visible(part.label, LONGEST)
    return (
        visible(part.label, LONGEST // 2)
        + " … "
        + visible(part.last.rpartition(".")[2], LONGEST // 2)
    )


def sharing(part: Part) -> tuple[str, ...]:
    """Whose parameters a part uses again, where they are another one's."""
    own = {n.index for n in part.nodes}
    shared = [n for n in part.nodes if n.shares and n.shares.index not in own]
    if not shared or shared[0].shares is None:
        return ()
    below = len(shared[0].row) - len(part.name)  # what is the same in both names, below the parts
    whose = shared[0].shares.row
    return (f"parameters of {visible(whose[: len(whose) - below] if below else whose, LONGEST)}",)


def counted(part: Part) -> str:
    """How many a part stands for."""
    if part.together > 1:
        return f" ×{part.together}, shared"
    return f" ×{part.times}" if part.times > 1 else ""


def operator(node: Node) -> str:
    """An operator with its window: ``conv 7×7, stride 2``."""
    axes = node.op.axes(*node.shapes[:1])
    if not axes:
        return node.kind.replace("_", " ")
    said = [node.kind.replace("_", " ") + " " + format_shape(tuple(a.kernel for a in axes), "×")]
    for name, usual in FIELDS.items():
        values = (
            [getattr(a, name) for a in axes]
            if hasattr(axes[0], name)
            else [getattr(node.op, name, usual)]
        )
        if any(v != usual for v in values):
            said.append(
                f"{name} "
                + (str(values[0]) if len(set(values)) == 1 else format_shape(tuple(values), "×"))
            )
    return ", ".join(said)


def told(part: Part, costs: dict[int, NodeCost]) -> str:
    """A part in a sentence, with its counts: what a pointer that rests on its box shows."""
    names = (
        f"{part.name} … {part.last}, {len(part.nodes) // len(part.first)} parts"
        if part.last
        else part.name
    )
    what = part.block or part.nodes[0].kind
    return (
        f"{visible(names, 200)}: {visible(what)}, output {format_shape(part.nodes[-1].output)}, "
        f"{total(part.nodes, costs, 'params')} parameters, {total(part.nodes, costs, 'macs')} MACs"
    )


def total(nodes: Iterable[Node], costs: dict[int, NodeCost], what: str) -> str:
    return format_count(sum(getattr(costs[n.index], what) for n in nodes))
