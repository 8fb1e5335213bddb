"""Check the calls of a model: which differences count, and which values may excuse.

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
from cnnspec.pytorch.describe_calls import describe_changes, is_random
from cnnspec.pytorch.recording.dropouts import acts_in_training_only
from cnnspec.pytorch.recording.visible_settings import (
    INVISIBLE,
    call_limits,
    call_settings,
    has_weights,
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


def unprovable_differences(
    found: Iterable[Alignment], ours: Reached, theirs: Reached
) -> list[Difference]:
    """Return the differences of calls that equal values cannot excuse.

    ``ours`` and ``theirs`` are the limits that values of the spec and of the model reached.
    """
    return describe_changes(*[list(unprovable_changes(a, ours, theirs)) for a in found])


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
        and differ(settings, left, right)
        and not values_show_settings(settings[0])
    }
    missed = find_missed_limits(alignment.spec, ours) | find_missed_limits(alignment.model, theirs)
    for change in alignment.changes:
        sides = [call for call in (change.spec, change.model) if call]
        if not sides:
            if len(alignment.spec.outputs) != len(alignment.model.outputs):
                yield change
        elif is_random(change) or any(
            call.kind in INVISIBLE
            or call.fields.get("dropout")  # of a recurrent layer, inside it
            or call_settings(call) in odd
            or id(call) in missed
            for call in sides
        ):
            yield change


def differ(
    settings: tuple[str, Any], left: Counter[tuple[str, Any]], right: Counter[tuple[str, Any]]
) -> bool:
    """Return whether sides have another number of calls with these settings.

    Of weighted sums, one side may have several where the other has one.
    """
    if has_weights(settings[0]):
        return bool(left[settings]) != bool(right[settings])
    return left[settings] != right[settings]


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
