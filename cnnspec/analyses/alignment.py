"""Two recordings held against each other: which call of one is which of the other, and where they differ.

The matching goes by what calls do and what they are connected with, not by names. Calls whose whole past is alike
are paired, then those whose whole future is: so one change leaves everything before and behind it paired. What lies
between several changes is paired in execution order by the longest common subsequence.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterator
from difflib import SequenceMatcher
from typing import Any

from cnnspec.analyses.dataflow import CONSTANT, Call, Edge, Recording
from cnnspec.records import Record

COMMUTATIVE = {"add", "mul"}
Pairs = dict[int, int]  # calls of the sheet to calls of the model


class Change(Record):
    """One difference. ``sheet`` and ``model`` are the calls, None on the side that lacks it.

    ``fields`` are the settings that differ, with both values; ``reads`` says that it reads other values.
    """

    sheet: Call | None
    model: Call | None
    fields: dict[str, tuple[Any, Any]] = {}
    reads: tuple[tuple[str, ...], tuple[str, ...]] | None = None


class Alignment(Record):
    """Which call of the sheet is which of the model, by their indices, and all differences in the sheet's order."""

    sheet: Recording
    model: Recording
    pairs: Pairs
    changes: list[Change]

    @property
    def complete(self) -> bool:
        return not self.changes


def align(sheet: Recording, model: Recording, heads: int | None = None) -> Alignment:
    """The alignment of a sheet's recording with a model's.

    The first ``heads`` outputs (all where not given) must come in the same order, the others in any.
    """
    sides = (sheet, model)
    pairs: Pairs = {}
    past, future = [pasts(*sides)], [futures(*sides)]
    both = tuple([list(zip(p, f, strict=True)) for p, f in zip(past[0], future[0], strict=True)])
    for keys in (both, past[0], future[0]):
        match(keys, pairs)
    between(sheet, model, pairs)
    return Alignment(sheet, model, pairs, list(changes(sheet, model, pairs, heads)))


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
                readers[edge.call].append((numbers[i], 0 if call.kind in COMMUTATIVE else position, edge.port))
        found.append(numbers)
    return tuple(found)


def ordered(call: Call, reads: list[Any]) -> list[Any]:
    """What a call reads; the order of summands and factors is nothing."""
    return sorted(reads) if call.kind in COMMUTATIVE else reads


def match(keys: tuple[list[Any], ...], pairs: Pairs) -> None:
    """Pair the calls that have the same key, in execution order."""
    taken = set(pairs.values())
    free: dict[Any, list[int]] = defaultdict(list)
    for j in reversed(range(len(keys[1]))):
        if j not in taken:
            free[keys[1][j]].append(j)
    for i, key in enumerate(keys[0]):
        if i not in pairs and free[key]:
            pairs[i] = free[key].pop()


def between(sheet: Recording, model: Recording, pairs: Pairs) -> None:
    """Pair what is left, in execution order: first calls that do the same, then calls of one kind in one gap."""
    taken = set(pairs.values())
    ours = [i for i in range(len(sheet.calls)) if i not in pairs]
    theirs = [j for j in range(len(model.calls)) if j not in taken]
    matcher = SequenceMatcher(None, [sheet.calls[i].work for i in ours], [model.calls[j].work for j in theirs], False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            pairs.update(zip(ours[a:b], theirs[c:d], strict=True))
        elif tag == "replace":
            kinds = SequenceMatcher(None, [sheet.calls[i].kind for i in ours[a:b]],
                                    [model.calls[j].kind for j in theirs[c:d]], False)
            for x, y, n in kinds.get_matching_blocks():
                pairs.update(zip(ours[a + x:a + x + n], theirs[c + y:c + y + n], strict=True))


def changes(sheet: Recording, model: Recording, pairs: Pairs, heads: int | None) -> Iterator[Change]:
    """All differences: those of the sheet's calls in their order, then the outputs, then what only the model has."""
    back, silent = {j: i for i, j in pairs.items()}, idle(sheet)
    for i, ours in enumerate(sheet.calls):
        if i not in pairs:
            if i not in silent:
                yield Change(ours, None)
            continue
        theirs = model.calls[pairs[i]]
        fields = differing(ours, theirs)
        left = ordered(ours, [through(sheet, e, pairs) for e in ours.reads])
        right = ordered(theirs, [mapped(through(model, e, back), back) for e in theirs.reads])
        reads = None if left == right else (named(sheet, ours.reads), named(model, theirs.reads))
        if fields or reads:
            yield Change(ours, theirs, fields, reads)
    unread = idle(model)
    yield from (Change(None, call) for j, call in enumerate(model.calls) if j not in back and j not in unread)
    left = [through(sheet, e, pairs) for e in sheet.outputs]
    right = [mapped(through(model, e, back), back) for e in model.outputs]
    if left[:heads] != right[:heads] or sorted(left) != sorted(right):
        yield Change(None, None, {}, (named(sheet, sheet.outputs), named(model, model.outputs)))


def idle(side: Recording) -> set[int]:
    """Calls of which nothing is left, as what reads them does their work too: padding, and inner concatenations."""
    read = {e.call for call in side.calls for e in call.reads} | {e.call for e in side.outputs}
    return {i for i, call in enumerate(side.calls) if i not in read and call.kind in ("pad", "concat")}


def differing(ours: Call, theirs: Call) -> dict[str, tuple[Any, Any]]:
    """The settings in which two calls differ."""
    left, right = ours.fields, theirs.fields
    found = {k: (left.get(k), right.get(k)) for k in [*left, *(right.keys() - left.keys())]}
    kind = {"op": (ours.kind, theirs.kind)} if ours.kind != theirs.kind else {}
    return kind | {k: v for k, v in found.items() if v[0] != v[1]}


def through(side: Recording, edge: Edge, paired: Pairs) -> Edge:
    """The value behind an edge; a call that the other side lacks is passed through to what it reads first."""
    while edge.call >= 0 and edge.call not in paired and side.calls[edge.call].reads:
        edge = side.calls[edge.call].reads[0]
    return edge


def mapped(edge: Edge, back: Pairs) -> Edge:
    return Edge(back.get(edge.call, -2), edge.port) if edge.call >= 0 else CONSTANT


def named(side: Recording, edges: tuple[Edge, ...]) -> tuple[str, ...]:
    """Where values come from, in words."""
    return tuple([side.calls[e.call].place or side.calls[e.call].kind if e.call >= 0 else "a constant" for e in edges])
