"""Compare two networks: pair their layers, and list what changed in each."""

from typing import Any

from cnnspec.analyses.alignment.call_graph import Edge, RecordedCall, Recording, freeze_value
from cnnspec.analyses.alignment.matching import reads_agree, trace_origins
from cnnspec.analyses.diff.description import LayerDescription, NetworkDescription
from cnnspec.analyses.diff.layer_pairs import LayerToken, Pairs, pair_layers
from cnnspec.ops.registry import OPERATORS, load_operator
from cnnspec.records import Record

Names = tuple[tuple[str, ...], tuple[str, ...]]
NUMBERS = ("output", "params", "macs")
SAME, CHANGED, INSERTED, REMOVED = "same", "changed", "inserted", "removed"
MOVED, RENAMED, FOLLOWS = "moved", "renamed", "follows"


class Entry(Record):
    """A layer of one network and its partner in the other, None if it has no partner.

    ``status`` is inserted or removed; changed in its ``settings`` (with both values; "op" is the
    operator) or in what it ``reads`` (names on both sides); moved to another place; renamed but
    otherwise equal; follows, if only ``numbers`` (output, params, macs, with both values) changed
    because other layers did; or same."""

    status: str
    before: LayerDescription | None
    after: LayerDescription | None
    settings: dict[str, tuple[Any, Any]] = {}
    reads: Names | None = None
    numbers: dict[str, tuple[Any, Any]] = {}

    @property
    def renamed(self) -> bool:
        return bool(self.before and self.after and self.before.name != self.after.name)


class Diff(Record):
    """All layers of two networks in order, and both values of each common total.

    ``outputs`` names the output layers of both networks if they differ."""

    before: NetworkDescription
    after: NetworkDescription
    entries: list[Entry]
    totals: dict[str, tuple[int, int]]
    outputs: Names | None

    @property
    def equal(self) -> bool:
        return self.outputs is None and all(e.status == SAME for e in self.entries)


def diff_networks(before: NetworkDescription, after: NetworkDescription) -> Diff:
    """Compare two networks."""
    left, right = record_layers(before), record_layers(after)
    pairs = pair_layers(make_tokens(before), make_tokens(after))
    back = {j: i for i, j in pairs.items()}
    gone = {layer.name: i for i, layer in enumerate(before.layers) if i not in pairs}
    moved = {
        j: gone[layer.name]
        for j, layer in enumerate(after.layers)
        if j not in back and layer.name in gone and layer.op == before.layers[gone[layer.name]].op
    }

    elsewhere = {*moved.values()}

    def removed(first: int, end: int) -> list[Entry]:
        return [
            Entry(REMOVED, before.layers[i], None) for i in range(first, end) if i not in elsewhere
        ]

    entries, at = [], 0
    for j, layer in enumerate(after.layers):
        if j in back:
            i = back[j]
            entries += [
                *removed(at, i),
                make_entry(before.layers[i], layer, compare_reads(left, right, i, j, pairs, back)),
            ]
            at = i + 1
        elif j in moved:
            entries.append(make_entry(before.layers[moved[j]], layer, None).replace(status=MOVED))
        else:
            entries.append(Entry(INSERTED, None, layer))
    entries += removed(at, len(before.layers))
    totals = {
        k: (before.totals.get(k, 0), after.totals.get(k, 0)) for k in common_totals(before, after)
    }
    return Diff(before, after, entries, totals, compare_outputs(left, right, pairs, back))


def common_totals(before: NetworkDescription, after: NetworkDescription) -> list[str]:
    """List the totals to compare; a lock file has only some of them."""
    if "flops" in before.totals and "flops" in after.totals:
        return [*before.totals, *(after.totals.keys() - before.totals.keys())]
    return [k for k in before.totals if k in after.totals]


def make_tokens(network: NetworkDescription) -> list[LayerToken]:
    """Make the tokens that identify a network's layers."""
    return [
        LayerToken((layer.op, freeze_value(layer.settings)), layer.name, layer.op)
        for layer in network.layers
    ]


def record_layers(network: NetworkDescription) -> Recording:
    """Represent the layers as recorded calls that read each other."""
    index = {layer.name: i for i, layer in enumerate(network.layers)}
    calls = [
        RecordedCall(
            layer.op,
            layer.settings,
            tuple([Edge(index.get(r, -1)) for r in layer.reads]),
            layer.output,
            (),
            layer.name,
        )
        for layer in network.layers
    ]
    return Recording(calls, tuple([Edge(index.get(name, -1)) for name in network.outputs]))


def make_entry(before: LayerDescription, after: LayerDescription, reads: Names | None) -> Entry:
    """Compare a layer with its partner."""
    settings = find_changed_settings(before, after)
    numbers = {
        k: (getattr(before, k), getattr(after, k))
        for k in NUMBERS
        if getattr(before, k) != getattr(after, k)
    }
    if settings or reads or (numbers and before.op == "input"):
        status = CHANGED
    elif before.name != after.name:
        status = RENAMED
    else:
        status = FOLLOWS if numbers else SAME
    return Entry(status, before, after, settings, reads, numbers)


def find_changed_settings(
    before: LayerDescription, after: LayerDescription
) -> dict[str, tuple[Any, Any]]:
    """Find the changed settings, the operator first; defaults stand in for missing settings."""
    left, right = before.settings, after.settings
    found = {
        k: (left.get(k, default_value(before, k)), right.get(k, default_value(after, k)))
        for k in [*left, *(k for k in right if k not in left)]
    }
    op = {"op": (before.op, after.op)} if before.op != after.op else {}
    return op | {k: v for k, v in found.items() if v[0] != v[1]}


def default_value(layer: LayerDescription, key: str) -> Any:
    """Return the default of a setting that a layer does not have, or None."""
    part, _, field = key.rpartition(".")
    kind = layer.settings.get(part) if part else layer.op
    known = load_operator(kind).defaults if isinstance(kind, str) and kind in OPERATORS else {}
    return known.get(field)


def compare_reads(
    left: Recording, right: Recording, i: int, j: int, pairs: Pairs, back: Pairs
) -> Names | None:
    """Return what two partners read, if it differs by more than layers that one side lacks."""
    if reads_agree(left, right, i, j, pairs, back, None):
        return None
    return name_calls(left, left.calls[i].reads), name_calls(right, right.calls[j].reads)


def compare_outputs(left: Recording, right: Recording, pairs: Pairs, back: Pairs) -> Names | None:
    """Return both networks' outputs, if they differ by more than layers that one side lacks."""
    ours = [trace_origins(left, e, pairs) for e in left.outputs]
    theirs = [
        {Edge(back.get(o.call, -2)) for o in trace_origins(right, e, back)} for e in right.outputs
    ]
    if len(ours) == len(theirs) and all(a & b for a, b in zip(ours, theirs, strict=True)):
        return None
    return name_calls(left, left.outputs), name_calls(right, right.outputs)


def name_calls(side: Recording, edges: tuple[Edge, ...]) -> tuple[str, ...]:
    return tuple([side.calls[e.call].place for e in edges])
