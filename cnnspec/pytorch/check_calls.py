"""Check the calls of a model: which differences count, which values may excuse, how they read.

Values show what most calls do. They do not show dropout, a limit that no value reaches, or a
setting that has no effect at this size.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from cnnspec.analyses.alignment.align import Alignment
from cnnspec.analyses.alignment.call_graph import RecordedCall, Recording
from cnnspec.analyses.alignment.changes import Change
from cnnspec.analyses.verdict import Check, Difference, make_check
from cnnspec.pytorch.recording.dropouts import acts_in_training_only
from cnnspec.pytorch.recording.visible_settings import (
    INVISIBLE,
    call_limits,
    call_settings,
    values_show_settings,
)

SAME_CALLS = "same calls"  # the calls must be the same
SAME_FUNCTION = "same function"  # other calls pass if they compute the same
REFERENCE = "reference"  # of a library: looser, dropout may be missing, the model is changed

CallKey = tuple[str, str, int]  # the place of a call, its kind, and how many are before it there
Reached = set[tuple[CallKey, float]]  # the limits that values of calls reached


def check_calls(
    found: tuple[Alignment, Alignment], name: str, demand: str, wiring: bool = False
) -> Check:
    """Check that the calls are the same, in evaluation and in training mode.

    For a library's reference, calls need to be the same only if each of them has a partner, and
    dropout in any case, unless the model has none at all, as libraries leave it out by default.
    Whether calls that are connected otherwise give the same is left to the values; with ``wiring``
    these calls are differences too.
    """
    evaluation, training = found
    modes = [evaluation.changes, training.changes]
    detail = ""
    if demand == REFERENCE:
        if not training.complete:
            detail = "the others are not compared one by one"
        if not any(acts_in_training_only(call.kind) for call in training.model.calls):
            modes = [[c for c in changes if not is_random(c)] for changes in modes]
            if detail:
                detail = (
                    "the model has no dropout; calls without a partner are not compared one by one"
                )
        sure = [c for changes in modes for c in changes if not is_random(c)]
        if not wiring and not all(c.spec and c.model for c in sure):
            modes = [[c for c in changes if is_random(c)] for changes in modes]
    own = [i for i, call in enumerate(training.spec.calls) if call.kind != "merged"]
    aligned = sum(i in training.pairs for i in own)
    compared = f"{aligned} of {len(own)} calls aligned"
    differences = describe_changes(*modes, spec=training.spec)
    return make_check("calls", name, compared, differences, detail)


def is_random(change: Change) -> bool:
    """Return whether a change is about dropout or the like, which values do not show."""
    calls = change.spec, change.model
    return any(call is not None and acts_in_training_only(call.kind) for call in calls)


def unprovable_differences(
    found: Iterable[Alignment], ours: Reached, theirs: Reached
) -> list[Difference]:
    """Return the differences of calls that equal values cannot excuse.

    ``ours`` and ``theirs`` are the limits that values of the spec and of the model reached.
    """
    return describe_changes(*[unprovable_changes(a, ours, theirs) for a in found])


def unprovable_changes(alignment: Alignment, ours: Reached, theirs: Reached) -> Iterator[Change]:
    """Yield the changed calls that equal values cannot excuse, and outputs that one side lacks.

    These are dropout, ends of gradients, choices by a value, limits that no value reached, and
    settings without effect at this size (ceil_mode) or on these values (eps): calls of one kind
    that both sides change must have the same settings, unless the values of such calls
    show all settings.
    """
    left = Counter(call_settings(c.spec) for c in alignment.changes if c.spec)
    right = Counter(call_settings(c.model) for c in alignment.changes if c.model)
    kinds = {kind for kind, _ in left} & {kind for kind, _ in right}
    odd = {
        settings
        for settings in {*left, *right}
        if settings[0] in kinds
        and left[settings] != right[settings]
        and not values_show_settings(settings[0])
    }
    missed = find_missed_limits(alignment.spec, ours) | find_missed_limits(alignment.model, theirs)
    for change in alignment.changes:
        sides = [call for call in (change.spec, change.model) if call]
        if not sides:
            if len(alignment.spec.outputs) != len(alignment.model.outputs):
                yield change
        elif is_random(change) or any(
            call.kind in INVISIBLE or call_settings(call) in odd or id(call) in missed
            for call in sides
        ):
            yield change


def number_calls(calls: list[RecordedCall]) -> list[CallKey]:
    """Return a key of each call that is the same in evaluation, in training and in every draw."""
    before = Counter[tuple[str, str]]()
    keys = []
    for call in calls:
        keys.append((call.place, call.kind, before[call.place, call.kind]))
        before[call.place, call.kind] += 1
    return keys


def find_missed_limits(side: Recording, reached: Reached) -> set[int]:
    """Return the ids of the calls with a limit that no value reached."""
    return {
        id(call)
        for call, key in zip(side.calls, number_calls(side.calls), strict=True)
        if any((key, limit) not in reached for limit in call_limits(call))
    }


LACKED_BY_MODEL, LACKED_BY_SPEC = "the model lacks this layer", "the spec lacks this layer"


def describe_changes(*modes: Iterable[Change], spec: Recording | None = None) -> list[Difference]:
    """Return the changes of inference and of training as differences, in this order.

    Equal differences of one mode are counted; those that both modes have are one. ``spec`` is the
    recording of the spec, which tells the blocks that the model lacks as a whole.
    """
    counts = [Counter(map(describe_change, changes)) for changes in modes]
    distinct = dict.fromkeys(d for found in counts for d in found)
    lacking = {d.name for d in distinct if d.cause == LACKED_BY_MODEL}
    blocks = find_whole_blocks(lacking, spec) if spec else {}
    return [
        d.replace(
            count=max(found[d] for found in counts),
            block=blocks.get(d.name, "") if d.cause == LACKED_BY_MODEL else "",
        )
        for d in distinct
    ]


def find_whole_blocks(lacking: set[str], spec: Recording) -> dict[str, str]:
    """Return, by layer, the largest block of several layers that are all lacking."""
    places: dict[str, set[str]] = {}
    for call in spec.calls:
        parts = call.place.split(".")
        for k in range(1, len(parts) + 1):
            places.setdefault(".".join(parts[:k]), set()).add(call.place)
    whole = {block for block, inside in places.items() if len(inside) > 1 and inside <= lacking}
    found = {}
    for name in lacking:
        parts = name.split(".")
        blocks = [".".join(parts[:k]) for k in range(1, len(parts) + 1)]
        found[name] = next((block for block in blocks if block in whole), "")
    return found


def describe_change(change: Change) -> Difference:
    """Return a change of a call as a difference of a check."""
    ours, theirs = change.spec, change.model
    read, model_read = (", ".join(side) for side in change.reads or ((), ()))
    if theirs is None:
        if ours is None:
            return Difference("outputs", "order", read, model_read, "the network's outputs")
        return Difference(ours.place, "layer", ours.kind, None, LACKED_BY_MODEL)
    place, source = theirs.place or "forward", theirs.source
    if ours is None:
        kind, cause = theirs.kind, LACKED_BY_SPEC
        if kind.startswith("nn."):
            cause = f"not supported: {kind} at {join_place(place, source)}"
        return Difference(place, "layer", None, kind, cause, module=place, source=source)
    if change.fields:
        left, right = (
            ", ".join(
                f"{k} = {format_setting(v[side])}"
                for k, v in change.fields.items()
                if v[side] is not None
            )
            for side in (0, 1)
        )
        words = describe_fields(change.fields)
        cause = ", ".join(change.fields)
        return Difference(ours.place, ours.kind, left, right, cause, 1, words, place, source)
    cause = f"what it reads, in {place}"
    return Difference(ours.place, "reads", read, model_read, cause, module=place, source=source)


def describe_fields(fields: dict[str, tuple[Any, Any]]) -> str:
    """Return the settings that differ in one phrase, each once: "kernel_size 1 → 3".

    Of calls of different kinds, only the kinds and the settings that both have are compared.
    """
    shown = fields
    if "op" in fields:
        shown = {k: v for k, v in fields.items() if k == "op" or None not in v}
    return ", ".join(
        f"{'' if k == 'op' else k + ' '}{format_setting(a)} → {format_setting(b)}"
        for k, (a, b) in shown.items()
    )


def format_setting(value: Any) -> str:
    """Return a setting as text: of equal numbers for all axes only one, else 3x5."""
    if value is None:
        return "none"
    if isinstance(value, tuple) and value and all(isinstance(v, int) for v in value):
        return str(value[0]) if len(set(value)) == 1 else "x".join(map(str, value))
    return str(value)


def join_place(place: str, source: str) -> str:
    return ", ".join(filter(None, [place, source]))
