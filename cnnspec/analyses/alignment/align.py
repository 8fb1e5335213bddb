"""Two recordings held against each other: which call of one is which of the other, and where they
differ."""

from collections.abc import Iterator
from typing import Any

from cnnspec.analyses.alignment.dataflow import Call, Edge, Recording
from cnnspec.analyses.alignment.matching import Pairs, agree, mapped, origins, pairing
from cnnspec.records import Record

TRIALS = 32
UNREAD = ("pad", "concat", "detach")  # what is left of these unread is no difference


class Change(Record):
    """One difference. ``sheet`` and ``model`` are the calls, None on the side that lacks it.

    ``fields`` are the settings that differ, with both values; ``reads`` says that it reads other
    values. Both None stands for the outputs."""

    sheet: Call | None
    model: Call | None
    fields: dict[str, tuple[Any, Any]] = {}
    reads: tuple[tuple[str, ...], tuple[str, ...]] | None = None


class Alignment(Record):
    """Which call of the sheet is which of the model, by their indices, and all differences in the
    sheet's order."""

    sheet: Recording
    model: Recording
    pairs: Pairs
    changes: list[Change]

    @property
    def complete(self) -> bool:
        return not self.changes

    @property
    def apart(self) -> set[int]:
        """The sheet's calls that need not give what their partners give, where both do the same in
        other calls.

        That is so where one side has calls of its own: half a scaling of q beside half a scaling of
        k is a whole one."""
        if all(c.sheet and c.model for c in self.changes):
            return set()
        changed = {id(c.sheet) for c in self.changes}
        partners, sheet, model = set(self.pairs.values()), self.sheet.calls, self.model.calls
        return {
            i
            for i, j in self.pairs.items()
            if id(sheet[i]) in changed
            or any(e.call >= 0 and e.call not in self.pairs for e in sheet[i].reads)
            or any(e.call >= 0 and e.call not in partners for e in model[j].reads)
        }


def align(sheet: Recording, model: Recording, heads: int | None = None) -> Alignment:
    """The alignment of a sheet's recording with a model's.

    The first ``heads`` outputs (all where not given) must come in the same order, the others in
    any."""
    pairs = pairing(sheet, model)
    found = moved(sheet, model, list(changes(sheet, model, pairs, heads)))
    back = {j: i for i, j in pairs.items()}
    astray = (
        [i for i, j in pairs.items() if not agree(sheet, model, i, j, pairs, back, None)]
        if found
        else []
    )
    for i in astray[
        :TRIALS
    ]:  # a call that stands elsewhere makes fewer differences without its partner
        trial = {k: j for k, j in pairs.items() if k != i}
        fewer = moved(sheet, model, list(changes(sheet, model, trial, heads)))
        if len(fewer) < len(found):
            pairs, found = trial, fewer
    return Alignment(sheet, model, pairs, found)


def changes(
    sheet: Recording, model: Recording, pairs: Pairs, heads: int | None
) -> Iterator[Change]:
    """All differences: those of the sheet's calls in their order, then what only the model has,
    then the outputs."""
    back, silent = {j: i for i, j in pairs.items()}, idle(sheet)
    for i, ours in enumerate(sheet.calls):
        if i not in pairs:
            if i not in silent:
                yield Change(ours, None)
            continue
        theirs = model.calls[pairs[i]]
        fields = differing(ours, theirs)
        same = agree(sheet, model, i, pairs[i], pairs, back, None)
        reads = None if same else (named(sheet, ours.reads), named(model, theirs.reads))
        if fields or reads:
            yield Change(ours, theirs, fields, reads)
    unread = idle(model)
    yield from (
        Change(None, call)
        for j, call in enumerate(model.calls)
        if j not in back and j not in unread
    )
    left = [origins(sheet, e, pairs) for e in sheet.outputs]
    right = [{mapped(o, back) for o in origins(model, e, back)} for e in model.outputs]
    if not given(left, right, heads):
        yield Change(None, None, {}, (named(sheet, sheet.outputs), named(model, model.outputs)))


def given(left: list[set[Edge]], right: list[set[Edge]], heads: int | None) -> bool:
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


def moved(sheet: Recording, model: Recording, found: list[Change]) -> list[Change]:
    """A call that one side lacks and the other has elsewhere is one difference: it reads something
    else."""
    lost = [c for c in found if c.sheet and c.model is None]
    for new in [c for c in found if c.model and c.sheet is None]:
        old = next(
            (c for c in lost if c.sheet and new.model and c.sheet.work == new.model.work), None
        )
        if old and old.sheet and new.model:
            lost.remove(old)
            found.remove(new)
            reads = named(sheet, old.sheet.reads), named(model, new.model.reads)
            found[found.index(old)] = Change(old.sheet, new.model, {}, reads)
    return found


def idle(side: Recording) -> set[int]:
    """Calls of which nothing is left, as what reads them does their work too: padding, and inner
    concatenations."""
    read = {e.call for call in side.calls for e in call.reads} | {e.call for e in side.outputs}
    return {i for i, call in enumerate(side.calls) if i not in read and call.kind in UNREAD}


def differing(ours: Call, theirs: Call) -> dict[str, tuple[Any, Any]]:
    """The settings in which two calls differ."""
    left, right = ours.fields, theirs.fields
    found = {k: (left.get(k), right.get(k)) for k in [*left, *(right.keys() - left.keys())]}
    kind = {"op": (ours.kind, theirs.kind)} if ours.kind != theirs.kind else {}
    return kind | {k: v for k, v in found.items() if v[0] != v[1]}


def named(side: Recording, edges: tuple[Edge, ...]) -> tuple[str, ...]:
    """Where values come from, in words."""
    return tuple(
        [
            side.calls[e.call].place or side.calls[e.call].kind if e.call >= 0 else "a constant"
            for e in edges
        ]
    )
