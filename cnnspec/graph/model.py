"""The graph of a network: nodes in execution order, each with one operator and one output."""

from collections.abc import Iterator, Mapping
from typing import Any

from cnnspec.ops.kit.operator import Operator
from cnnspec.problems import Problem, SpecError
from cnnspec.records import Record
from cnnspec.spec.model import Line, NamedModel
from cnnspec.spec.scope import UNKNOWN, Dynamic, Scope
from cnnspec.spec.source import Path, Source
from cnnspec.units import Shape

MAX_ORIGINS = 64  # of one value: a spec can have a chain of arguments of any length


class Call(Record):
    """One call of a block: its path from the network down, its arguments, and the calling line."""

    trail: tuple[str, ...]
    block: str
    arguments: dict[str, Any]
    outer: "Call | None" = None
    line: Line | None = None


class Origin(Record):
    """Where a value comes from: the expression as written, and the values of the names in it."""

    name: str
    value: Any
    text: str
    values: dict[str, Any]


def origin_of(name: str, value: Any, expression: Dynamic, scope: Scope) -> Origin:
    """Return the origin of a value that an expression has in a scope."""
    names = [n for n in dict.fromkeys(expression.names) if scope.get_or_unknown(n) is not UNKNOWN]
    return Origin(name, value, expression.text, {n: scope.get(n) for n in names})


def trace(name: str, value: Any, expression: Dynamic, scope: Scope) -> list[Origin]:
    """Return the origins of a value and, in turn, of the names in its expressions.

    A value that a call only passes on under the same name has its origin outside the call.
    """
    found: dict[tuple[int, int], Origin] = {}
    open_ = [(name, value, expression, scope)]
    while open_ and len(found) < MAX_ORIGINS:
        name, value, expression, scope = open_.pop()
        before = scope.origin(name) if expression.text == name else None
        if before and before != (expression, scope):
            open_.append((name, value, *before))
        elif (key := (id(expression), id(scope))) not in found:
            found[key] = origin_of(name, value, expression, scope)
            inner = [(n, v, scope.origin(n)) for n, v in found[key].values.items()]
            open_ += [(n, v, *origin) for n, v, origin in reversed(inner) if origin]
    return list(found.values())


NONE: Mapping[str, Any] = {}


class Node:
    """One operator with its inputs, which are nodes, and its output shape without the batch.

    ``row`` is the name of its line and ``name`` its own: the norm and the activation of a line are
    nodes called ``row.norm`` and ``row.activation``, and ``part`` is "norm" or "activation" then.
    ``shares`` is the node whose parameters this one uses. ``readers`` counts the nodes and outputs
    that read it."""

    __slots__ = (
        "call",
        "index",
        "inputs",
        "kind",
        "line",
        "name",
        "op",
        "origins",
        "output",
        "part",
        "readers",
        "row",
        "shares",
        "training_only",
    )

    def __init__(
        self,
        index: int,
        name: str,
        kind: str,
        op: Operator,
        inputs: tuple["Node", ...],
        output: Shape,
        call: Call,
        row: str,
        part: str = "",
        line: Line | None = None,
    ):
        self.index, self.name, self.kind, self.op = index, name, kind, op
        self.inputs, self.output = inputs, output
        self.call, self.row, self.part, self.line = call, row, part, line
        self.origins: Mapping[str, Any] = NONE
        self.shares: Node | None = None
        self.training_only = False
        self.readers = 0

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """The shapes of the inputs, without the batch."""
        return tuple([n.output for n in self.inputs])

    @property
    def value_inputs(self) -> list["Node"]:
        """The inputs of which more than the size is read."""
        return [n for i, n in enumerate(self.inputs) if i not in self.op.size_only]

    def __repr__(self) -> str:
        return f"Node({self.name}: {self.kind} -> {self.output})"

    def trace(self) -> list[Origin]:
        """Return the origins of fields written as expressions, back to the network's arguments."""
        written = [(k, *w) for k, w in self.origins.items() if w[0].text]
        return [
            o
            for field, *origin in written
            for o in trace(field, getattr(self.op, field, None), *origin)
        ]


class Graph(Record):
    """A network at one setting of its arguments. ``nodes`` are the inputs, then all layers.

    ``resized`` are problems (D008) of layers whose parameters have other shapes than at the spec's
    own input, and ``input_places`` are the places of the inputs' shapes in the spec.
    ``unfit`` are problems of training-only layers that do not fit an input from outside; inference
    does not need them. ``reference`` is the table [reference.NAME]: by library the model that the
    network must equal, and under "set" the arguments with which it does. ``model`` is the PyTorch
    model that the spec names in [model]."""

    name: str
    family: str
    title: str
    year: int | None
    source: str
    nodes: list[Node]
    inputs: list[Node]
    outputs: list[Node]
    arguments: dict[str, Any]
    scope: Scope  # of the network's own lines
    unfit: tuple[Problem, ...] = ()
    reference: dict[str, Any] = {}
    model: NamedModel | None = None
    resized: tuple[Problem, ...] = ()
    input_places: dict[str, tuple[Source, Path]] = {}
    task: str = ""

    def computed(self) -> list[Origin]:
        """Return the origins of the arguments that are written as expressions."""
        written = [(name, self.scope.origin(name)) for name in self.arguments]
        return [
            origin_of(name, self.arguments[name], *origin) for name, origin in written if origin
        ]

    def layers(self, training: bool = False) -> Iterator[Node]:
        """Iterate over the layers, without the training-only ones unless ``training``.

        Raises SpecError if training-only layers are asked for and do not fit the input.
        """
        if training and self.unfit:
            raise SpecError(self.unfit)
        return (n for n in self.nodes[len(self.inputs) :] if training or not n.training_only)

    def results(self, training: bool = False) -> list[Node]:
        """Return the outputs and, with ``training``, the training-only layers that nothing reads.

        Raises SpecError as ``layers`` does.
        """
        return self.outputs + [
            n for n in self.layers(training) if n.training_only and not n.readers
        ]


def graph_digest(graph: Graph) -> str:
    """Return the SHA-256, in hexadecimal, of all that a measurement of a graph depends on.

    That is the expanded network with its references: names, operators, fields that are not
    defaults, connections and shapes. It does not depend on comments, claims, budgets, and how the
    network is divided into blocks."""
    from hashlib import sha256

    lines = [
        graph.name,
        *map(node_text, graph.nodes),
        str([n.index for n in graph.outputs]),
        str(sorted(graph.reference.items())),
    ]
    return sha256("\n".join(lines).encode(errors="backslashreplace")).hexdigest()


def node_text(node: Node) -> str:
    """Return the text of one node for the digest."""
    op = node.op
    fields = {
        name: getattr(op, name) for name in op.fields if getattr(op, name) != op.defaults.get(name)
    }
    inputs, shares = [n.index for n in node.inputs], node.shares.index if node.shares else None
    return repr(
        (node.name, node.kind, node.row, fields, inputs, node.output, shares, node.training_only)
    )
