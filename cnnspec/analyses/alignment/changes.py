"""List the differences of two recordings whose calls are paired."""

from collections.abc import Iterator
from math import isclose
from typing import Any

from cnnspec.analyses.alignment.call_graph import Edge, RecordedCall, Recording
from cnnspec.analyses.alignment.matching import Pairs, reads_agree, trace_origins, translate_edge
from cnnspec.records import Record

SINGLE_PRECISION = 1e-6  # of numbers that a model computed in float32
# One of these that nothing reads is no difference. A call that was merged reads nothing either.
UNREAD = ("pad", "concat", "detach", "merged")


class Change(Record):
    """One difference; ``spec`` and ``model`` are the calls, None on the side that lacks it.

    ``fields`` are the settings that differ, with both values; ``reads`` are the values read, if
    they differ. If both calls are None, the outputs differ."""

    spec: RecordedCall | None
    model: RecordedCall | None
    fields: dict[str, tuple[Any, Any]] = {}
    reads: tuple[tuple[str, ...], tuple[str, ...]] | None = None


def list_changes(
    spec: Recording, model: Recording, pairs: Pairs, heads: int | None
) -> list[Change]:
    """List all differences; a call that one side has elsewhere is one difference."""
    return join_moved_calls(spec, model, pairs, list(find_changes(spec, model, pairs, heads)))


def find_changes(
    spec: Recording, model: Recording, pairs: Pairs, heads: int | None
) -> Iterator[Change]:
    """Yield all differences: the spec's calls in order, calls of the model alone, outputs."""
    back, silent = {j: i for i, j in pairs.items()}, find_unread_calls(spec)
    concats: Pairs = {}  # those that read in another order
    for i, ours in enumerate(spec.calls):
        if i not in pairs:
            if i not in silent:
                yield Change(ours, None)
            continue
        theirs = model.calls[pairs[i]]
        fields = find_differing_fields(ours, theirs)
        if fields and is_same_part(spec, model, ours, theirs):
            fields = {}
        reads = None
        if not reads_agree(spec, model, i, pairs[i], pairs, back, None):
            if not is_consequence(spec, model, i, pairs, concats):
                reads = describe_sources(spec, ours.reads), describe_sources(model, theirs.reads)
            if ours.kind == theirs.kind == "concat":
                concats[i] = pairs[i]
        if fields or reads:
            yield Change(ours, theirs, fields, reads)
    unread = find_unread_calls(model)
    yield from (
        Change(None, call)
        for j, call in enumerate(model.calls)
        if j not in back and j not in unread
    )
    left = [trace_origins(spec, e, pairs) for e in spec.outputs]
    right = [
        {translate_edge(o, back) for o in trace_origins(model, e, back)} for e in model.outputs
    ]
    if not outputs_agree(left, right, heads):
        outputs = describe_sources(spec, spec.outputs), describe_sources(model, model.outputs)
        yield Change(None, None, {}, outputs)


def is_same_part(
    spec: Recording, model: Recording, ours: RecordedCall, theirs: RecordedCall
) -> bool:
    """Whether two slices take the same part, such as the second half, of values of other sizes.

    The call that made the sizes differ is a difference already."""
    if not ours.kind == theirs.kind == "slice" or len(ours.reads) != 1 or len(theirs.reads) != 1:
        return False
    if any(ours.fields[k] != theirs.fields[k] for k in ("dim", "step")):
        return False
    axis, parts = ours.fields["dim"] - 1, []
    for side, call in ((spec, ours), (model, theirs)):
        read = call.reads[0]
        shape = side.calls[read.call].output if read.call >= 0 and not read.port else ()
        if not 0 <= axis < len(shape):
            return False
        start, length, size = call.fields["start"], call.fields["length"], shape[axis]
        parts.append((start / size, length / size))
    return parts[0] == parts[1]


def is_consequence(spec: Recording, model: Recording, i: int, pairs: Pairs, concats: Pairs) -> bool:
    """Whether what call ``i`` reads differs only as it contains all that a differing concat reads.

    A recording joins a concat with the concat that reads it, so that the later one of the two shows
    the other's order too."""
    ours, theirs = spec.calls[i].reads, model.calls[pairs[i]].reads
    for a, b in reversed(concats.items()):
        inner, other = spec.calls[a].reads, model.calls[b].reads
        starts = [
            k
            for k in range(len(ours) - len(inner) + 1)
            if ours[k : k + len(inner)] == inner and theirs[k : k + len(other)] == other
        ]
        for k in starts:
            left, right = ours[:k] + ours[k + len(inner) :], theirs[:k] + theirs[k + len(other) :]
            if len(left) == len(right) and all(
                x.port == y.port and pairs.get(x.call) == y.call
                for x, y in zip(left, right, strict=True)
            ):
                return True
    return False


