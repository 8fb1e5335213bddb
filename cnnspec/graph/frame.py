"""One call of a block while it is expanded: the names in it, and the values that they stand for."""

from typing import Any

from cnnspec.graph.model import Call, Node
from cnnspec.records import Record
from cnnspec.spec.model import Block, Line
from cnnspec.spec.scope import Dynamic, Scope
from cnnspec.spec.source import Path, Source

MAX_PATH = 4000  # characters: more than names of 100 at 32 levels take
Value = Any  # a Node, a BlockResult, or MISSING


class MissingValue:
    """The value of a line that has a problem. A line that reads it has no value either."""


MISSING = MissingValue()


class Unresolved(Exception):
    """Raised where a line has no value because of a problem that was reported before."""


class LineError(Unresolved):
    """A problem of a line or block at a place of its file. Whoever catches it reports it."""

    def __init__(self, source: Source, path: Path, rule: str, message: str, hint: str = ""):
        super().__init__(message)
        self.source, self.path, self.rule = source, path, rule
        self.message, self.hint = message, hint


class BlockResult(Record):
    """What a call of a block gives: values by line, the names of its outputs, and its own path."""

    values: dict[str, Value]
    outputs: tuple[str, ...]
    trail: tuple[str, ...]


class WrittenValue:
    """A value as it is written, with its place and the scope that evaluates its expressions.

    Not a Record: every field of every line makes one, which is measurably slower with a Record.
    """

    __slots__ = ("dynamic", "path", "scope", "source", "value")

    def __init__(self, value: Any, source: Source, path: Path, scope: Scope):
        self.value, self.source, self.path, self.scope = value, source, path, scope
        self.dynamic = isinstance(value, Dynamic)


class LineInstance:
    """One instance of a line, kept for the lines that share its parameters.

    ``row`` is its row of `each`, or None. Not a Record: every line makes one (see WrittenValue).
    """

    __slots__ = ("line", "name", "row", "scope")

    def __init__(self, line: Line, scope: Scope, row: Any, name: str):
        self.line, self.scope, self.row, self.name = line, scope, row, name


class Placement:
    """What an instance of a line is placed with: its name, its inputs, training only, and sharing.

    ``values`` is empty where a problem hides what the line reads. ``share`` holds two prefixes of
    names: of the nodes here, and of the nodes whose parameters they use. Not a Record: every line
    makes one (see WrittenValue).
    """

    __slots__ = ("name", "share", "training", "values")

    def __init__(
        self, name: str, values: list[Value], training: bool, share: tuple[str, str] | None
    ):
        self.name, self.values, self.training, self.share = name, values, training, share


class Frame:
    """The state of one call of a block while its lines are expanded."""

    def __init__(
        self,
        call: Call,
        block: Block,
        scope: Scope,
        inputs: dict[str, Value],
        training: bool,
        share: tuple[str, str] | None = None,
    ):
        self.call, self.block, self.scope = call, block, scope
        self.values: dict[str, Value] = dict(inputs)
        self.inputs = inputs
        self.previous: Value = next(iter(inputs.values()))
        self.training = training
        self.share = share  # as in Placement
        self.dropped: set[str] = set()  # lines whose `when` is false
        self.instances: dict[str, LineInstance] = {}
        self.uncertain = False  # the name of a line is unknown: it may be any that is looked up
        self.prefix = "".join([f"{name}." for name in call.trail])

    def full_name(self, name: str) -> str:
        """The name of a line with the path of the call before it."""
        return self.prefix + name


def find_value(values: dict[str, Value], name: str) -> Value | None:
    """Find the value at a dotted path into blocks; None where there is none.

    A name may itself contain a dot: ``a.0`` is one instance of the repeated line ``a``.
    """
    if name in values:
        return values[name]
    if len(name) > MAX_PATH:
        return None
    for i, c in enumerate(name):
        if c == "." and name[:i] in values:
            inner = values[name[:i]]
            if isinstance(inner, MissingValue):
                return inner
            if isinstance(inner, BlockResult):
                found = find_value(inner.values, name[i + 1 :])
                if found is not None:
                    return found
    return None


def follow_single_outputs(value: Value) -> Node | MissingValue | BlockResult:
    """Replace a block that has one output by that output, as often as needed."""
    while isinstance(value, BlockResult) and len(value.outputs) == 1:
        value = value.values[value.outputs[0]]
    return value  # type: ignore[no-any-return]
