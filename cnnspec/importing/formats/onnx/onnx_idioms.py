"""Find what exporters write as several ONNX nodes: a bias, a gelu, a layer normalization.

The nodes become one, whose ``places`` say which nodes of the file read the weights."""

from collections.abc import Callable
from math import isclose, sqrt

from cnnspec.importing.formats.onnx.onnx_constants import known_of
from cnnspec.importing.formats.onnx.onnx_records import OnnxModel, OnnxNode, OnnxTensor


class NodeGraph:
    """The nodes of a file, what writes and reads each name, and the numbers among the tensors."""

    def __init__(self, model: OnnxModel):
        self.nodes = list(model.nodes)
        self.writers = {name: i for i, n in enumerate(self.nodes) for name in n.outputs}
        self.readers: dict[str, list[int]] = {o.name: [-1] for o in model.outputs}
        for i, node in enumerate(self.nodes):
            for name in node.inputs:
                self.readers.setdefault(name, []).append(i)
        self.tensors = dict(model.tensors)
        for node in self.nodes:
            value = node.attributes.get("value")
            if node.operator == "Constant" and isinstance(value, OnnxTensor):
                self.tensors[node.outputs[0]] = value
            elif node.operator == "Identity" and node.inputs[0] in self.tensors:
                self.tensors[node.outputs[0]] = self.tensors[node.inputs[0]]
            elif node.operator == "Transpose" and node.inputs[0] in self.tensors:
                tensor = self.tensors[node.inputs[0]]
                self.tensors[node.outputs[0]] = tensor.replace(shape=tensor.shape[::-1])
        self.dropped: set[int] = set()

    def number(self, name: str) -> float | None:
        """Return the number that a name stands for, if it does."""
        known = known_of(self.tensors[name]) if name in self.tensors else None
        return float(known.values[0]) if known and len(known.values) == 1 else None

    def reader(self, index: int, *operators: str) -> int | None:
        """Return the only reader of a node, if it is one of these operators."""
        found = self.readers.get(self.nodes[index].outputs[0], [])
        if len(found) != 1 or found[0] < 0:
            return None
        return found[0] if self.nodes[found[0]].operator in operators else None

    def writer(self, name: str, *operators: str) -> int | None:
        """Return the node that writes a name, if it is one of these operators."""
        found = self.writers.get(name)
        return found if found is not None and self.nodes[found].operator in operators else None

    def replace(self, last: int, node: OnnxNode, used: list[int]) -> None:
        """Put one node in the place of the last of several."""
        self.dropped |= set(used)
        self.nodes[last] = node

    def other(self, index: int, name: str) -> tuple[int, str] | None:
        """Return the input of a node of two inputs that is not ``name``, with its number."""
        inputs = self.nodes[index].inputs
        if len(inputs) != 2 or name not in inputs:
            return None
        slot = 1 - inputs.index(name)
        return slot, inputs[slot]


def find_idioms(model: OnnxModel) -> tuple[OnnxNode, ...]:
    """Return the nodes of a file; those that others stand for have no operator."""
    graph = NodeGraph(model)
    for index in range(len(graph.nodes)):
        find = IDIOMS.get(graph.nodes[index].operator)
        if find and index not in graph.dropped:
            find(graph, index)
    return tuple(
        OnnxNode("", n.name, (), ()) if i in graph.dropped else n for i, n in enumerate(graph.nodes)
    )


def add_bias(graph: NodeGraph, index: int) -> None:
    """Let a matrix product with a weight add the vector that the next node adds."""
    product = graph.nodes[index]
    after = graph.reader(index, "Add")
    found = graph.other(after, product.outputs[0]) if after is not None else None
    weight = graph.tensors.get(product.inputs[1])
    if after is None or found is None or weight is None or len(weight.shape) != 2:
        return
    slot, name = found
    bias = graph.tensors.get(name)
    if bias is None or bias.shape != weight.shape[1:]:
        return
    joined = product.replace(
        inputs=(*product.inputs, name),
        outputs=graph.nodes[after].outputs,
        places={1: (index, 1), 2: (after, slot)},
    )
    graph.replace(after, joined, [index])


