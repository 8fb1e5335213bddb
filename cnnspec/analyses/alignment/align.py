"""Two recordings held against each other: which call of one is which of the other, and where they
differ."""

from collections.abc import Iterator
from typing import Any

from cnnspec.analyses.alignment.call_graph import Edge, RecordedCall, Recording
from cnnspec.analyses.alignment.matching import (
    Pairs,
    match_calls,
    reads_agree,
    trace_origins,
    translate_edge,
)
from cnnspec.records import Record

TRIALS = 32
UNREAD = ("pad", "concat", "detach")  # what is left of these unread is no difference


class Change(Record):
    """One difference. ``spec`` and ``model`` are the calls, None on the side that lacks it.

    ``fields`` are the settings that differ, with both values; ``reads`` says that it reads other
    values. Both None stands for the outputs."""

    spec: RecordedCall | None
    model: RecordedCall | None
    fields: dict[str, tuple[Any, Any]] = {}
    reads: tuple[tuple[str, ...], tuple[str, ...]] | None = None


class Alignment(Record):
    """Which call of the spec is which of the model, by their indices, and all differences in the
    spec's order."""

    spec: Recording
    model: Recording
    pairs: Pairs
    changes: list[Change]

    @property
    def complete(self) -> bool:
        return not self.changes

    @property
    def apart(self) -> set[int]:
        """The spec's calls that need not give what their partners give, where both do the same in
        other calls.

        That is so where one side has calls of its own: half a scaling of q beside half a scaling of
        k is a whole one."""
        if all(c.spec and c.model for c in self.changes):
            return set()
        changed = {id(c.spec) for c in self.changes}
        partners, spec, model = set(self.pairs.values()), self.spec.calls, self.model.calls
        return {
            i
            for i, j in self.pairs.items()
            if id(spec[i]) in changed
            or any(e.call >= 0 and e.call not in self.pairs for e in spec[i].reads)
            or any(e.call >= 0 and e.call not in partners for e in model[j].reads)
        }


def align_recordings(spec: Recording, model: Recording, heads: int | None = None) -> Alignment:
    """The alignment of a spec's recording with a model's.

    The first ``heads`` outputs (all where not given) must come in the same order, the others in
    any."""
    pairs = match_calls(spec, model)
    found = join_moved_calls(spec, model, list(find_changes(spec, model, pairs, heads)))
    back = {j: i for i, j in pairs.items()}
    astray = (
        [i for i, j in pairs.items() if not reads_agree(spec, model, i, j, pairs, back, None)]
        if found
        else []
    )
    for i in astray[
        :TRIALS
    ]:  # a call that stands elsewhere makes fewer differences without its partner
        trial = {k: j for k, j in pairs.items() if k != i}
        fewer = join_moved_calls(spec, model, list(find_changes(spec, model, trial, heads)))
        if len(fewer) < len(found):
            pairs, found = trial, fewer
    return Alignment(spec, model, pairs, found)


def find_changes(
    spec: Recording, model: Recording, pairs: Pairs, heads: int | None
) -> Iterator[Change]:
    """All differences: those of the spec's calls in their order, then what only the model has,
    then the outputs."""
    back, silent = {j: i for i, j in pairs.items()}, find_unread_calls(spec)
    for i, ours in enumerate(spec.calls):
        if i not in pairs:
            if i not in silent:
                yield Change(ours, None)
            continue
        theirs = model.calls[pairs[i]]
        fields = find_differing_fields(ours, theirs)
        same = reads_agree(spec, model, i, pairs[i], pairs, back, None)
        reads = (
            None
            if same
            else (describe_sources(spec, ours.reads), describe_sources(model, theirs.reads))
        )
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
        yield Change(
            None,
            None,
            {},
            (describe_sources(spec, spec.outputs), describe_sources(model, model.outputs)),
        )


def outputs_agree(left: list[set[Edge]], right: list[set[Edge]], heads: int | None) -> bool:
    """Whether both give the same: the first in this order, the rest in any."""
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


def join_moved_calls(spec: Recording, model: Recording, found: list[Change]) -> list[Change]:
    """A call that one side lacks and the other has elsewhere is one difference: it reads something
    else."""
    lost = [c for c in found if c.spec and c.model is None]
    for new in [c for c in found if c.model and c.spec is None]:
        old = next(
            (c for c in lost if c.spec and new.model and c.spec.work == new.model.work), None
        )
        if old and old.spec and new.model:
            lost.remove(old)
            found.remove(new)
            reads = describe_sources(spec, old.spec.reads), describe_sources(model, new.model.reads)
            found[found.index(old)] = Change(old.spec, new.model, {}, reads)
    return found


def find_unread_calls(side: Recording) -> set[int]:
    """Calls of which nothing is left, as what reads them does their work too: padding, and inner
    concatenations."""
    read = {e.call for call in side.calls for e in call.reads} | {e.call for e in side.outputs}
    return {i for i, call in enumerate(side.calls) if i not in read and call.kind in UNREAD}


def find_differing_fields(ours: RecordedCall, theirs: RecordedCall) -> dict[str, tuple[Any, Any]]:
    """The settings in which two calls differ."""
    left, right = ours.fields, theirs.fields
    found = {k: (left.get(k), right.get(k)) for k in [*left, *(right.keys() - left.keys())]}
    kind = {"op": (ours.kind, theirs.kind)} if ours.kind != theirs.kind else {}
    return kind | {k: v for k, v in found.items() if v[0] != v[1]}


def describe_sources(side: Recording, edges: tuple[Edge, ...]) -> tuple[str, ...]:
    """Where values come from, in words."""
    return tuple(
        [
            side.calls[e.call].place or side.calls[e.call].kind if e.call >= 0 else "a constant"
            for e in edges
        ]
    )
