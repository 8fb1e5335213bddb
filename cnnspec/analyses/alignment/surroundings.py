"""What each call of a recording depends on, and what depends on it: at once as a number, or reader
by reader."""

from collections import defaultdict
from collections.abc import Hashable
from typing import Any

from cnnspec.analyses.alignment.dataflow import Call, Recording

COMMUTATIVE = {"add", "mul"}


def pasts(*sides: Recording) -> tuple[list[int], ...]:
    """For each call a number that stands for it and all that it depends on."""
    known: dict[Hashable, int] = {}
    found: list[list[int]] = []
    for side in sides:
        numbers: list[int] = []
        for i, call in enumerate(side.calls):
            reads = [(numbers[e.call] if e.call >= 0 else -1, e.port) for e in call.reads]
            first = (i,) if call.kind == "input" else ()
            key = (call.work, tuple(ordered(call, reads)), first)
            numbers.append(known.setdefault(key, len(known)))
        found.append(numbers)
    return tuple(found)


def futures(*sides: Recording) -> tuple[list[int], ...]:
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
                    (numbers[i], 0 if call.kind in COMMUTATIVE else position, edge.port)
                )
        found.append(numbers)
    return tuple(found)


def ordered(call: Call, reads: list[Any]) -> list[Any]:
    """What a call reads; the order of summands and factors is nothing."""
    return sorted(reads) if call.kind in COMMUTATIVE else reads


def readers(side: Recording) -> dict[int, list[tuple[int, int]]]:
    """Who reads each call, and at which position; outputs count as readers before all calls."""
    found: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for position, edge in enumerate(side.outputs):
        found[edge.call].append((-1 - position, 0))
    for i, call in enumerate(side.calls):
        for position, edge in enumerate(call.reads):
            found[edge.call].append((i, 0 if call.kind in COMMUTATIVE else position))
    return found
