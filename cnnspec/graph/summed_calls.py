"""Calls of blocks whose totals are known from networks of the same spec that were built before.

Such a call becomes one node, so that a sweep over settings expands each different call once. This
serves totals only: what is inside the call cannot be seen. Where that matters, building reports a
problem, and the network must be built again without this."""

from collections.abc import Callable, Iterator
from typing import Any

from cnnspec.graph.cache import PLAIN, CachedCall
from cnnspec.graph.frame import BlockResult, Value, follow_single_outputs
from cnnspec.graph.model import Call, Node
from cnnspec.ops.kit.operator import Operator
from cnnspec.records import Record
from cnnspec.spec.expressions import Many, Text
from cnnspec.spec.model import Block, NetworkSpec
from cnnspec.spec.scope import Dynamic, Scope, Work
from cnnspec.units import Shape

MAX_CALLS = 20_000  # different calls that are kept: about 20 MB
MAX_LIST = 64  # values of a list that is an argument of a call which is kept


class CallTotals(Operator):
    """Stands for all nodes of a call. ``totals`` is what ``sum_nodes`` gave for them."""

    title = "Call"
    arity = (1, 32)
    totals: Any

    def __init__(self, totals: Any):
        super().__init__()
        self.__dict__["totals"] = totals


class KnownCall(Record):
    """What a call gave: its output, its totals, and how many lines and steps it took."""

    output: Shape
    op: CallTotals
    lines: int
    steps: int


class SummedCalls:
    """The known calls of one spec. ``sum_nodes`` returns the totals of nodes."""

    def __init__(self, spec: NetworkSpec, sum_nodes: Callable[[list[Node]], Any]):
        self.sum_nodes = sum_nodes
        self.calls: dict[Any, KnownCall] = {}
        self.used = 0  # known calls that were used
        lines = [line for block in (spec.body, *spec.blocks.values()) for line in block.layers]
        self.possible = all(line.share is None for line in lines)  # share names nodes in calls
        names = {name for block in spec.blocks.values() for name in outer_names(block)}
        self.arguments = [name for name in spec.args if name in names]

    def key(self, called: Any, call: Call, outermost: Scope) -> Any:
        """Return all that a call's nodes depend on; None where that cannot be compared.

        ``called`` is the call's :func:`cnnspec.graph.cache.call_key`."""
        if not self.possible:
            return None
        values = [*call.arguments.items()]
        values += [(name, outermost.get_or_unknown(name)) for name in self.arguments]
        frozen = [(name, *freeze(value)) for name, value in values]
        if any(kind is None for _, kind, _ in frozen):
            return None
        block, training, _, shapes, outer = called
        return block, training, shapes, outer, tuple(frozen)

    def add_node(
        self, nodes: list[Node], work: Work, key: Any, call: Call, inputs: dict[str, Value]
    ) -> Node | None:
        """Add the node of a known call; None for another call, or where it exceeds the limits."""
        known = self.calls.get(key) if key else None
        if known is None:
            return None
        if work.lines + known.lines > work.max_lines or work.steps + known.steps > work.max_steps:
            return None
        self.used += 1
        work.lines += known.lines
        work.steps += known.steps
        name, values = ".".join(call.trail), tuple(inputs.values())
        node = Node(
            len(nodes), name, call.block, known.op, values, known.output, call, name, "", call.line
        )
        for value in values:
            value.readers += 1
        nodes.append(node)
        return node

    def keep(self, key: Any, made: CachedCall, nodes: list[Node], training: bool) -> None:
        """Keep a call that has one output, and in which every other node is read."""
        inside = nodes[made.start : made.end]
        output = find_output(made.result)
        if not key or output is None or output.training_only != training:
            return
        unread = (n for n in inside if not n.readers and not n.training_only and n is not output)
        if output.index < made.start or any(unread) or any(n.op.undoes for n in inside):
            return
        if len(self.calls) >= MAX_CALLS:
            self.calls.clear()
        op = CallTotals(self.sum_nodes(inside))
        self.calls[key] = KnownCall(output.output, op, made.lines, made.steps)


def find_output(result: BlockResult) -> Node | None:
    """Return the node of a block's only output, or None."""
    found = follow_single_outputs(result)
    return found if isinstance(found, Node) else None


def freeze(value: Any) -> tuple[type | None, Any]:
    """Return a value with its type, to be compared; no type for a long list or table."""
    if type(value) in PLAIN:
        return type(value), value
    if isinstance(value, list | dict) and len(value) <= MAX_LIST:
        return type(value), repr(value)
    return None, None


def outer_names(block: Block) -> set[str]:
    """Return the names in a block that are not its own, and so may be the network's arguments.

    The default of an argument may use a name of the network that is also the argument's."""
    own, defaults = {*block.args, *block.defaults}, block.defaults
    rest = [block.layers, block.preset, block.outputs]
    return {n for n in names_in(rest) if n not in own} | {
        n for n in names_in(defaults) if n not in block.args
    }


def names_in(value: Any) -> Iterator[str]:
    """Yield the names that the expressions in a value use: a block, a line, a list, a text."""
    if isinstance(value, Record):
        for part in vars(value).values():
            yield from names_in(part)
    elif isinstance(value, dict):
        yield from names_in([*value.values()])
    elif isinstance(value, list | tuple):
        for part in value:
            yield from names_in(part)
    elif isinstance(value, Text):
        yield from names_in(value.parts)
    elif isinstance(value, Many):
        yield from names_in(value.items)
    elif isinstance(value, Dynamic):
        yield from value.names
