"""Follow the nodes of an ONNX graph and write PyTorch's calls for them."""

from collections.abc import Callable
from typing import Any

from cnnspec.analyses.flat_calls import ModuleCall, Value, Weight
from cnnspec.importing.canonical.graph_builder import CALL_FAULTS, UnsupportedCall
from cnnspec.importing.formats.call_writer import CallWriter
from cnnspec.importing.formats.model_file import FileTrace
from cnnspec.importing.formats.onnx.onnx_constants import EVALUATED, Known, is_weight, known_of
from cnnspec.importing.formats.onnx.onnx_records import OnnxModel, OnnxNode, OnnxTensor
from cnnspec.problems import visible
from cnnspec.records import Record
from cnnspec.units import Shape

Tensor = Value | Known | OnnxTensor


class WeightUse(Record):
    """A node of the file that reads a parameter, and the number of its input.

    ``transposed`` says that the operator's weight is the transpose of what the node reads."""

    node: int
    slot: int
    transposed: bool = False


class OnnxTracer:
    """The calls so far, and what each name of the graph stands for.

    ``values`` has a value, a list of numbers, or a tensor of the file; a name that is absent comes
    from a node that no call expresses. ``uses`` are by parameter the nodes that read it."""

    def __init__(self, model: OnnxModel, fixed_batch: int | None):
        self.model, self.fixed_batch = model, fixed_batch
        self.writer = CallWriter()
        self.values: dict[str, Tensor] = {}
        self.uses: dict[str, list[WeightUse]] = {}
        self.shapes: dict[str, Shape] = {}  # of all weights, as the calls read them
        self.copied: set[str] = set()  # tensors that the file stores once, but several layers use
        self.places: dict[str, str] = {}  # where each weight is used first
        self.complaints: list[str] = []
        self.complete = -1
        self.constants: list[str] = []  # tensors with one element, taken as numbers
        self.index, self.node = -1, OnnxNode("", "", (), ())

    def get(self, slot: int) -> Tensor | None:
        """Return what an input of the current node is; None if it is left out."""
        inputs = self.node.inputs
        return self.values[inputs[slot]] if slot < len(inputs) and inputs[slot] else None

    def value(self, slot: int = 0) -> Value:
        """Return an input that depends on the network's input. Raises UnsupportedCall."""
        found = self.get(slot)
        if not isinstance(found, Value):
            raise UnsupportedCall("it reads a tensor that does not depend on the input")
        return found

    def known(self, slot: int, attribute: str = "") -> Known | None:
        """Return a list of numbers from an input, or from an attribute as older files have it.

        Raises UnsupportedCall where it depends on the network's input."""
        found = self.get(slot)
        if found is None and attribute in self.node.attributes:
            given = self.node.attributes[attribute]
            values = tuple(given) if isinstance(given, list) else (given,)
            return Known((len(values),), values)
        if isinstance(found, OnnxTensor):
            found = known_of(found)
        if found is not None and not isinstance(found, Known):
            raise UnsupportedCall("its settings depend on values of the input")
        return found

    def weight(self, slot: int, transposed: bool = False, owner: str = "") -> Weight | None:
        """Return a parameter that the current node reads; None if it is left out.

        Exporters may store equal tensors once. So a tensor is shared only within a module, where
        the file names modules, and a bias only where the node's weight, ``owner``, is. Raises
        UnsupportedCall for what is no tensor of the file."""
        found = self.get(slot)
        if found is None:
            return None
        if isinstance(found, Known):
            name = visible(self.node.inputs[slot], 80)
            found = OnnxTensor(name, found.shape, 1, found.values)
        if not isinstance(found, OnnxTensor):
            raise UnsupportedCall("its weights are computed from the input")
        shape, name = found.shape, found.name
        if transposed and len(shape) != 2:
            raise UnsupportedCall(f"its weight has {len(shape)} dimensions")
        place = f"{self.path()}, input {slot}" if self.node.scopes else owner
        if place:
            first = self.places.setdefault(name, place)
            if first != place:
                name = f"{name} in {place}"
                self.copied.add(name)
        node, number = self.node.places.get(slot, (self.index, slot))
        self.uses.setdefault(name, []).append(WeightUse(node, number, transposed))
        self.shapes[name] = shape = shape[::-1] if transposed else shape
        return self.writer.weight(name, shape, *(["t"] if transposed else []))

    def path(self) -> str:
        """Return the path of the module that the current node belongs to, "" if unknown."""
        modules = self.writer.modules
        return modules[-1].path if modules else ""


