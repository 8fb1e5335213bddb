"""Values that operators in place overwrite although a layer, the caller or backward needs them.

PyTorch computes with the overwritten value, without a warning. Only for a value that backward
needs does it raise a RuntimeError, and only in training."""

from collections.abc import Iterable
from math import prod

from cnnspec.analyses.memory.allocations import PassSettings, Storage, allocate_inputs
from cnnspec.analyses.memory.forward_pass import ForwardPass
from cnnspec.graph.model import Graph, Node
from cnnspec.ops.kit.memory import OUTPUT, Function, Functions
from cnnspec.ops.kit.operator import UnknownMemoryError
from cnnspec.problems import visible
from cnnspec.records import Record


class Overwritten(Record):
    """A ``value`` that ``node`` overwrites in place, and the ``reader`` that needs it afterwards.

    The reader is None for the caller, who gets the value. ``backwards`` says that the reader's
    backward needs the value."""

    node: Node
    value: Node
    reader: Node | None
    backwards: bool = False

    @property
    def who(self) -> str:
        """The reader and when it needs the value, as the end of "which ..."."""
        if self.reader is None:
            return "the network returns"
        reader = visible(self.reader.name)
        return (
            f"the backward pass of {reader} needs"
            if self.backwards
            else f"{reader} reads afterwards"
        )

    @property
    def message(self) -> str:
        """What is wrong, and how to correct it."""
        refused = "PyTorch refuses to train this network: " if self.backwards else ""
        return (
            f"{refused}{visible(self.node.name)} works in place and overwrites"
            f" {visible(self.value.name)}, which {self.who}; inplace = false avoids this, and"
            " cnnspec check shows where"
        )


class WatchedForwardPass(ForwardPass):
    """A forward pass of two examples that records what is overwritten, and when."""

    def __init__(self, graph: Graph, training: bool, frozen: frozenset[str]):
        self.overwriters: dict[int, Node] = {}  # by the index of the value that is lost
        self.read_afterwards: list[Overwritten] = []
        self.overwritten: list[tuple[Node, Storage, int]] = []  # with the tape's length by then
        settings = PassSettings(2, gradients=training, frozen=frozen)
        super().__init__(graph, settings, *allocate_inputs(graph, settings), training)

    def functions_of(self, node: Node) -> Functions:
        """Return the functions of a node's operator, as far as they are known."""
        return find_functions(node, self.training)

    def run_node(self, node: Node, dead: list[int]) -> None:
        """Run a node, and record what it overwrites and what overwritten values it reads."""
        self.read_afterwards += [
            Overwritten(self.overwriters[n.index], n, node)
            for n in node.inputs
            if n.index in self.overwriters
        ]
        before, length = self.values[node.inputs[0].index].storage, len(self.tape)
        super().run_node(node, dead)
        if self.functions_of(node) and getattr(node.op, "inplace", False):
            others = [
                i for i, value in self.values.items() if value.storage is before and i != node.index
            ]
            self.overwriters = dict.fromkeys(others, node) | self.overwriters
            self.overwritten.append((node, before, length))


def find_overwritten(
    graph: Graph, training: bool, frozen: frozenset[str] = frozenset()
) -> list[Overwritten]:
    """Find all values that are overwritten too early; those that backward needs if ``training``.

    ``frozen`` are the layers whose parameters get no gradients."""
    if not may_overwrite(graph.layers(training), training):
        return []
    watched, names = WatchedForwardPass(graph, training, frozen), {n.name: n for n in graph.nodes}
    saved = {id(s) for entry in watched.tape for s in entry.saved}
    backwards = [
        Overwritten(node, node.inputs[0], names[entry.node], True)
        for node, storage, length in watched.overwritten
        if id(storage) in saved
        for entry in watched.tape[:length]
        if storage in entry.saved
    ]
    returned = [
        Overwritten(watched.overwriters[n.index], n, None)
        for n in graph.results(training)
        if n.index in watched.overwriters
    ]
    return backwards + watched.read_afterwards + returned


def find_functions(node: Node, training: bool) -> Functions:
    """Return the functions of a node's operator; one if only what it saves is known."""
    try:
        return node.op.memory(*node.shapes, y=node.output, training=training)
    except UnknownMemoryError as error:
        inputs, parameters = tuple(range(len(node.shapes))), node.op.parameters(*node.shapes)
        saves = (*inputs, *(OUTPUT,) * error.saves_output)
        return (Function(prod(node.output), saves, inputs, parameters=tuple(parameters)),)


def may_overwrite(nodes: Iterable[Node], training: bool) -> bool:
    """Whether any node in place may overwrite a value that is needed; False is certain, and quick.

    It is False where each such value has one reader, is not saved, and is not a view."""
    safe: dict[object, bool] = {}
    for node in nodes:
        if getattr(node.op, "inplace", False):
            value = node.inputs[0]
            if value.readers > 1:  # the caller counts as one, of inputs and outputs
                return True
            key = value.op, value.shapes
            if key not in safe:
                functions = find_functions(value, training)
                safe[key] = (
                    bool(functions)
                    and not functions[-1].aliases
                    and OUTPUT not in functions[-1].saves
                )
            if not safe[key]:
                return True
    return False
