"""Caches of expansion: what all networks of a spec have in common, and repeated calls of blocks.

Deep networks call the same blocks again and again. Copying the nodes that a call gave costs a
fraction of expanding its lines again. Once a network has a problem, nothing is copied any more: a
copy holds no missing values, and each call reports its own problems."""

from typing import Any

from cnnspec.graph.frame import BlockResult, Value, WrittenValue
from cnnspec.graph.model import Call, Node
from cnnspec.ops.kit.operator import Operator
from cnnspec.spec.scope import Scope, Work
from cnnspec.units import Shape

Fields = dict[str, WrittenValue]
MAX_ENTRIES = 100_000  # operators and shapes: about 50 MB
PLAIN = (int, float, str, bool)


class SpecCache:
    """What does not depend on arguments and input, so that all networks of a spec can use it."""

    def __init__(self) -> None:
        self.operators: dict[tuple[Any, ...], Operator] = {}  # by name and values
        self.outputs: dict[tuple[Operator, tuple[Shape, ...]], Shape] = {}
        # the fields of lines by the line's id, and those of them that are expressions
        self.fields: dict[int, tuple[Fields, list[tuple[str, WrittenValue]]]] = {}
        # by the block's id: what a preset without arguments and expressions calls
        self.presets: dict[int, tuple[str, Fields]] = {}
        self.parts: dict[tuple[str, str], str] = {}  # operators that norm and activation name
        self.good_names: set[str] = set()  # names of lines that were checked

    def or_empty_if_large(self) -> "SpecCache":
        """Itself, or an empty one where it holds so much that it is better dropped."""
        return self if len(self.operators) + len(self.outputs) < MAX_ENTRIES else SpecCache()


def call_key(call: Call, inputs: dict[str, Value], training: bool) -> Any:
    """What the nodes of a call depend on, except their names.

    A list is compared by its identity, which is its own as long as a cached call keeps it.
    """
    given = [(k, type(v), v if type(v) in PLAIN else id(v)) for k, v in call.arguments.items()]
    blocks, outer = [], call.outer
    while outer is not None:  # the blocks around it, which may not be called inside
        blocks.append(outer.block)
        outer = outer.outer
    nodes = list(inputs.values())
    shapes = [(n.output, n.training_only, nodes.index(n)) for n in nodes]
    return call.block, training, tuple(given), tuple(shapes), tuple(blocks)


class CachedCall:
    """A call of a block: its scope and inputs and, once finished, the nodes that it gave."""

    def __init__(
        self, nodes: list[Node], work: Work, call: Call, scope: Scope, inputs: dict[str, Value]
    ):
        self.call, self.scope, self.inputs = call, scope, inputs
        self.start, self.lines, self.steps = len(nodes), work.lines, work.steps

    def finish(self, nodes: list[Node], work: Work, result: BlockResult) -> None:
        """Keep what the call gave, and how many lines and steps it took."""
        self.result, self.end = result, len(nodes)
        self.lines, self.steps = work.lines - self.lines, work.steps - self.steps
        self.undoing: bool | None = None

    def can_be_copied(self, nodes: list[Node], work: Work) -> bool:
        """Whether a copy keeps the network's limits, and no operator in it undoes another.

        An operator that undoes another depends on more than the shapes of its inputs.
        """
        if self.undoing is None:
            self.undoing = any(n.op.undoes for n in nodes[self.start : self.end])
        lines, steps = work.lines + self.lines, work.steps + self.steps
        return lines <= work.max_lines and steps <= work.max_steps and not self.undoing

    def copy_nodes(
        self,
        nodes: list[Node],
        outermost: Scope,
        call: Call,
        scope: Scope,
        inputs: dict[str, Value],
    ) -> BlockResult:
        """Add to ``nodes`` what another call with the same key gives, and return its result.

        ``outermost`` is the scope of the network's own lines.
        """
        scope.work.lines += self.lines
        scope.work.steps += self.steps
        copy = CallCopy(nodes, outermost, self, call, scope, inputs)
        for node in nodes[self.start : self.end]:
            copy.add(node)
        return copy.value(self.result)  # type: ignore[no-any-return]


class CallCopy:
    """Copies the nodes of one call for another: all that belongs to the old call is replaced."""

    def __init__(
        self,
        all_nodes: list[Node],
        outermost: Scope,
        old: CachedCall,
        call: Call,
        scope: Scope,
        inputs: dict[str, Value],
    ):
        self.all_nodes, self.trail, self.depth = all_nodes, call.trail, len(call.trail)
        self.prefix = "".join([f"{name}." for name in call.trail])
        self.skip = sum([len(name) + 1 for name in old.call.trail])
        # the new object for the id of each old one
        self.nodes = {id(old.inputs[name]): node for name, node in inputs.items()}
        self.calls = {id(old.call): call}
        self.scopes = {id(old.scope): scope, id(outermost): outermost}

    def add(self, old: Node) -> None:
        """Add the copy of a node to the network."""
        nodes = self.nodes
        inputs = tuple([nodes[id(n)] for n in old.inputs])
        row = self.prefix + old.row[self.skip :]
        call = self.calls.get(id(old.call)) or self.call_of(old.call)
        new = Node(
            len(self.all_nodes),
            f"{row}.{old.part}" if old.part else row,
            old.kind,
            old.op,
            inputs,
            old.output,
            call,
            row,
            old.part,
            old.line,
        )
        new.training_only = old.training_only
        if old.shares:
            new.shares = nodes[id(old.shares)]
        if old.origins:
            new.origins = {
                k: (value, self.scope_of(scope)) for k, (value, scope) in old.origins.items()
            }
        for n in inputs:
            n.readers += 1
        nodes[id(old)] = new
        self.all_nodes.append(new)

    def call_of(self, old: Call) -> Call:
        """The copy of a call."""
        if id(old) not in self.calls:
            outer = self.call_of(old.outer) if old.outer else None
            trail = (*self.trail, *old.trail[self.depth :])
            self.calls[id(old)] = Call(trail, old.block, old.arguments, outer, old.line)
        return self.calls[id(old)]

    def scope_of(self, old: Scope) -> Scope:
        """The copy of a scope."""
        if id(old) not in self.scopes:
            outer = old.outer and self.scope_of(old.outer)
            new = self.scopes[id(old)] = Scope(old.own, outer, old.work)
            new.written = {
                k: (value, scope and self.scope_of(scope))
                for k, (value, scope) in old.written.items()
            }
        return self.scopes[id(old)]

    def value(self, old: Value) -> Value:
        """The copy of a value: of a node, or of what a block gave."""
        if not isinstance(old, BlockResult):
            return self.nodes[id(old)]
        values = {name: self.value(value) for name, value in old.values.items()}
        return BlockResult(values, old.outputs, (*self.trail, *old.trail[self.depth :]))
