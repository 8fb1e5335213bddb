"""The nodes of ONNX of a whole graph, as plain data: what each operator's ``write_onnx`` writes."""

from typing import Any

from cnnspec.graph.model import Graph, Node
from cnnspec.ops.kit.fields import OperatorError
from cnnspec.problems import RequestError, visible
from cnnspec.records import Record
from cnnspec.units import Shape

UNKNOWN_SHAPE: Shape = ()


class OnnxValue(Record):
    """A value by its name; inputs of operators have their shape, without the batch."""

    name: str
    shape: Shape = UNKNOWN_SHAPE


class WrittenOnnxNode(Record):
    """One node: its operator, the names of inputs ("" for one left out) and outputs."""

    name: str
    op_type: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any]


class OnnxConstant(Record):
    """A constant: its numbers, all floats or all integers, and its shape."""

    numbers: tuple[float, ...] | tuple[int, ...]
    shape: Shape


class OnnxGraph(Record):
    """The nodes of a graph, its constants, and the tensors that it takes from the spec's layers.

    ``tensors`` has for each name the name of its node in the graph, and its own."""

    nodes: list[WrittenOnnxNode]
    constants: dict[str, OnnxConstant]
    tensors: dict[str, tuple[str, str]]
    inputs: list[OnnxValue]
    outputs: list[OnnxValue]


class NodeWriter:
    """Writes the nodes of one layer: a method with the name of an operator of ONNX adds one.

    The layer's tensors are those of ``owner``."""

    def __init__(self, written: OnnxGraph, layer: Node, owner: Node):
        self._written, self._layer, self._owner = written, layer, owner
        self._count = 0

    def __getattr__(self, op_type: str) -> Any:
        if not op_type[:1].isupper():
            raise AttributeError(op_type)

        def add_node(*inputs: Any, **attributes: Any) -> OnnxValue:
            (value,) = self.node(op_type, *inputs, **attributes)
            return value

        return add_node

    def node(
        self, op_type: str, *inputs: Any, outputs: int = 1, **attributes: Any
    ) -> list[OnnxValue]:
        """Add a node and return its outputs."""
        name = self._new_name(op_type)
        names = tuple(name if i == 0 else f"{name}/{i}" for i in range(outputs))
        read = [self._name_of(value) for value in inputs]
        while read and not read[-1]:
            read.pop()
        self._written.nodes.append(WrittenOnnxNode(name, op_type, tuple(read), names, attributes))
        return [OnnxValue(n) for n in names]

    def parameter(self, name: str) -> OnnxValue:
        """Return one of the layer's tensors."""
        full = f"{self._owner.name}.{name}"
        self._written.tensors[full] = (self._owner.name, name)
        return OnnxValue(full)

    def constant(self, numbers: list[float] | list[int], shape: Shape | None = None) -> OnnxValue:
        """Return a constant with some numbers; its shape is one dimension if none is given."""
        name = self._new_name("constant")
        shape = (len(numbers),) if shape is None else shape
        self._written.constants[name] = OnnxConstant(tuple(numbers), shape)
        return OnnxValue(name)

    def _new_name(self, what: str) -> str:
        self._count += 1
        number = f"_{self._count}" if self._count > 1 else ""
        return f"{self._layer.name}/{what}{number}"

    def _name_of(self, value: Any) -> str:
        if value is None:
            return ""
        if isinstance(value, OnnxValue):
            return value.name
        if isinstance(value, list):
            return self.constant(value).name
        return self.constant([value], ()).name


def write_nodes(graph: Graph) -> OnnxGraph:
    """Return the graph at inference as nodes of ONNX.

    The node that gives a layer's output has the layer's name. Raises RequestError for what is not
    written in ONNX."""
    inputs = [OnnxValue(n.name, n.output) for n in graph.inputs]
    written = OnnxGraph([], {}, {}, inputs, [])
    values: dict[tuple[int, bool], OnnxValue] = {
        (n.index, False): value for n, value in zip(graph.inputs, inputs, strict=True)
    }
    undone = {n.inputs[-1].index for n in graph.nodes if n.op.undoes}
    for node in graph.layers():
        reads = [values[n.index, False] for n in node.inputs]
        if node.op.undoes:
            reads[-1] = values[node.inputs[-1].index, True]
        writer = NodeWriter(written, node, node.shares or node)
        start = len(written.nodes)
        try:
            result = node.op.write_onnx(writer, *reads, y=node.output)
        except OperatorError as error:
            raise RequestError(
                f"{visible(node.name)} ({node.kind}) cannot be exported to ONNX: {error.message}"
            ) from None
        if len(written.nodes) == start:  # it is one of its inputs
            result = writer.Identity(result)
        last = written.nodes[-1]
        assert last.outputs[0] == result.name
        outputs = (node.name, *last.outputs[1:])
        if node.index in undone:
            outputs = (node.name, f"{node.name}/indices")
            values[node.index, True] = OnnxValue(outputs[1])
        written.nodes[-1] = last.replace(name=node.name, outputs=outputs)
        values[node.index, False] = OnnxValue(node.name, node.output)
    written.outputs.extend(values[n.index, False] for n in graph.outputs)
    return written
