"""Folding a graph into parts: its lines and blocks, opened down to a depth.

Equal parts in a row become one part with a count. A block's nodes are consecutive in execution
order and read only earlier nodes, so that folding a block never makes a cycle."""

from collections.abc import Iterable

from cnnspec.graph.model import Graph, Node
from cnnspec.records import Record

TOGETHER = 3  # this many parts side by side that share parameters are drawn as one


class DiagramPart(Record):
    """What is drawn as one box or frame: a line with its norm and activation, or a block.

    An opened block has ``inner`` parts. ``label`` is the name within the part around it. ``times``
    is the number of equal parts in a row that are drawn as this one, the last of which is called
    ``last``; ``together`` the number of parts side by side that share parameters. ``nodes`` are
    the nodes of all of them. ``differences`` says what distinguishes a block from others that have
    the same panel."""

    name: str
    label: str
    nodes: tuple[Node, ...]
    block: str = ""
    inner: tuple["DiagramPart", ...] = ()
    times: int = 1
    together: int = 1
    last: str = ""
    differences: str = ""

    @property
    def first(self) -> tuple[Node, ...]:
        """The nodes of the first of the parts that are drawn as this one."""
        return self.nodes[: len(self.nodes) // (self.times * self.together)]


class Folder:
    """Folds one graph, as it is at inference."""

    def __init__(self, graph: Graph):
        self.nodes = [*graph.inputs, *graph.layers()]
        self.outputs = {n.index for n in graph.outputs}
        self.readers: dict[int, list[int]] = {}
        self.fields: dict[int, str] = {}  # of operators, by id
        # the name of each value: that of the largest block that outputs it
        self.names = {n.index: n.row for n in self.nodes}
        last: dict[str, int] = {}
        for node in self.nodes:
            for read in node.inputs:
                self.readers.setdefault(read.index, []).append(node.index)
            last.update(
                (".".join(node.call.trail[:i]), node.index)
                for i in range(len(node.call.trail), 0, -1)
            )
        for name, index in last.items():
            self.names[index] = min(name, self.names[index], key=len)

    def parts(
        self, nodes: Iterable[Node], level: int = 0, depth: int = 1
    ) -> tuple[DiagramPart, ...]:
        """The parts of nodes ``level`` calls deep; blocks are opened down to ``depth`` levels."""
        groups: list[tuple[str, bool, list[Node]]] = []
        for node in nodes:
            inside = len(node.call.trail) > level
            name = ".".join(node.call.trail[: level + 1]) if inside else node.row
            if groups and groups[-1][0] == name:
                groups[-1][2].append(node)
            else:
                groups.append((name, inside, [node]))
        made = [
            self.make_part(name, inside, tuple(members), level, depth)
            for name, inside, members in groups
        ]
        return tuple(self.fold_runs(self.group_shared(made)))

    def make_part(
        self, name: str, inside: bool, nodes: tuple[Node, ...], level: int, depth: int
    ) -> DiagramPart:
        """A part for a line or a block; a block with one line becomes that line."""
        skip = sum(len(word) + 1 for word in nodes[0].call.trail[:level])
        if not inside or len({n.row for n in nodes}) == 1:
            return DiagramPart(nodes[0].row, nodes[0].row[skip:], nodes)
        call = nodes[0].call
        while call.outer is not None and len(call.trail) > level + 1:
            call = call.outer
        inner = self.parts(nodes, level + 1, depth) if level + 1 < depth else ()
        if len(inner) == 1 and inner[0].times == 1:
            return inner[0].replace(label=inner[0].name[skip:])
        return DiagramPart(name, name[skip:], nodes, call.block, inner)

    # ---- equal parts in a row

    def fold_runs(self, made: list[DiagramPart]) -> list[DiagramPart]:
        """The parts, with each run of equal parts folded into its first."""
        runs: list[list[DiagramPart]] = []
        for part in made:
            if runs and self.follows(runs[-1][-1], part):
                runs[-1].append(part)
            else:
                runs.append([part])
        return [run[0] if len(run) == 1 else fold_run(run) for run in runs]

    def follows(self, a: DiagramPart, b: DiagramPart) -> bool:
        """Whether ``b`` equals ``a`` and reads only ``a``'s output, which nothing else reads."""
        if (
            len(a.nodes) != len(b.nodes)
            or a.nodes[0].kind == "input"
            or a.together > 1
            or b.together > 1
        ):
            return False
        inside, both = {n.index for n in a.nodes}, {n.index for n in (*a.nodes, *b.nodes)}
        given = {
            i for i in inside if not inside.issuperset(self.readers.get(i, ())) or i in self.outputs
        }
        read = {n.index for node in b.nodes for n in node.inputs} - {n.index for n in b.nodes}
        if len(given) != 1 or given != read or given & self.outputs:
            return False
        only = next(iter(given))
        return both.issuperset(self.readers[only]) and self.signature(a.nodes) == self.signature(
            b.nodes
        )

    def signature(self, nodes: tuple[Node, ...], fields: bool = True) -> tuple[object, ...]:
        """What nodes do, whatever their names and sizes; without ``fields`` only their wiring."""
        at = {node.index: i for i, node in enumerate(nodes)}
        outside: dict[int, int] = {}
        return tuple(
            [
                (
                    n.kind,
                    self.describe_fields(n) if fields else "",
                    fields and n.shares is not None,
                    tuple(
                        [
                            (
                                at[i.index]
                                if i.index in at
                                else -1 - outside.setdefault(i.index, len(outside))
                            )
                            for i in n.inputs
                        ]
                    ),
                )
                for n in nodes
            ]
        )

    def describe_fields(self, node: Node) -> str:
        """The fields of a node's operator; "" for dropout and the like, which do nothing here."""
        if node.op.role == "regulariser":
            return ""
        if id(node.op) not in self.fields:
            self.fields[id(node.op)] = repr(sorted(vars(node.op).items()))
        return self.fields[id(node.op)]

    # ---- parts side by side that share parameters

    def group_shared(self, made: list[DiagramPart]) -> list[DiagramPart]:
        """The parts, with those that share parameters on other inputs drawn as one."""
        owner = {n.index: part.name for part in made for n in part.nodes}
        groups: dict[str, list[str]] = {}
        for part in made:
            origins = {owner.get(n.shares.index) for n in part.nodes if n.shares}
            origin = origins.pop() if len(origins) == 1 else None
            if origin is not None and origin != part.name:
                groups.setdefault(origin, [origin]).append(part.name)
        for group in groups.values():
            members = [part for part in made if part.name in group]
            if len(members) >= TOGETHER and len({len(part.nodes) for part in members}) == 1:
                nodes = tuple([n for part in members for n in part.nodes])
                one = members[0].replace(
                    nodes=nodes, together=len(members), last=members[-1].name, inner=()
                )
                made = (
                    order_parts([one, *[part for part in made if part.name not in group]]) or made
                )
        return made


def order_parts(made: list[DiagramPart]) -> list[DiagramPart] | None:
    """The parts sorted so that each is after those that it reads; None if there is a cycle.

    Otherwise they keep the order of their first nodes."""
    owner = {n.index: part.name for part in made for n in part.nodes}
    wanted = {
        part.name: (
            {owner[n.index] for node in part.nodes for n in node.inputs if n.index in owner}
            - {part.name}
        )
        for part in made
    }
    left, done = sorted(made, key=lambda part: part.nodes[0].index), dict[str, DiagramPart]()
    if any(part.together > 1 and reads_itself(part) for part in made):
        return None
    while left:
        ready = next((part for part in left if wanted[part.name] <= done.keys()), None)
        if ready is None:
            return None
        left.remove(ready)
        done[ready.name] = ready
    return [*done.values()]


def fold_run(run: list[DiagramPart]) -> DiagramPart:
    """The part that stands for a run of equal parts: the first, with the nodes of all."""
    first, nodes = run[0], tuple([node for part in run for node in part.nodes])
    return first.replace(nodes=nodes, times=first.times + len(run) - 1, last=run[-1].name)


def reads_itself(part: DiagramPart) -> bool:
    """Whether one of the parts that are drawn as one reads another of them."""
    size = len(part.first)
    member = {n.index: i // size for i, n in enumerate(part.nodes)}
    return any(
        member.get(read.index, i // size) != i // size
        for i, n in enumerate(part.nodes)
        for read in n.inputs
    )
