"""Describe the changes that an alignment found as differences of a check."""

from collections.abc import Iterable

from cnnspec.analyses.alignment.changes import Change
from cnnspec.analyses.verdict import Difference


def describe_changes(changes: Iterable[Change]) -> list[Difference]:
    """Return the changes of inference and of training as differences, each once."""
    return list(dict.fromkeys(map(describe_change, changes)))


def describe_change(change: Change) -> Difference:
    """Return a change of a call as a difference of a check."""
    ours, theirs = change.spec, change.model
    read, model_read = (", ".join(side) for side in change.reads or ((), ()))
    if theirs is None:
        if ours is None:
            return Difference("outputs", "order", read, model_read, "the network's outputs")
        return Difference(ours.place, "layer", ours.kind, None, "the model lacks this layer")
    place = theirs.place or "forward"
    if ours is None:
        return Difference(place, "layer", None, theirs.kind, "the spec lacks this layer")
    if change.fields:
        left, right = (
            ", ".join(f"{k} = {v[side]}" for k, v in change.fields.items() if v[side] is not None)
            for side in (0, 1)
        )
        right = f"{right}, in {place}"
        return Difference(ours.place, ours.kind, left, right, ", ".join(change.fields))
    return Difference(ours.place, "reads", read, model_read, f"what it reads, in {place}")
