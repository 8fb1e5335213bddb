"""Describe the differences of calls in words: settings, layers that one side lacks, outputs."""

from collections import Counter
from functools import partial
from typing import Any

from cnnspec.analyses.alignment.call_graph import Recording
from cnnspec.analyses.alignment.changes import Change
from cnnspec.analyses.verdict import Difference
from cnnspec.pytorch.recording.dropouts import acts_in_training_only

MOST_NUMBERS = 4  # of one for each channel that a report shows
LACKED_BY_MODEL, LACKED_BY_SPEC = "the model lacks this layer", "the spec lacks this layer"


def is_random(change: Change) -> bool:
    """Return whether a change is about dropout or the like, which values do not show."""
    calls = change.spec, change.model
    return any(call is not None and acts_in_training_only(call.kind) for call in calls)


def describe_changes(*modes: list[Change], spec: Recording | None = None) -> list[Difference]:
    """Return the changes of inference and of training as differences, in this order.

    Equal differences of one mode are counted; those that both modes have are one. ``spec`` is the
    recording of the spec, which tells the blocks that the model lacks as a whole.
    """
    counts = [Counter(map(describe_change, changes)) for changes in modes]
    if len(counts) > 1:
        counts[0] = Counter(map(partial(describe_inference, training=counts[1]), modes[0]))
    distinct = dict.fromkeys(d for found in counts for d in found)
    active = {
        describe_change(c) for c in modes[0] if len(modes) > 1 and not c.spec and is_random(c)
    }
    lacking = {d.name for d in distinct if d.cause == LACKED_BY_MODEL}
    blocks = find_whole_blocks(lacking, spec) if spec else {}
    return [
        d.replace(
            count=max(found[d] for found in counts),
            block=blocks.get(d.name, "") if d.cause == LACKED_BY_MODEL else "",
            cause=f"{d.cause}; it is active at inference too" if d in active else d.cause,
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


def describe_inference(change: Change, training: Counter[Difference]) -> Difference:
    """Return a change of inference as a difference, as active dropout where training has it too.

    ``training`` are the differences of training.
    """
    found = describe_change(change)
    if change.spec or not is_random(change) or found in training:
        return found
    words = "active at inference"
    return found.replace(
        quantity=found.measured,
        calculated="in training only",
        measured="at inference too",
        cause=words,
        change=words,
    )


def describe_change(change: Change) -> Difference:
    """Return a change of a call as a difference of a check."""
    ours, theirs = change.spec, change.model
    read, model_read = (", ".join(side) for side in change.reads or ((), ()))
    if theirs is None:
        if ours is None:
            return describe_outputs(*(change.reads or ((), ())))
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


def describe_outputs(ours: tuple[str, ...], theirs: tuple[str, ...]) -> Difference:
    """Return outputs that differ, in number or in what they are, as a difference."""
    left, right = ", ".join(ours), ", ".join(theirs)
    if len(ours) == len(theirs):
        return Difference("outputs", "order", left, right, "the network's outputs")
    sides = (f"{len(n)} ({text})" if n else "0" for n, text in ((ours, left), (theirs, right)))
    cause = "the number of tensors that the model returns"
    return Difference("outputs", "number", left, right, cause, change=" → ".join(sides))


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
    """Return a setting as text: of equal numbers for all axes only one, else 3x5.

    Of a number for each channel, the first are shown.
    """
    if value is None:
        return "none"
    if isinstance(value, tuple) and value and all(isinstance(v, float) for v in value):
        more = len(value) - MOST_NUMBERS
        shown = ", ".join(f"{v:.6g}" for v in value[:MOST_NUMBERS])
        return f"[{shown}, and {more:,} more]" if more > 0 else f"[{shown}]"
    if isinstance(value, tuple) and value and all(isinstance(v, int) for v in value):
        return str(value[0]) if len(set(value)) == 1 else "x".join(map(str, value))
    return str(value)


def join_place(place: str, source: str) -> str:
    return ", ".join(filter(None, [place, source]))
