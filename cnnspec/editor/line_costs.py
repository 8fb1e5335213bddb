"""What each line of a spec costs in one network, summed over the calls that expand it."""

from cnnspec.analyses.network_costs import NetworkCosts
from cnnspec.graph.model import Call, Node
from cnnspec.records import Record
from cnnspec.spec.model import Block, Line, NetworkSpec
from cnnspec.spec.source import Path
from cnnspec.units import Shape

Place = tuple[str, Path]  # of a line: the name of its file, and its path there
Trail = tuple[str, ...]


class LineCost(Record):
    """The costs of a line: the layers that it calls, or the block that it calls with all in it.

    ``calls`` counts the instances of the line, ``names`` are their own names, ``shapes`` are their
    different output shapes in the order in which they occur. ``params``, ``buffers`` and ``macs``
    are sums over the instances.
    ``nodes`` are the nodes of a line that calls an operator, its norm and activation included;
    ``around`` are the calls of the block that the line is in.
    ``training_only`` lines are not part of the network's totals."""

    calls: int
    shapes: tuple[Shape, ...]
    params: int
    buffers: int
    macs: int
    nodes: tuple[Node, ...] = ()
    around: tuple[Call, ...] = ()
    training_only: bool = False
    names: tuple[str, ...] = ()


class LineSum:
    """The sums of one line while the nodes of a network are counted."""

    def __init__(self) -> None:
        self.params = self.buffers = self.macs = 0
        self.outputs: dict[str, Node] = {}  # by instance
        self.nodes: list[Node] = []
        self.around: dict[int, Call] = {}
        self.training_only = True


def sum_lines(net: NetworkCosts, spec: NetworkSpec) -> dict[Place, LineCost]:
    """Return the costs of each line that the network has at least once, by the line's place."""
    sums: dict[Place, LineSum] = {}
    places: dict[int, Place] = {}
    outputs = CallOutputs(spec.blocks)

    shared = find_sharing_lines(spec)

    def find_sum(line: Line, name: str) -> LineSum:
        place = places.get(id(line))
        if place is None:
            place = places[id(line)] = (line.source.name, line.path)
        if shared:
            place = shared.get((place[0], place[1][:-1], name), place)
        return sums.setdefault(place, LineSum())

    for node in net.graph.nodes:
        if node.line is None:
            continue
        outputs.add(node)
        cost = net.costs[node.index]
        own = find_sum(node.line, node.row.rpartition(".")[2])
        own.nodes.append(node)
        own.outputs[node.row] = node
        own.around[id(node.call)] = node.call
        call: Call | None = node.call
        chain = [own]
        while call is not None and call.line is not None:
            around = find_sum(call.line, call.trail[-1])
            around.outputs.setdefault(".".join(call.trail), node)
            if around not in chain:  # a block that calls itself counts its nodes once
                chain.append(around)
            call = call.outer
            if call is not None:
                around.around[id(call)] = call
        for total in chain:
            total.training_only = total.training_only and node.training_only
            if node.training_only and total is not own:
                continue
            total.params += cost.params
            total.buffers += cost.buffers
            total.macs += cost.macs
    return {place: finish_sum(found, outputs) for place, found in sums.items()}


def find_sharing_lines(spec: NetworkSpec) -> dict[tuple[str, Path, str], Place]:
    """Return the places of lines with ``share`` by file, list and name.

    The nodes of such a line have the line whose parameters they share."""
    lists = [spec.body, *spec.blocks.values()]
    lines = [line for block in lists for line in block.layers if line.share is not None]
    return {
        (line.source.name, line.path[:-1], str(line.name)): (line.source.name, line.path)
        for line in lines
    }


def finish_sum(found: LineSum, outputs: "CallOutputs") -> LineCost:
    """Return the costs of a line from its sums."""
    shapes: dict[Shape, None] = {}
    for name, node in found.outputs.items():
        ends = [node] if node.row == name else outputs.find(tuple(name.split(".")))
        shapes.update(dict.fromkeys(end.output for end in ends))
    return LineCost(
        len(found.outputs),
        tuple(shapes),
        found.params,
        found.buffers,
        found.macs,
        tuple(found.nodes),
        tuple(found.around.values()),
        found.training_only,
        tuple(dict.fromkeys(name.rpartition(".")[2] for name in found.outputs)),
    )


class CallOutputs:
    """Finds the nodes that calls of blocks give to the lines after them."""

    def __init__(self, blocks: dict[str, Block]):
        self.blocks = blocks
        self.last: dict[Trail, Node] = {}  # the last node of each row and call
        self.block_of: dict[Trail, str] = {}

    def add(self, node: Node) -> None:
        """Add a node, in the order of execution."""
        self.last[tuple(node.row.split("."))] = node
        call: Call | None = node.call
        while call is not None and call.trail:
            self.last[call.trail], self.block_of[call.trail] = node, call.block
            call = call.outer

    def find(self, trail: Trail) -> list[Node]:
        """Return the nodes of the outputs of a call, or of a row; those that are known."""
        last = self.last.get(trail)
        if last is None:
            return []
        block = self.blocks.get(self.block_of.get(trail, ""))
        if block is not None and block.outputs:
            named = [self.find((*trail, *name.split("."))) for name in block.outputs]
            return [node for found in named for node in found] or [last]
        below = tuple(last.row.split("."))[: len(trail) + 1]
        return self.find(below) if below != trail else [last]
