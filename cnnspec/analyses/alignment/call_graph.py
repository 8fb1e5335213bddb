"""A recorded call graph: the operations of one run in order, and what each reads."""

from collections import defaultdict
from collections.abc import Hashable, Iterable
from functools import cache
from typing import Any, NamedTuple

from cnnspec.ops.registry import OPERATORS, load_operator
from cnnspec.records import Record
from cnnspec.units import Shape


class Edge(NamedTuple):
    """A value: the index of the call that gave it, and which of that call's outputs it is."""

    call: int
    port: int = 0


CONSTANT = Edge(-1)  # a value that depends neither on an input nor on a parameter


class RecordedCall(Record):
    """One operation at work.

    ``kind`` is the operator that does the same where there is one ("conv", "global_avgpool",
    "input"), else what PyTorch calls the operation. ``fields`` are its settings without what
    follows from its inputs. ``output`` is the shape of its (first) output without the batch.
    ``tensors`` are the names of the parameters and buffers that it takes, and ``place`` is where it
    was called: the path of a module, or, in a twin, the name of a node."""

    kind: str
    fields: dict[str, Any]
    reads: tuple[Edge, ...]
    output: Shape
    tensors: tuple[str, ...] = ()
    place: str = ""

    @property
    def work(self) -> tuple[Any, ...]:
        """What it does, without regard to what it reads or how large that is."""
        return self.kind, freeze_value(self.fields)


class Recording(Record):
    """The calls of one run, the inputs first, and what the network gave."""

    calls: list[RecordedCall]
    outputs: tuple[Edge, ...]

    def tensors(self) -> list[str]:
        """The names of the parameters and buffers in the order of their first use."""
        return list(dict.fromkeys(name for call in self.calls for name in call.tensors))


def freeze_value(value: Any) -> Any:
    """Fields as a value that can be hashed."""
    if isinstance(value, dict):
        return tuple((k, freeze_value(v)) for k, v in sorted(value.items()))
    return (
        tuple(map(freeze_value, value))
        if isinstance(value, Iterable) and not isinstance(value, str)
        else value
    )


@cache
def is_commutative(kind: str) -> bool:
    """Whether the order of what a call reads does not matter, as of the summands of an add."""
    return kind in OPERATORS and load_operator(kind).is_commutative


def number_pasts(*sides: Recording) -> tuple[list[int], ...]:
    """For each call a number that stands for it and all that it depends on."""
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
    """For each call a number that stands for it and all that depends on it."""
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
    """What a call reads; the order of summands and factors is nothing."""
    return sorted(reads) if is_commutative(call.kind) else reads


def find_readers(side: Recording) -> dict[int, list[tuple[int, int]]]:
    """Who reads each call, and at which position; outputs count as readers before all calls."""
    found: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for position, edge in enumerate(side.outputs):
        found[edge.call].append((-1 - position, 0))
    for i, call in enumerate(side.calls):
        for position, edge in enumerate(call.reads):
            found[edge.call].append((i, 0 if is_commutative(call.kind) else position))
    return found
