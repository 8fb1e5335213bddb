"""The graph of a network: nodes in execution order, each one operator with one output."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from cnnspec.ops.operator import Operator
from cnnspec.spec.expressions import Expression
from cnnspec.spec.model import Line
from cnnspec.units import Shape


class Call(NamedTuple):
    """One call of a block: its names from the network down, the block, and the arguments it was given."""

    trail: tuple[str, ...]
    block: str
    arguments: dict[str, Any]
    outer: "Call | None" = None


class Origin(NamedTuple):
    """Where a field's value came from: the expression as written, and the values of the names in it."""

    text: str
    values: dict[str, Any]


class Node:
    """One operator at work. ``inputs`` are nodes; ``output`` is a shape without the batch.

    ``row`` is the name of the line that made it and ``name`` its own: a line's norm and activation are nodes
    called ``row.norm`` and ``row.activation``, and ``part`` says so. ``shares`` is the node whose parameters
    this one uses again.
    """

    __slots__ = ("call", "index", "inputs", "kind", "line", "name", "op", "origins", "output", "part", "readers", "row",
                 "shares", "training_only")

    def __init__(self, index: int, name: str, kind: str, op: Operator, inputs: tuple["Node", ...], output: Shape,
                 call: Call, row: str, part: str = "", line: Line | None = None):
        self.index, self.name, self.kind, self.op = index, name, kind, op
        self.inputs, self.output = inputs, output
        self.call, self.row, self.part, self.line = call, row, part, line
        self.origins: dict[str, Any] = {}
        self.shares: Node | None = None
        self.training_only = False
        self.readers = 0

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """The shapes of the inputs."""
        return tuple([n.output for n in self.inputs])

    def __repr__(self) -> str:
        return f"Node({self.name}: {self.kind} -> {self.output})"

    def origin(self, field: str) -> Origin | None:
        """The expression that gave a field its value, or None where it was written as a number."""
        if field not in self.origins:
            return None
        expression, scope = self.origins[field]
        if not isinstance(expression, Expression):
            return None
        return Origin(expression.text, {n: scope.get(n) for n in dict.fromkeys(expression.names) if n in scope.names()})


class Graph(NamedTuple):
    """A network at one setting of its arguments. ``nodes`` hold the inputs first, then every layer."""

    name: str
    family: str
    title: str
    year: int | None
    source: str
    nodes: list[Node]
    inputs: list[Node]
    outputs: list[Node]
    arguments: dict[str, Any]

    def layers(self, training: bool = False) -> Iterator[Node]:
        """The nodes of the layers, those that are there in training only if they are asked for."""
        return (n for n in self.nodes[len(self.inputs) :] if training or not n.training_only)
