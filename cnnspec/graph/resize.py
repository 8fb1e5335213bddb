"""The same network at another input size: its parameters keep their shapes, or the layer whose do
not refuses."""

from cnnspec.graph.model import Graph, Node
from cnnspec.graph.problem_log import ProblemLog
from cnnspec.problems import Problem, visible
from cnnspec.units import format_shape


def refusals(graph: Graph, native: Graph) -> list[Problem]:
    """The layers of ``graph`` whose parameters have other shapes than in ``native``, the network at
    its own input.

    Another number of channels or dimensions makes another network, which nothing refuses.
    """
    given, own = graph.inputs[0].output, native.inputs[0].output
    if (given[0], len(given)) != (own[0], len(own)):
        return []
    notes = ProblemLog()
    known = {node.name: node for node in native.nodes}
    for node in graph.nodes:
        if node.name in known and node.line is not None:
            compare(
                notes, node, known[node.name], f"{format_shape(own)}, but at {format_shape(given)}"
            )
    return notes.problems()


def compare(notes: ProblemLog, node: Node, native: Node, sizes: str) -> None:
    """Note a node that has another weight than at the network's own input."""
    ours, theirs = node.op.parameters(*node.shapes), native.op.parameters(*native.shapes)
    for key, wanted in theirs.items():
        if ours.get(key) != wanted and node.line is not None:
            now = format_shape(ours.get(key, ()))
            message = (
                f"{visible(node.name)}: its {key} is {format_shape(wanted)} at an input of {sizes} it"
                f" would be {now}"
            )
            mend = (
                "global pooling before it takes any size"
                if node.op.is_dense
                else "it is learned for one size"
            )
            notes.add(
                node.line.source,
                node.line.at("op"),
                "D008",
                message,
                f"{mend}; a spec with that input is another network",
                node.call,
            )
            return