def find_gelu(graph: NodeGraph, index: int) -> None:
    """Find x * 0.5 * (1 + erf(x / sqrt(2))), whose factors may be in any order."""
    before = graph.writer(graph.nodes[index].inputs[0], "Div", "Mul")
    plus = graph.reader(index, "Add")
    if before is None or plus is None:
        return
    scaled = graph.nodes[before]
    x, factor = scaled.inputs[0], graph.number(scaled.inputs[1])
    if factor is None:
        return
    factor = factor if scaled.operator == "Mul" else 1 / factor
    one = graph.other(plus, graph.nodes[index].outputs[0])
    if not isclose(factor, sqrt(0.5), rel_tol=1e-4) or one is None or graph.number(one[1]) != 1:
        return
    used, last, half, read_x = [before, index], plus, 1.0, 0
    while half != 0.5 or not read_x:
        after = graph.reader(last, "Mul")
        found = graph.other(after, graph.nodes[last].outputs[0]) if after is not None else None
        if after is None or found is None or read_x > 1:
            return
        used.append(last)
        last = after
        number, other = graph.number(found[1]), graph.writer(found[1], "Mul")
        inner = graph.nodes[other].inputs if other is not None else ()
        if number is not None:
            half *= number
        elif found[1] == x:
            read_x += 1
        elif other is not None and x in inner and graph.reader(other, "Mul") == after:
            half *= graph.number(inner[1 - inner.index(x)]) or 0.0  # x * 0.5 before
            used.append(other)
            read_x += 1
        else:
            return
    if read_x == 1:
        name, outputs = graph.nodes[index].name, graph.nodes[last].outputs
        graph.replace(last, OnnxNode("Gelu", name, (x,), outputs), used)


def find_layer_norm(graph: NodeGraph, index: int) -> None:
    """Find (x - mean) / sqrt(mean of squares + eps), with the weight and the bias after it."""
    mean = graph.nodes[index]
    minus = graph.reader(index, "Sub")
    if minus is None or graph.nodes[minus].inputs != (mean.inputs[0], mean.outputs[0]):
        return
    difference = graph.nodes[minus].outputs[0]
    readers = graph.readers[difference]
    square = next((i for i in readers if i >= 0 and graph.nodes[i].operator == "Pow"), None)
    steps: list[int] = []
    for operator in ("ReduceMean", "Add", "Sqrt", "Div"):
        last = steps[-1] if steps else square
        step = graph.reader(last, operator) if last is not None else None
        if step is None:
            return
        steps.append(step)
    variance, plus, _, divide = steps
    if graph.nodes[variance].attributes.get("axes") != mean.attributes.get("axes"):
        return
    eps = graph.other(plus, graph.nodes[variance].outputs[0])
    number = graph.number(eps[1]) if eps else None
    power = graph.number(graph.nodes[square].inputs[1]) if square is not None else None
    if number is None or power != 2 or graph.nodes[divide].inputs[0] != difference:
        return
    used = [index, minus, *([square] if square is not None else []), *steps]
    inputs, last = [mean.inputs[0]], divide
    places: dict[int, tuple[int, int]] = {}
    for operator in ("Mul", "Add"):
        after = graph.reader(last, operator)
        found = graph.other(after, graph.nodes[last].outputs[0]) if after is not None else None
        if after is None or found is None or found[1] not in graph.tensors:
            return
        places[len(inputs)] = (after, found[0])
        inputs.append(found[1])
        used.append(last)
        last = after
    axes = mean.attributes.get("axes")
    if not axes and len(mean.inputs) > 1 and mean.inputs[1] in graph.tensors:
        axes = list(graph.tensors[mean.inputs[1]].values or ())
    if not axes:
        return
    given = {"axis": min(axes), "epsilon": number}
    outputs = graph.nodes[last].outputs
    joined = OnnxNode("LayerNormalization", mean.name, tuple(inputs), outputs, given)
    graph.replace(last, joined.replace(places=places), used)


def find_group_norm(graph: NodeGraph, index: int) -> None:
    """Find an instance norm of groups of channels, with the weight and the bias after it."""
    norm = graph.nodes[index]
    before, after = graph.writer(norm.inputs[0], "Reshape"), graph.reader(index, "Reshape")
    plain = [known_of(graph.tensors[n]) if n in graph.tensors else None for n in norm.inputs[1:]]
    ones = [set(known.values) if known else None for known in plain]
    if before is None or after is None or ones != [{1.0}, {0.0}]:
        return
    inputs, last, used = [graph.nodes[before].inputs[0]], after, [before, index]
    places: dict[int, tuple[int, int]] = {}
    for operator in ("Mul", "Add"):
        reader = graph.reader(last, operator)
        found = graph.other(reader, graph.nodes[last].outputs[0]) if reader is not None else None
        if reader is None or found is None:
            return
        places[len(inputs)] = (reader, found[0])
        inputs.append(found[1])
        used.append(last)
        last = reader
    groups = len(plain[0].values) if plain[0] else 1
    given = {"num_groups": groups, "epsilon": norm.attributes.get("epsilon", 1e-5)}
    outputs = graph.nodes[last].outputs
    joined = OnnxNode("GroupNormalization", norm.name, tuple(inputs), outputs, given)
    graph.replace(last, joined.replace(places=places), used)


IDIOMS: dict[str, Callable[[NodeGraph, int], None]] = {
    "MatMul": add_bias,
    "Erf": find_gelu,
    "ReduceMean": find_layer_norm,
    "InstanceNormalization": find_group_norm,
}
