"""What each body reads from outside, what outside reads of it, and which value its name means."""

from cnnspec.importing.folding.bodies import Body, FoldedLine
from cnnspec.importing.imported_graph import ImportedGraph


class Wiring:
    """Which nodes read each node of a graph."""

    def __init__(self, graph: ImportedGraph):
        self.readers: list[list[int]] = [[] for _ in graph.nodes]
        for i, node in enumerate(graph.nodes):
            for k in node.inputs:
                self.readers[k].append(i)
        self.results = set(graph.outputs)

    def connect(self, body: Body) -> None:
        """Set the inputs and outputs of a body and of all bodies inside."""
        for inner in body.bodies():
            self.connect_one(inner)
            for line in inner.lines:
                if line.body:
                    line.body.call = line

    def connect_one(self, body: Body) -> None:
        """Set the inputs and outputs of one body, after those inside."""
        nodes = {i for line in body.lines for i in line.nodes}
        read = [i for line in body.lines for i in line_inputs(line) if i not in nodes]
        body.inputs = list(dict.fromkeys(read))
        body.outputs = [
            i
            for i in sorted(nodes)
            if i in self.results or any(k not in nodes for k in self.readers[i])
        ]
        last = body.lines[-1].output
        body.output = last if last in body.outputs or not body.outputs else body.outputs[-1]


def line_inputs(line: FoldedLine) -> list[int]:
    """Return the nodes that a line reads, in the order of its inputs."""
    return line.body.inputs if line.body else list(line.reads)


def find_path(body: Body, node: int) -> list[FoldedLine]:
    """Return the lines that lead to a node of a body: the last one's name stands for it."""
    line = next(line for line in body.lines if node in line.nodes)
    if line.output == node or line.body is None:
        return [line]
    return [line, *find_path(line.body, node)]
