"""The layers whose parameters depend on the size of the network's input."""

from cnnspec.graph.fitting_sizes import describe_shapes
from cnnspec.graph.model import Graph, Node
from cnnspec.graph.problem_log import ProblemLog
from cnnspec.problems import Problem, visible
from cnnspec.units import format_shape


def size_problems(graph: Graph, native: Graph) -> list[Problem]:
    """List the layers whose parameters have other shapes than at the network's own input.

    ``native`` is the network at its own input. An input with another number of channels or of
    dimensions makes another network, where nothing is compared.
    """
    given, own = [{n.name: n.output for n in g.inputs} for g in (graph, native)]
    pairs = zip(given.values(), own.values(), strict=True)
    if any((x[0], len(x)) != (y[0], len(y)) for x, y in pairs):
        return []
    log = ProblemLog()
    known = {node.name: node for node in native.nodes}
    for node in graph.nodes:
        if node.name in known and node.line is not None:
            sizes = f"{describe_shapes(own)}, but at {describe_shapes(given)}"
            compare_parameters(log, node, known[node.name], sizes)
    return log.problems()


def compare_parameters(log: ProblemLog, node: Node, native: Node, sizes: str) -> None:
    """Log the first parameter of a node whose shape depends on the input's size."""
    line = node.line
    assert line is not None
    shapes, wanted = node.op.parameters(*node.shapes), native.op.parameters(*native.shapes)
    for key, shape in wanted.items():
        if shapes.get(key) != shape:
            now = format_shape(shapes.get(key, ()))
            message = (
                f"{visible(node.name)}: its {key} is {format_shape(shape)} at an input of {sizes}"
                f" it would be {now}"
            )
            mend = "its parameters are learned for one size"
            if node.op.is_dense:
                mend = "global pooling before it takes any size"
            hint = f"{mend}; a spec with that input is another network"
            log.add(line.source, line.at("op"), "D008", message, hint, node.call)
            return
