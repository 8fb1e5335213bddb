"""Calls that a network repeats: where a block gets what it got before, it gives copies of the nodes
it gave before.

Deep networks are made of such calls, and copying a node costs a fraction of unrolling the line that
gives it. Once anything is wrong with a network there are no copies any more, so that they hold
nothing unknown, and each call tells its own problems."""

from typing import TYPE_CHECKING, Any

from cnnspec.graph.frame import Ports, Value
from cnnspec.graph.model import Call, Node
from cnnspec.spec.scope import Scope

if TYPE_CHECKING:
    from cnnspec.graph.unroll import Unroller

PLAIN = (int, float, str, bool)


def key_of(call: Call, inputs: dict[str, Value], training: bool) -> Any:
    """What the nodes of a call depend on, but for their names.

    Lists are told by their identity, which stays theirs as long as the call that got them is kept.
    """
    given = [(k, type(v), v if type(v) in PLAIN else id(v)) for k, v in call.arguments.items()]
    blocks, outer = [], call.outer
    while outer is not None:  # those around it may not be called inside
        blocks.append(outer.block)
        outer = outer.outer
    nodes = list(inputs.values())
    shapes = [(n.output, n.training_only, nodes.index(n)) for n in nodes]
    return call.block, training, tuple(given), tuple(shapes), tuple(blocks)


class Unrolled:
    """A call of a block with what it got, while it is unrolled and, once ``ports`` are there, with
    what it gave."""

    def __init__(self, un: "Unroller", call: Call, scope: Scope, inputs: dict[str, Value]):
        self.call, self.scope, self.inputs = call, scope, inputs
        self.start, self.lines, self.steps = len(un.nodes), un.count, un.scope.work.spent

    def gave(self, un: "Unroller", ports: Ports) -> None:
        """Keep what the call gave."""
        self.ports, self.end = ports, len(un.nodes)
        self.lines, self.steps = un.count - self.lines, un.scope.work.spent - self.steps
        self.undoing: bool | None = None

    def serves(self, un: "Unroller") -> bool:
        """Whether there may be copies: within the limits of the network, and of no operator that
        undoes another."""
        if self.undoing is None:
            self.undoing = any(
                n.op.undoes for n in un.nodes[self.start : self.end]
            )  # it looks at more than shapes
        work = un.scope.work
        within = un.count + self.lines <= un.max_lines and work.spent + self.steps <= work.limit
        return within and not self.undoing

    def again(self, un: "Unroller", call: Call, scope: Scope, inputs: dict[str, Value]) -> Ports:
        """What another call with the same key gives: the same under its own name."""
        un.count += self.lines
        un.scope.work.spent += self.steps
        copy = Copy(un, self, call, scope, inputs)
        for node in un.nodes[self.start : self.end]:
            copy.add(node)
        return copy.value(self.ports)  # type: ignore[no-any-return]


class Copy:
    """Copying what one call gave for another: whatever belongs to the one is replaced by what
    belongs to the other."""

    def __init__(
        self, un: "Unroller", old: Unrolled, call: Call, scope: Scope, inputs: dict[str, Value]
    ):
        self.un, self.trail, self.depth = un, call.trail, len(call.trail)
        self.prefix = "".join([f"{name}." for name in call.trail])
        self.skip = sum([len(name) + 1 for name in old.call.trail])
        self.nodes = {id(old.inputs[name]): node for name, node in inputs.items()}
        self.calls = {id(old.call): call}
        self.scopes = {id(old.scope): scope, id(un.scope): un.scope}

    def add(self, old: Node) -> None:
        """Add the copy of a node to the network."""
        nodes = self.nodes
        inputs = tuple([nodes[id(n)] for n in old.inputs])
        row = self.prefix + old.row[self.skip :]
        call = self.calls.get(id(old.call)) or self.call_of(old.call)
        new = Node(
            len(self.un.nodes),
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
        self.un.nodes.append(new)

    def call_of(self, old: Call) -> Call:
        if id(old) not in self.calls:
            outer = self.call_of(old.outer) if old.outer else None
            trail = (*self.trail, *old.trail[self.depth :])
            self.calls[id(old)] = Call(trail, old.block, old.arguments, outer, old.line)
        return self.calls[id(old)]

    def scope_of(self, old: Scope) -> Scope:
        if id(old) not in self.scopes:
            new = self.scopes[id(old)] = Scope(
                old.own, old.outer and self.scope_of(old.outer), old.work
            )
            new.written = {
                k: (value, scope and self.scope_of(scope))
                for k, (value, scope) in old.written.items()
            }
        return self.scopes[id(old)]

    def value(self, old: Value) -> Value:
        if not isinstance(old, Ports):
            return self.nodes[id(old)]
        values = {name: self.value(value) for name, value in old.values.items()}
        return Ports(values, old.outputs, (*self.trail, *old.trail[self.depth :]))
