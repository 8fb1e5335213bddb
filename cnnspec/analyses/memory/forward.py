"""The forward pass in memory: what every node allocates, what dies at its last use, what the backward pass keeps."""

from collections import Counter
from math import prod
from typing import NamedTuple

from cnnspec.analyses.memory.log import Log, Storage
from cnnspec.graph.model import Graph, Node
from cnnspec.ops.memory import OUTPUT, SAME, Function
from cnnspec.records import Record

Weights = tuple[tuple[str, str, int], ...]


class Setting(Record):
    """For what memory is asked: the batch, bytes an element, and whether gradients are wanted."""

    batch: int
    size: int = 4
    gradients: bool = False

    @property
    def unit(self) -> int:
        """Bytes for each element of an example."""
        return self.batch * self.size


class Tensor(NamedTuple):
    """A value: its storage, its elements, the step of the tape that gave it, if it needs a gradient, and whether it
    lies there in one piece."""

    storage: Storage
    elements: int
    maker: "Step | None"
    dense: bool = True


class Step:
    """A function on the tape: what the backward pass needs of it."""

    __slots__ = ("function", "kept", "node", "numbers", "reads", "trained")

    def __init__(self, node: str, function: Function, reads: tuple[Tensor, ...], kept: list[Storage],
                 numbers: list[Storage], trained: Weights):
        self.numbers = numbers
        self.node, self.function, self.reads, self.kept, self.trained = node, function, reads, kept, trained


class Forward:
    """A forward pass through a graph. ``tape`` are its functions in order, where gradients are wanted."""

    def __init__(self, graph: Graph, setting: Setting, log: Log, inputs: dict[int, Tensor], training: bool):
        self.setting, self.log, self.training = setting, log, training
        self.tape: list[Step] = []
        self.values: dict[int, Tensor] = dict(inputs)
        nodes = list(graph.layers(training))
        ends = [n for n in nodes if n.training_only and not n.readers]
        self.outputs = [*graph.outputs, *ends]
        left = Counter(i for n in nodes for i in {m.index for m in n.inputs})
        for n in self.outputs:
            left[n.index] += 1  # the caller's
        for node in nodes:
            log.node = node.name
            self.run(node)
            for i in {m.index for m in node.inputs}:
                left[i] -= 1
                if not left[i] and i not in inputs:
                    log.drop(self.values.pop(i).storage)

    def run(self, node: Node) -> None:
        """One node: its functions one after the other. Where there is none, it gives the same tensor."""
        inputs = [self.values[n.index] for n in node.inputs]
        functions = node.op.memory(*node.shapes, y=node.output, training=self.training)
        made: list[Tensor] = []
        for i, function in enumerate(functions):
            reads = tuple([inputs[r] if r >= 0 else made[r] for r in function.reads])
            made.append(self.apply(function, reads, self.weights(node, function)))
            for k in range(i):
                if k + functions[k].lives == i:
                    self.log.drop(made[k].storage)
        for k, function in enumerate(functions[:-1]):
            if k + function.lives >= len(functions):
                self.log.drop(made[k].storage)
        if not made:
            self.log.hold(inputs[0].storage)
        self.values[node.index] = made[-1] if made else inputs[0]

    def apply(self, function: Function, reads: tuple[Tensor, ...], trained: Weights = ()) -> Tensor:
        """One function: what it gives, and, where gradients are wanted, its step on the tape."""
        setting, log = self.setting, self.log
        number = [log.new(8), log.new(setting.size)] if function.number else []
        storage = log.hold(reads[0].storage) if function.shares else log.new(function.size * setting.unit)
        extras = [log.new(n) for n in (function.indices * setting.batch * 8, self.extra(function) * setting.unit,
                                       *(function.statistics * 4,) * 2, *(function.rows * setting.batch * 4,) * 2) if n]
        copied = sum(r.elements for r in reads if not r.dense) if function.copies else 0
        log.drop(log.new(copied * setting.unit))
        log.drop(log.new(function.divides * (8 + setting.size)))
        if number:
            log.drop(number.pop())
        dense = function.turned <= (setting.batch == 1) and (not function.shares or reads[0].dense)
        if not setting.gradients or not (trained or any(r.maker for r in reads)):
            for extra in extras + number:
                log.drop(extra)
            return Tensor(storage, function.size, None, dense)
        kept = [log.hold(storage if i == OUTPUT else reads[i].storage) for i in function.keeps]
        if function.gradient == SAME:
            while number:
                log.drop(number.pop())
        step = Step(log.node, function, reads, kept + extras, number, trained)
        self.tape.append(step)
        return Tensor(storage, function.size, step, dense)

    def extra(self, function: Function) -> int:
        """Elements kept besides; what is worked on in place is copied only where the backward pass needs it."""
        return function.extra if self.setting.gradients or not function.shares else 0

    def weights(self, node: Node, function: Function) -> Weights:
        """The parameters that get their gradients by a function: whose they are, their names and elements."""
        if not function.trained:
            return ()
        tensors = node.op.parameters(*node.shapes)
        owner = (node.shares or node).name
        return tuple((owner, name, prod(shape)) for name, shape in tensors.items() if name in function.trained)
