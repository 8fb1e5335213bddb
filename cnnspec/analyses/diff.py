"""Two sheets held against each other: which layer of one is which of the other, and what has
changed in each."""

from typing import Any

from cnnspec.analyses.alignment.dataflow import Call, Edge, Recording, frozen
from cnnspec.analyses.alignment.matching import agree, origins
from cnnspec.analyses.editing import Pairs, Token, paired
from cnnspec.analyses.sheet import Layer, Sheet
from cnnspec.ops.registry import OPERATORS, operator
from cnnspec.records import Record

Names = tuple[tuple[str, ...], tuple[str, ...]]
NUMBERS = ("output", "params", "macs")
SAME, CHANGED, INSERTED, REMOVED, MOVED, RENAMED, FOLLOWS = (
    "same",
    "changed",
    "inserted",
    "removed",
    "moved",
    "renamed",
    "follows",
)


class Entry(Record):
    """A layer of one sheet and its partner in the other, None where it has none.

    ``status`` is inserted or removed; changed, in ``settings`` (each with both values; "op" is the
    operator) or in what it ``reads`` (layers by their names on either side); moved to another
    place; renamed, and else the same; follows, where only ``numbers`` (output, params, macs, with
    both values) differ, as other layers have changed; or same."""

    status: str
    before: Layer | None
    after: Layer | None
    settings: dict[str, tuple[Any, Any]] = {}
    reads: Names | None = None
    numbers: dict[str, tuple[Any, Any]] = {}

    @property
    def renamed(self) -> bool:
        return bool(self.before and self.after and self.before.name != self.after.name)


class Diff(Record):
    """All layers of two sheets in order, and the totals that both have, with both values.

    ``outputs`` are the names of the layers that the networks give, where those differ.
    """

    before: Sheet
    after: Sheet
    entries: list[Entry]
    totals: dict[str, tuple[int, int]]
    outputs: Names | None

    @property
    def equal(self) -> bool:
        return self.outputs is None and all(e.status == SAME for e in self.entries)


def diff(before: Sheet, after: Sheet) -> Diff:
    """What has changed from one sheet to the other."""
    left, right = recording(before), recording(after)
    pairs = paired(tokens(before), tokens(after))
    back = {j: i for i, j in pairs.items()}
    gone = {layer.name: i for i, layer in enumerate(before.layers) if i not in pairs}
    moved = {
        j: gone[layer.name]
        for j, layer in enumerate(after.layers)
        if j not in back and layer.name in gone and layer.op == before.layers[gone[layer.name]].op
    }

    def removed(first: int, end: int) -> list[Entry]:
        return [
            Entry(REMOVED, before.layers[i], None)
            for i in range(first, end)
            if i not in moved.values()
        ]

    entries, at = [], 0
    for j, layer in enumerate(after.layers):
        if j in back:
            i = back[j]
            entries += [
                *removed(at, i),
                entry(before.layers[i], layer, readings(left, right, i, j, pairs, back)),
            ]
            at = i + 1
        elif j in moved:
            entries.append(entry(before.layers[moved[j]], layer, None).replace(status=MOVED))
        else:
            entries.append(Entry(INSERTED, None, layer))
    entries += removed(at, len(before.layers))
    totals = {
        k: (before.totals.get(k, 0), after.totals.get(k, 0)) for k in totals_of(before, after)
    }
    return Diff(before, after, entries, totals, given(left, right, pairs, back))


def totals_of(before: Sheet, after: Sheet) -> list[str]:
    """The totals to compare: a locked sheet has some only, and of elementwise work only the kinds
    that there are."""
    if "flops" in before.totals and "flops" in after.totals:
        return [*before.totals, *(after.totals.keys() - before.totals.keys())]
    return [k for k in before.totals if k in after.totals]


def tokens(sheet: Sheet) -> list[Token]:
    """What tells the layers of a sheet apart; inputs are told by their place alone."""
    return [
        Token((layer.op, frozen(layer.settings)), layer.name, layer.op) for layer in sheet.layers
    ]


def recording(sheet: Sheet) -> Recording:
    """The layers as calls that read each other."""
    index = {layer.name: i for i, layer in enumerate(sheet.layers)}
    calls = [
        Call(
            layer.op,
            layer.settings,
            tuple([Edge(index.get(r, -1)) for r in layer.reads]),
            layer.output,
            (),
            layer.name,
        )
        for layer in sheet.layers
    ]
    return Recording(calls, tuple([Edge(index.get(name, -1)) for name in sheet.outputs]))


def entry(before: Layer, after: Layer, reads: Names | None) -> Entry:
    """What has changed in a layer that both sheets have."""
    settings = differing(before, after)
    numbers = {
        k: (getattr(before, k), getattr(after, k))
        for k in NUMBERS
        if getattr(before, k) != getattr(after, k)
    }
    status = (
        CHANGED
        if settings or reads or (numbers and before.op == "input")
        else RENAMED
        if before.name != after.name
        else FOLLOWS
        if numbers
        else SAME
    )
    return Entry(status, before, after, settings, reads, numbers)


def differing(before: Layer, after: Layer) -> dict[str, tuple[Any, Any]]:
    """The settings that differ, the operator first; the default where a side has none of its
    own."""
    left, right = before.settings, after.settings
    found = {
        k: (left.get(k, default(before, k)), right.get(k, default(after, k)))
        for k in [*left, *(k for k in right if k not in left)]
    }
    op = {"op": (before.op, after.op)} if before.op != after.op else {}
    return op | {k: v for k, v in found.items() if v[0] != v[1]}


def default(layer: Layer, key: str) -> Any:
    """The value of a setting that a layer does not have: its operator's default, or None."""
    part, _, field = key.rpartition(".")
    kind = layer.settings.get(part) if part else layer.op
    known = operator(kind).defaults if isinstance(kind, str) and kind in OPERATORS else {}
    return known.get(field)


def readings(
    left: Recording, right: Recording, i: int, j: int, pairs: Pairs, back: Pairs
) -> Names | None:
    """What two partners read, where it is not the same but for layers that one side lacks."""
    if agree(left, right, i, j, pairs, back, None):
        return None
    return named(left, left.calls[i].reads), named(right, right.calls[j].reads)


def given(left: Recording, right: Recording, pairs: Pairs, back: Pairs) -> Names | None:
    """What two networks give, where it is not the same but for layers that one side lacks."""
    ours = [origins(left, e, pairs) for e in left.outputs]
    theirs = [{Edge(back.get(o.call, -2)) for o in origins(right, e, back)} for e in right.outputs]
    if len(ours) == len(theirs) and all(a & b for a, b in zip(ours, theirs, strict=True)):
        return None
    return named(left, left.outputs), named(right, right.outputs)


def named(side: Recording, edges: tuple[Edge, ...]) -> tuple[str, ...]:
    return tuple([side.calls[e.call].place for e in edges])
