"""Alignment of recordings: random networks with themselves, in another order, with one edit."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnspec.analyses.alignment.align import Alignment, align_recordings
from cnnspec.analyses.alignment.call_graph import Edge, RecordedCall, Recording
from cnnspec.analyses.alignment.changes import Change

KINDS = ["conv", "relu", "batchnorm", "maxpool"]


def recording(calls: list[tuple[str, dict[str, Any], tuple[int, ...]]]) -> Recording:
    """Record calls of (kind, fields, reads); calls that nothing reads are outputs."""
    read = {r for _, _, reads in calls for r in reads}
    made = [
        RecordedCall(kind, fields, tuple(map(Edge, reads)), (1,), (), f"{i}")
        for i, (kind, fields, reads) in enumerate(calls)
    ]
    return Recording(made, tuple(Edge(i) for i in range(len(made)) if i not in read))


@st.composite
def networks(draw: st.DrawFn, size: int = 14) -> Recording:
    """Draw a random network of single layers, sums and concatenations."""
    calls: list[tuple[str, dict[str, Any], tuple[int, ...]]] = [("input", {}, ())]
    for i in range(1, draw(st.integers(3, size))):
        kind = draw(st.sampled_from([*KINDS, *KINDS, "add", "concat"]))
        near = st.integers(max(0, i - 4), i - 1)
        reads = (draw(near), draw(near)) if kind in ("add", "concat") else (draw(near),)
        calls.append((kind, {"n": draw(st.integers(1, 3))} if kind == "conv" else {}, reads))
    return recording(calls)


def reordered(side: Recording, order: list[float]) -> tuple[Recording, dict[int, int]]:
    """Run the same network in another valid order; return it with the new index of each call."""
    new: dict[int, int] = {}
    while len(new) < len(side.calls):
        ready = [
            i
            for i, c in enumerate(side.calls)
            if i not in new and all(e.call in new for e in c.reads)
        ]
        new[min(ready, key=lambda i: (order[i], i))] = len(new)
    calls = [side.calls[i] for i in new]
    moved = [c.replace(reads=tuple(Edge(new[e.call]) for e in c.reads)) for c in calls]
    return Recording(moved, tuple(Edge(new[e.call]) for e in side.outputs)), new


def touched(change: Change) -> set[str]:
    """Return the places of the calls that a difference is about."""
    return {call.place for call in (change.spec, change.model) if call}


ORDERS = st.lists(st.floats(0, 1), min_size=20, max_size=20)


@settings(max_examples=200, deadline=None)
@given(networks(), ORDERS)
def test_another_order_of_independent_calls_is_no_difference(
    side: Recording, order: list[float]
) -> None:
    found = align_recordings(side, reordered(side, order)[0], 0)
    assert found.complete
    assert sorted(found.pairs) == list(range(len(side.calls)))


def edits(side: Recording, i: int, what: str) -> Recording:
    """Edit call ``i`` of a network: change a setting, replace it, double it, or leave it out."""
    call = side.calls[i]
    if what in ("fields", "kind"):
        other = call.replace(fields={"n": 9}) if what == "fields" else call.replace(kind="tanh")
        return Recording([*side.calls[:i], other, *side.calls[i + 1 :]], side.outputs)
    step = 1 if what == "inserted" else -1

    def after(e: Edge) -> Edge:
        if e.call == i:
            return Edge(i + 1) if what == "inserted" else after(call.reads[0])
        return Edge(e.call + step) if e.call > i else e

    inserted = (
        [call, RecordedCall("tanh", {}, (Edge(i),), (1,), (), "new")] if what == "inserted" else []
    )
    behind = [c.replace(reads=tuple(map(after, c.reads))) for c in side.calls[i + 1 :]]
    return Recording([*side.calls[:i], *inserted, *behind], tuple(map(after, side.outputs)))


@settings(max_examples=300, deadline=None)
@given(
    networks(),
    st.data(),
    st.sampled_from(["fields", "kind", "inserted", "left out"]),
    st.booleans(),
)
def test_one_edit_differs_where_it_is(
    side: Recording, data: st.DataObject, what: str, alike: bool
) -> None:
    """Each difference is about the edited call or a reader; equal calls give few differences."""
    if not alike:
        side = Recording(
            [c.replace(fields={"n": -i}) for i, c in enumerate(side.calls)], side.outputs
        )
    single = [i for i, c in enumerate(side.calls) if len(c.reads) == 1]
    if not single:
        return
    i = data.draw(st.sampled_from(single))
    found = align_recordings(side, edits(side, i, what), 0)
    readers = {c.place for c in side.calls if Edge(i) in c.reads}
    if alike:
        assert len(found.changes) <= 3 + len(readers)
    else:
        assert 1 <= len(found.changes) <= 2
        assert all(
            touched(c) & {side.calls[i].place, "new", *readers} or c.spec is c.model
            for c in found.changes
        )


def chain(*kinds: str) -> Recording:
    return recording([("input", {}, ()), *((kind, {}, (i,)) for i, kind in enumerate(kinds))])


def summary(found: Alignment) -> list[tuple[str | None, str | None]]:
    return [
        (c.spec.kind if c.spec else None, c.model.kind if c.model else None) for c in found.changes
    ]


@pytest.mark.parametrize(
    ("model", "changes"),
    [
        (("a", "b", "c", "d", "e"), []),
        (("a", "c", "d", "e"), [("b", None)]),
        (("a", "x", "b", "c", "d", "e"), [(None, "x")]),
        (("a", "x", "c", "d", "e"), [("b", "x")]),
        (("a", "c", "b", "d", "e"), [("b", "b")]),
        (("b", "c", "d"), [("a", None), ("e", None)]),
        (("x", "b", "c", "d", "y"), [("a", "x"), ("e", "y")]),
        (("a", "b", "c", "d", "e", "e"), [(None, "e")]),
        (("a", "b", "b", "c", "c", "d", "e"), [(None, "b"), (None, "c")]),
    ],
)
def test_chains(model: tuple[str, ...], changes: list[tuple[str, str]]) -> None:
    assert summary(align_recordings(chain("a", "b", "c", "d", "e"), chain(*model))) == changes


def test_outputs_in_another_order_differ_and_ends_of_training_do_not() -> None:
    side = recording([("input", {}, ()), ("a", {}, (0,)), ("b", {}, (0,))])
    turned = Recording(side.calls, side.outputs[::-1])
    assert not align_recordings(side, turned).complete
    assert align_recordings(side, turned, 0).complete


@pytest.mark.parametrize(
    ("model", "apart"),
    [
        (("a", "b", "c", "d", "e"), set()),
        (("a", "x", "c", "d", "e"), set()),  # b became x, so their values are compared
        (("a", "x", "b", "c", "d", "e"), {2}),
        (("a", "c", "d", "e"), {3}),
        (("a", "b", "c", "d"), set()),
        (("a", "c", "x", "e", "y"), {3, 4}),  # and d became x
    ],
)
def test_calls_beside_one_without_a_partner_may_give_other_values(
    model: tuple[str, ...], apart: set[int]
) -> None:
    assert align_recordings(chain("a", "b", "c", "d", "e"), chain(*model)).apart == apart
