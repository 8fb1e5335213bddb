"""A network as rules see it: its nodes, who reads them, what they cost, and what they see of the
input."""

from functools import cached_property

from cnnspec.analyses.coverage import CONVOLUTIONS, WINDOWED
from cnnspec.analyses.network_costs import NetworkCosts
from cnnspec.graph.model import Graph, Node
from cnnspec.ops.kit.windows import Axis

WEIGHTED = (*CONVOLUTIONS, "conv_transpose", "linear")


class Subject(NetworkCosts):
    """One network. What is worked out for one rule is there for the next."""

    def __init__(self, graph: Graph):
        super().__init__(graph)
        self.nodes = list(graph.layers(training=True))

    @cached_property
    def readers(self) -> dict[int, list[Node]]:
        """Who reads a node, by the node's index, in execution order."""
        found: dict[int, list[Node]] = {n.index: [] for n in self.graph.nodes}
        for node in self.nodes:
            for n in node.inputs:
                found[n.index].append(node)
        return found

    def all_readers(self, index: int, n: int) -> bool:
        """Whether ``n`` readers of a node are all that it has; who calls the network reads its
        outputs."""
        return n == len(self.readers[index]) and all(
            out.index != index for out in self.graph.outputs
        )

    @cached_property
    def windowed(self) -> list[tuple[Node, list[Axis]]]:
        """The convolutions and pools with their windows."""
        known: dict[object, list[Axis]] = {}  # networks repeat themselves
        found = []
        for node in self.nodes:
            if node.kind in WINDOWED:
                key = (node.op, node.shapes)
                if key not in known:
                    known[key] = node.op.axes(*node.shapes)  # type: ignore[attr-defined]
                found.append((node, known[key]))
        return found
