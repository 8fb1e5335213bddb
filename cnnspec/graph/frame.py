"""One call of a block while it is unrolled: the names in it, and what the lines so far have
given."""

from typing import Any

from cnnspec.graph.model import Call, Node
from cnnspec.records import Record
from cnnspec.spec.model import Block, Line
from cnnspec.spec.scope import Dynamic, Scope
from cnnspec.spec.source import Path, Source

MAX_PATH = 4000  # characters: more than names of 100 at 32 levels take
Value = Any  # a Node, Ports, or POISON


class Poison:
    """The value of a line with a problem: what reads it stays unknown, and silent."""


POISON = Poison()


class Poisoned(Exception):
    """Raised where a line cannot go on, because of a problem that has been noted."""


class Ports(Record):
    """What a block gives: the values of its lines by name, its outputs' names, and its own from the
    network down."""

    values: dict[str, Value]
    outputs: tuple[str, ...]
    trail: tuple[str, ...]


class Given:
    """A value as it was written: where, and the scope in which its expressions are evaluated."""

    __slots__ = ("dynamic", "path", "scope", "source", "value")

    def __init__(self, value: Any, source: Source, path: Path, scope: Scope):
        self.value, self.source, self.path, self.scope = value, source, path, scope
        self.dynamic = isinstance(value, Dynamic)


class Recipe:
    """How a line was called, kept for lines that share its parameters."""

    __slots__ = ("line", "name", "row", "scope")

    def __init__(self, line: Line, scope: Scope, row: Any, name: str):
        self.line, self.scope, self.row, self.name = line, scope, row, name


class Frame:
    """The state of one call of a block."""

    def __init__(
        self, call: Call, block: Block, scope: Scope, inputs: dict[str, Value], training: bool
    ):
        self.call, self.block, self.scope = call, block, scope
        self.values: dict[str, Value] = dict(inputs)
        self.inputs = inputs
        self.previous: Value = next(iter(inputs.values()))
        self.training = training
        self.dropped: set[str] = set()  # lines whose `when` is false
        self.recipes: dict[str, Recipe] = {}
        self.uncertain = False  # a line's name is unknown, so that unknown names below may be its
        self.share: tuple[str, str] | None = (
            None  # the prefix here, and the prefix that has the parameters
        )
        self.prefix = "".join([f"{name}." for name in call.trail])

    def full(self, name: str) -> str:
        return self.prefix + name


def find(values: dict[str, Value], name: str) -> Value | None:
    """The value at a dotted path down into blocks; None where there is none. ``a.0`` may be one
    name."""
    if name in values:
        return values[name]
    if len(name) > MAX_PATH:
        return None
    for i, c in enumerate(name):
        if c == "." and name[:i] in values:
            inner = values[name[:i]]
            if isinstance(inner, Poison):
                return inner
            if isinstance(inner, Ports):
                found = find(inner.values, name[i + 1 :])
                if found is not None:
                    return found
    return None


def single(value: Value) -> Node | Poison | Ports:
    """A value with blocks of one output replaced by that output."""
    while isinstance(value, Ports) and len(value.outputs) == 1:
        value = value.values[value.outputs[0]]
    return value  # type: ignore[no-any-return]
