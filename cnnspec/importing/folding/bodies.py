"""The lines of a network while it is folded: operators with their parts, and calls of modules."""

from collections.abc import Iterator
from typing import Any

from cnnspec.importing.imported_graph import ImportedGraph
from cnnspec.records import Record

CONTAINERS = ("Sequential", "ModuleList", "ModuleDict", "")


class LinePart(Record):
    """The norm or the activation of a line: its operator and the fields that are set."""

    kind: str
    fields: dict[str, Any]


class FoldedLine:
    """One line: an operator with its norm and activation, or the call of a body.

    ``nodes`` are the nodes of the graph that it stands for, in order, and ``reads`` those that its
    operator reads. ``named`` tells whether a module gives the name. ``shared`` is the line above
    whose parameters it uses. ``final_name`` is the name in the block, if it is another there."""

    def __init__(self, name: str, nodes: list[int], body: "Body | None" = None):
        self.name, self.nodes, self.body = name, nodes, body
        self.named, self.final_name = True, ""
        self.kind = ""
        self.fields: dict[str, Any] = {}
        self.reads: tuple[int, ...] = ()
        self.parts: dict[str, LinePart] = {}
        self.training_only = False
        self.shared: FoldedLine | None = None
        self.is_shared = False  # whether it or another line uses the parameters of the other

    @property
    def output(self) -> int:
        """The node whose value the name of the line stands for."""
        return self.body.output if self.body else self.nodes[-1]


class Body:
    """What one call of a module runs: its lines.

    ``inputs`` are the nodes outside that it reads, in the order of first use. ``outputs`` are its
    nodes that something outside reads, and ``output`` the one that its name stands for.
    ``template`` is the block that it becomes, and ``member`` its number among its bodies."""

    def __init__(self, class_name: str, path: str, lines: list[FoldedLine]):
        self.class_name, self.path, self.lines = class_name, path, lines
        self.inputs: list[int] = []
        self.outputs: list[int] = []
        self.output = -1
        self.template: Any = None
        self.call: FoldedLine | None = None  # the line that calls it
        self.member = 0

    @property
    def is_container(self) -> bool:
        """Whether it only lists modules, so that its class says nothing about them."""
        return self.class_name in CONTAINERS

    def bodies(self) -> Iterator["Body"]:
        """Iterate over the bodies inside, innermost first, and then over itself."""
        for line in self.lines:
            if line.body:
                yield from line.body.bodies()
        yield self


def count_readers(graph: ImportedGraph) -> list[int]:
    """Return for each node how often nodes and outputs read it."""
    readers = [0] * len(graph.nodes)
    for node in graph.nodes:
        for i in node.inputs:
            readers[i] += 1
    for i in graph.outputs:
        readers[i] += 1
    return readers