Rule = Callable[[OnnxTracer], Any]


def trace_onnx(
    model: OnnxModel,
    nodes: tuple[OnnxNode, ...],
    shapes: dict[str, Shape],
    fixed_batch: int | None,
    rules: dict[str, Rule],
) -> tuple[OnnxTracer, FileTrace]:
    """Trace a graph for inputs of these shapes, without the batch."""
    tracer = OnnxTracer(model, fixed_batch)
    for tensor in model.tensors.values():
        tracer.values[tensor.name] = tensor
    for name, shape in shapes.items():
        tracer.values[name] = tracer.writer.input(shape)
    for index, node in enumerate(nodes):
        if not node.operator:
            continue  # another node stands for it
        tracer.index, tracer.node = index, node
        trace_node(tracer, rules)
    outputs = [tracer.values.get(o.name) for o in model.outputs]
    found = [o for o in outputs if isinstance(o, Value)]
    writer = tracer.writer
    complete = len(writer.calls) if tracer.complete < 0 else tracer.complete
    trace = FileTrace(writer.run(found), writer.parameters, tuple(tracer.complaints), complete)
    return tracer, trace


def trace_node(tracer: OnnxTracer, rules: dict[str, Rule]) -> None:
    """Write the calls of the current node. A node without a rule is noted as a complaint."""
    node = tracer.node
    missing = any(name and name not in tracer.values for name in node.inputs)
    name = node.operator if node.domain in ("", "ai.onnx") else f"{node.domain}.{node.operator}"
    tracer.writer.modules = find_modules(node)
    tracer.writer.source = node.name or node.outputs[0] if node.outputs else ""
    try:
        result: Any = None
        given = [tracer.get(i) for i in range(len(node.inputs))] if not missing else []
        if name not in rules and name not in EVALUATED:
            raise UnsupportedCall("no operator does this")
        if missing:
            return
        small = [t for t in given if not isinstance(t, OnnxTensor) or not is_weight(t)]
        tensors = [known_of(t) if isinstance(t, OnnxTensor) else t for t in small]
        known = [t for t in tensors if isinstance(t, Known)]
        if name in EVALUATED and node.inputs and len(known) == len(given):
            result = EVALUATED[name](node, known)
        elif name in rules:
            result = rules[name](tracer)
        else:
            raise UnsupportedCall("no operator does this")
    except CALL_FAULTS as error:
        is_known = isinstance(error, UnsupportedCall)
        reason = str(error) if is_known else "it is written in a way that is not known"
        place = visible(node.name or (node.outputs[0] if node.outputs else ""), 120)
        tracer.complaints.append(f"{place or 'a node'}: {visible(name, 60)}: {reason}")
        if tracer.complete < 0:
            tracer.complete = len(tracer.writer.calls)
        return
    results = result if isinstance(result, list) else [result]
    for output, value in zip(node.outputs, results, strict=False):
        if value is not None:
            tracer.values[output] = value


def find_modules(node: OnnxNode) -> tuple[ModuleCall, ...]:
    """Return the modules around a node, by what the exporter has noted or by the node's name."""
    if node.scopes and len(node.scopes) == len(node.classes):
        pairs = zip(node.scopes[:-1], node.classes[:-1], strict=True)
        found = [ModuleCall(path, name.rpartition(".")[2]) for path, name in pairs]
        return (*found[:-1], name_by_weight(node, found[-1])) if found else ()
    if not node.name.startswith("/"):
        return ()
    found, (path, last) = [ModuleCall("", "")], ("", "")
    for part in node.name.split("/")[1:-1]:
        inside = last and part.startswith(f"{last}.")
        path = path + part.removeprefix(last) if inside else f"{path}.{part}".lstrip(".")
        last = part
        found.append(ModuleCall(path, ""))
    return tuple(found)


def name_by_weight(node: OnnxNode, call: ModuleCall) -> ModuleCall:
    """Return the call of the module that owns a node's weight, if it is beside ``call``.

    A convolution into which a norm was folded is noted as a call of the norm."""
    owner, _, name = node.inputs[1].rpartition(".") if len(node.inputs) > 1 else ("", "", "")
    is_beside = owner.rpartition(".")[0] == call.path.rpartition(".")[0]
    return ModuleCall(owner, node.operator) if name == "weight" and is_beside else call
