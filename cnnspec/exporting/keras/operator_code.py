"""How one node is written in Keras, and the layers that cannot be."""

from collections.abc import Sequence
from typing import Any

from cnnspec.exporting.keras.keras_calls import KerasCalls
from cnnspec.exporting.keras.recorded_keras import (
    KerasCode,
    KerasValue,
    KerasWriter,
    write_lines,
)
from cnnspec.exporting.pytorch.operator_code import OperatorCode
from cnnspec.exporting.pytorch.recorded_torch import InputName
from cnnspec.graph.model import Graph, Node
from cnnspec.ops.kit.fields import OperatorError
from cnnspec.ops.kit.windows import Axis
from cnnspec.problems import RequestError, visible

MOST_LISTED = 10  # layers in a message


def line_key(node: Node) -> Any:
    """Return the key of the line that a node comes from: the block, and the place in the file."""
    return node.call.block, node.line and node.line.path


def has_same_padding(axes: Sequence[Axis]) -> bool:
    """Tell whether Keras's "same" is the padding of axes, or they have none."""
    sides = [(a.before, a.after) for a in axes]
    return not any(map(any, sides)) or sides == [KerasCalls.same_sides(a) for a in axes]


class KerasOperators:
    """Writes the nodes of graphs, and collects in ``refused`` those that it cannot write.

    ``explicit`` are the lines of specs whose padding is not always Keras's "same": it is written in
    one way for all calls of a block, so that they share a function."""

    def __init__(self, graphs: Sequence[Graph]):
        self.refused: dict[str, dict[str, None]] = {}  # layers, by reason
        self.explicit = {
            line_key(node)
            for graph in graphs
            for node in graph.layers()
            if node.op.slides_over == "input" and not has_same_padding(node.op.axes(*node.shapes))
        }

    def write(self, node: Node, gives_indices: bool) -> OperatorCode:
        """Return the code of a node."""
        keras = KerasWriter(may_be_same=line_key(node) not in self.explicit)
        inputs = [KerasValue((InputName(i),), shape=shape) for i, shape in enumerate(node.shapes)]
        try:
            if node.shares:
                raise OperatorError("L003", "it has the weights of another layer")
            value = node.op.write_keras(keras, *inputs, y=node.output)
        except OperatorError as error:
            reason = error.message
            for i, read in enumerate(node.inputs):
                reason = reason.replace(f"${i}", visible(read.name))
            about = f"{visible(node.name)} ({node.kind})"
            self.refused.setdefault(reason, {})[about] = None
            value = inputs[0]
        return KerasCode(
            None,
            write_lines(value),
            helpers=tuple(keras.helpers),
            weights=tuple(keras.weights),
        )

    def require_none_refused(self, graph: Graph) -> None:
        """Raise RequestError with all layers that cannot be written."""
        if not self.refused:
            return
        lines = []
        for reason, found in self.refused.items():
            names = [*found]
            more = f" and {len(names) - MOST_LISTED} more" * (len(names) > MOST_LISTED)
            lines.append(f"  {', '.join(names[:MOST_LISTED])}{more}: {reason}")
        raise RequestError(
            "\n".join([f"{visible(graph.name)} cannot be exported to Keras:", *lines])
        )
