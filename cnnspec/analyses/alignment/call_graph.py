"""A recorded call graph: the operations of one run in order, and what each of them reads.

Recordings hold no tensors, so they can be compared, and the comparison tested, without PyTorch."""

from collections import defaultdict
from collections.abc import Hashable, Iterable
from functools import cache
from typing import Any, NamedTuple

from cnnspec.ops.registry import OPERATORS, find_operator
from cnnspec.records import Record
from cnnspec.units import Shape


class Edge(NamedTuple):  # not a Record: an alignment hashes and compares millions of them
    """A value: the index of the call that made it, and the number of that call's output."""

    call: int
    port: int = 0


CONSTANT = Edge(-1)  # a value that depends on no input and no parameter
MERGED = "merged"  # the kind of a call that is part of another call


class RecordedCall(Record):
    """One recorded operation.

    ``kind`` is the operator with the same function if there is one ("conv", "global_avgpool",
    "input"), else PyTorch's name of the operation. ``fields`` are the settings that do not follow
    from the inputs. ``output`` is the shape of the first output without the batch. ``tensors``
    names the parameters and buffers that it reads. ``place`` is the path of the module that made
    the call, or, in a built module, the name of the node. ``source`` is the line of the user's file
    that runs it ("model.py:31"). ``same_as`` are the kind and the fields of another operator that
    does the same on this input, and as which the call is compared: a 1x1 convolution is a linear
    layer at each position, and a pool as large as its map is a global pool. ``fixed`` names the
    buffers whose values are settings of the call."""

    kind: str
    fields: dict[str, Any]
    reads: tuple[Edge, ...]
    output: Shape
    tensors: tuple[str, ...] = ()
    place: str = ""
    source: str = ""
    same_as: tuple[str, dict[str, Any]] | None = None
    fixed: tuple[str, ...] = ()

    @property
    def work(self) -> tuple[Any, ...]:
        """What the call does, apart from what it reads and how large that is."""
        kind, fields = self.same_as or (self.kind, self.fields)
        return kind, freeze_value(fields)


class Recording(Record):
    """The calls of one run, inputs first, and the outputs."""

    calls: list[RecordedCall]
    outputs: tuple[Edge, ...]

    def tensors(self) -> list[str]:
        """List the names of the parameters and buffers in the order of their first use."""
        return list(dict.fromkeys(name for call in self.calls for name in call.tensors))


def freeze_value(value: Any) -> Any:
    """Make a value hashable."""
    if isinstance(value, dict):
        return tuple((k, freeze_value(v)) for k, v in sorted(value.items()))
    return (
        tuple(map(freeze_value, value))
        if isinstance(value, Iterable) and not isinstance(value, str)
        else value
    )


@cache
def is_commutative(kind: str) -> bool:
    """Whether the order of a call's inputs does not matter, as for an add."""
    return find_operator(kind).is_commutative


def number_pasts(*sides: Recording) -> tuple[list[int], ...]:
    """Number the calls so that equal numbers mean: same work, and same work before it."""
    known: dict[Hashable, int] = {}
    found: list[list[int]] = []
    for side in sides:
        numbers: list[int] = []
        for i, call in enumerate(side.calls):
            reads = [(numbers[e.call] if e.call >= 0 else -1, e.port) for e in call.reads]
            first = (i,) if call.kind == "input" else ()
            key = (call.work, tuple(order_reads(call, reads)), first)
            numbers.append(known.setdefault(key, len(known)))
        found.append(numbers)
    return tuple(found)


def number_futures(*sides: Recording) -> tuple[list[int], ...]:
    """Number the calls so that equal numbers mean: same work, and same work after it."""
    known: dict[Hashable, int] = {}
    found = []
    for side in sides:
        readers: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
        for position, edge in enumerate(side.outputs):
            readers[edge.call].append((-1, position, edge.port))
        numbers = [0] * len(side.calls)
        for i in reversed(range(len(side.calls))):
            call = side.calls[i]
            key = (call.work, tuple(sorted(readers[i])))
            numbers[i] = known.setdefault(key, len(known))
            for position, edge in enumerate(call.reads):
                readers[edge.call].append(
                    (numbers[i], 0 if is_commutative(call.kind) else position, edge.port)
                )
        found.append(numbers)
    return tuple(found)


def order_reads(call: RecordedCall, reads: list[Any]) -> list[Any]:
    """Return what a call reads, sorted if the order does not matter."""
    return sorted(reads) if is_commutative(call.kind) else reads


def find_readers(side: Recording) -> dict[int, list[tuple[int, int]]]:
    """Find the readers of each call, with the position at which they read it.

    Outputs count as readers with negative numbers."""
    found: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for position, edge in enumerate(side.outputs):
        found[edge.call].append((-1 - position, 0))
    for i, call in enumerate(side.calls):
        for position, edge in enumerate(call.reads):
            found[edge.call].append((i, 0 if is_commutative(call.kind) else position))
    return found


@cache
def find_family(kind: str) -> str:
    """Return the family of a kind: calls of one family can replace each other in a network.

    Families are norms, activations, joins, pools, layers with a matrix of weights, and so on."""
    if kind not in OPERATORS:
        return kind
    operator = find_operator(kind)
    if operator.role != "layer":
        return operator.role
    if operator.pools:
        return "pool"
    return "weighted sum" if operator.weight_layout else kind


def kinds_agree(ours: RecordedCall, theirs: RecordedCall) -> bool:
    """Whether two calls are of one kind, or one does the same as a call of the other's kind."""
    if ours.kind == theirs.kind:
        return True
    left, right = ours.same_as or (ours.kind,), theirs.same_as or (theirs.kind,)
    return left[0] in (right[0], theirs.kind) or ours.kind == right[0]
