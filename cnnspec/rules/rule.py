"""What a lint rule is, what it reads of a network, and what it reports."""

from collections.abc import Callable, Iterator
from functools import cached_property

from cnnspec.analyses.network_costs import NetworkCosts
from cnnspec.graph.model import Graph, Node
from cnnspec.ops.kit.windows import Axis
from cnnspec.records import Record

ERROR, WARNING, ADVICE = SEVERITIES = ("error", "warning", "advice")


class LintedNetwork(NetworkCosts):
    """A network as rules read it: its nodes, their readers, costs and windows.

    Each property is computed once, for all rules."""

    def __init__(self, graph: Graph):
        super().__init__(graph)
        self.nodes = list(graph.layers(training=True))

    @cached_property
    def readers(self) -> dict[int, list[Node]]:
        """The nodes that read each node, by its index, in execution order."""
        found: dict[int, list[Node]] = {n.index: [] for n in self.graph.nodes}
        for node in self.nodes:
            for n in node.inputs:
                found[n.index].append(node)
        return found

    def has_only_readers(self, index: int, n: int) -> bool:
        """Tell whether ``n`` readers of a node are all of them, and it is not an output."""
        return n == len(self.readers[index]) and all(
            out.index != index for out in self.graph.outputs
        )

    @cached_property
    def windowed(self) -> list[tuple[Node, list[Axis]]]:
        """The convolutions and pools, each with its windows along each dimension."""
        known: dict[object, list[Axis]] = {}  # equal layers have equal windows
        found = []
        for node in self.nodes:
            if node.op.slides_over == "input":
                key = (node.op, node.shapes)
                if key not in known:
                    known[key] = node.op.axes(*node.shapes)
                found.append((node, known[key]))
        return found


class Remark(Record):
    """What a rule reports about a node: a message with its numbers, and how to fix it.

    The finding is placed at the first of ``keys`` that the node's line has, else at its ``op``.
    ``change`` is a key of the line and its value in TOML, if setting it is what the hint says."""

    node: Node
    message: str
    hint: str
    keys: tuple[str, ...] = ()
    change: tuple[str, str] | None = None


class LintRule(Record):
    """A lint rule. The docstring of its file is its documentation.

    ``title`` says what a good network does. ``bad`` and ``good`` are complete specs, as small as
    possible. ``finding`` is what the rule reports about ``bad``, as cnnspec check prints it (line
    breaks do not matter); about ``good`` it reports nothing. ADVICE is off by default."""

    code: str
    severity: str
    title: str
    check: Callable[[LintedNetwork], Iterator[Remark]]
    bad: str
    finding: str
    good: str