def outputs_agree(left: list[set[Edge]], right: list[set[Edge]], heads: int | None) -> bool:
    """Whether two lists of outputs agree: the first ``heads`` in order, the others in any order."""
    heads = len(left) if heads is None else heads
    if len(left) != len(right) or not all(
        a & b for a, b in zip(left[:heads], right[:heads], strict=True)
    ):
        return False
    rest = right[heads:]
    for a in left[heads:]:
        b = next((b for b in rest if a & b), None)
        if b is None:
            return False
        rest.remove(b)
    return True


def join_moved_calls(
    spec: Recording, model: Recording, pairs: Pairs, found: list[Change]
) -> list[Change]:
    """Join a call that one side lacks and an equal one that the other has near it.

    Near means that both have one call before or after them in common."""
    lost = [c for c in found if c.spec and c.model is None]
    new = [c for c in found if c.model and c.spec is None]
    if not lost or not new:
        return found
    back = {j: i for i, j in pairs.items()}
    ours, theirs = find_paired_around(spec, pairs), find_paired_around(model, back)
    for change in new:
        around = {back[j] for j in theirs[id(change.model)]}
        for old in lost:
            if not (old.spec and change.model and old.spec.work == change.model.work):
                continue
            if around & ours[id(old.spec)]:
                lost.remove(old)
                found.remove(change)
                reads = (
                    describe_sources(spec, old.spec.reads),
                    describe_sources(model, change.model.reads),
                )
                found[found.index(old)] = Change(old.spec, change.model, {}, reads)
                break
    return found


def find_paired_around(side: Recording, paired: Pairs) -> dict[int, set[int]]:
    """Return, by id of each unpaired call, the first paired calls before and after it."""
    before: list[set[int]] = []
    after: list[set[int]] = [set() for _ in side.calls]
    for call in side.calls:
        sources = [e.call for e in call.reads if e.call >= 0]
        before.append(set().union(*[{k} if k in paired else before[k] for k in sources]))
    for i in reversed(range(len(side.calls))):
        for edge in side.calls[i].reads:
            if edge.call >= 0:
                after[edge.call] |= {i} if i in paired else after[i]
    return {id(call): before[i] | after[i] for i, call in enumerate(side.calls) if i not in paired}


def find_unread_calls(side: Recording) -> set[int]:
    """Find calls that nothing reads as their reader does their work: padding, concatenations."""
    read = {e.call for call in side.calls for e in call.reads} | {e.call for e in side.outputs}
    return {i for i, call in enumerate(side.calls) if i not in read and call.kind in UNREAD}


def find_differing_fields(ours: RecordedCall, theirs: RecordedCall) -> dict[str, tuple[Any, Any]]:
    """Find the settings in which two calls differ."""
    if ours.kind == theirs.kind and ours.fields == theirs.fields:
        return {}
    if ours.work == theirs.work:
        return {}
    if ours.kind != theirs.kind:
        for one, other in (
            (ours.replace(same_as=None), take_equal_operator(theirs)),
            (take_equal_operator(ours), theirs.replace(same_as=None)),
        ):
            if one.kind == other.kind:
                return find_differing_fields(one, other)
    left, right = ours.fields, theirs.fields
    found = {k: (left.get(k), right.get(k)) for k in [*left, *(right.keys() - left.keys())]}
    kind = {"op": (ours.kind, theirs.kind)} if ours.kind != theirs.kind else {}
    return kind | {k: v for k, v in found.items() if not settings_agree(*v)}


def settings_agree(a: Any, b: Any, tolerance: float = SINGLE_PRECISION) -> bool:
    """Whether two settings are equal, or numbers for each channel that differ by rounding only."""
    if a == b:
        return True
    numbers = all(isinstance(v, tuple) and all(isinstance(n, float) for n in v) for v in (a, b))
    return bool(
        numbers
        and len(a) == len(b)
        and all(isclose(x, y, rel_tol=tolerance) for x, y in zip(a, b, strict=True))
    )


def take_equal_operator(call: RecordedCall) -> RecordedCall:
    """Return a call as the operator that does the same on this input, if there is one."""
    kind, fields = call.same_as or (call.kind, call.fields)
    return call.replace(kind=kind, fields=fields, same_as=None)


def describe_sources(side: Recording, edges: tuple[Edge, ...]) -> tuple[str, ...]:
    """Describe where values come from."""
    return tuple(
        [
            side.calls[e.call].place or side.calls[e.call].kind if e.call >= 0 else "a constant"
            for e in edges
        ]
    )
