"""Merge operations that together do what one operator does: y * sigmoid(y) is one silu.

A rule takes the calls so far and a new call, and returns the call that does the work of both, or
None. The calls that it absorbs stay in the recording only where something else reads them.
"""

from collections.abc import Callable

from cnnspec.analyses.alignment.call_graph import CONSTANT, Edge
from cnnspec.ops.registry import find_operator
from cnnspec.pytorch.recording.call_log import CallLog, NewCall
from cnnspec.pytorch.recording.permutations import permutation_reading
from cnnspec.pytorch.recording.scalings import (
    merge_rescaling,
    merge_scaled_product,
    merge_scaling_of_product,
    merge_scalings,
)

PADDING_MODES = "reflection", "replication", "circular"
REDUCTIONS = {"global_avgpool": "mean", "global_maxpool": "amax"}
Rule = Callable[[CallLog, NewCall], NewCall | None]


def merge_call(log: CallLog, new: NewCall) -> NewCall:
    """Return the call that does the work of a new call and of calls before it."""
    rules = RULES.get(new.kind, ())
    if find_operator(new.kind).pads_with:
        rules = (merge_padding, *rules)
    for rule in rules:
        merged = rule(log, new)
        if merged:
            return merged
    return new


def merge_concats(log: CallLog, new: NewCall) -> NewCall | None:
    """Concatenate at once what is concatenated in several steps."""
    reads: list[Edge] = []
    absorbs = []
    for edge in new.reads:
        inner = log.maker(edge, "concat")
        if inner and inner.fields == new.fields:
            reads += inner.reads
            absorbs.append(edge.call)
        else:
            reads.append(edge)
    return new.replace(reads=tuple(reads), absorbs=tuple(absorbs)) if absorbs else None


def merge_padding(log: CallLog, new: NewCall) -> NewCall | None:
    """Let a pad be the padding of the window that reads it."""
    pad = log.maker(new.reads[0], "pad") if new.reads else None
    if pad is None or pad.fields["value"] not in find_operator(new.kind).pads_with:
        return None
    sides, axes = pad.fields["pad"], len(new.fields["padding"])
    outer, inner = sides[:-axes], sides[-axes:]
    if any(map(any, outer)):
        return None
    total = [(p + a, p + b) for p, (a, b) in zip(new.fields["padding"], inner, strict=True)]
    same = all(a == b for a, b in total)
    fields = {**new.fields, "padding": tuple(a for a, _ in total) if same else tuple(total)}
    if pad.fields["value"] in PADDING_MODES:
        fields["padding_mode"] = pad.fields["value"]
    absorbs = (new.reads[0].call,)
    return new.replace(fields=fields, reads=pad.reads, shapes=pad.shapes, absorbs=absorbs)


def merge_reductions(log: CallLog, new: NewCall) -> NewCall | None:
    """Let a mean of means, or a maximum of maxima, be one: x.mean(3).mean(2)."""
    kind = REDUCTIONS.get(new.kind, new.kind)
    first = log.maker(new.reads[0], kind) if new.reads else None
    if first is None or first.output != new.shapes[0]:
        return None
    rank, dims = len(first.shapes[0]), first.fields["dim"]
    keeps = len(first.output) == rank
    left = [d for d in range(rank) if keeps or d not in dims]
    later = new.fields.get("dim", range(2, len(new.shapes[0])))
    total = sorted({*dims, *(left[d] for d in later)})
    absorbs = (new.reads[0].call,)
    merged = new.replace(reads=first.reads, shapes=first.shapes, absorbs=absorbs)
    if total == list(range(2, rank)):
        whole = next(name for name, part in REDUCTIONS.items() if part == kind)
        return merged.replace(kind=whole, fields={})
    return merged.replace(kind=kind, fields={"dim": tuple(total)})


def merge_swish(log: CallLog, new: NewCall) -> NewCall | None:
    """Let y * sigmoid(y) be a silu."""
    for a, b in (new.reads, new.reads[::-1]) if len(new.reads) == 2 else ():
        gate = log.maker(b, "sigmoid")
        if gate and gate.reads == (a,) and new.shapes[0] == new.shapes[1]:
            return new.replace(
                kind="silu", fields={}, reads=(a,), shapes=new.shapes[:1], absorbs=(b.call,)
            )
    return None


def merge_bias(log: CallLog, new: NewCall) -> NewCall | None:
    """Let a vector that is added to a linear layer be its bias."""
    linear = log.maker(new.reads[0], "linear") if len(new.reads) == len(new.weights) == 1 else None
    if linear is None or linear.fields["bias"] or "alpha" in new.fields:
        return None
    if new.sizes != (linear.fields["out_features"],):
        return None
    return linear.replace(
        fields={**linear.fields, "bias": True},
        weights=(*linear.weights, *new.weights),
        output=new.output,
        absorbs=(new.reads[0].call,),
    )


def merge_permutations(log: CallLog, new: NewCall) -> NewCall | None:
    """Let two changes of the order of dimensions be one, or none where the second undoes it."""
    first = log.maker(new.reads[0], "permute") if new.reads[0] != CONSTANT else None
    if first is None or first.output != new.shapes[0]:
        return None
    if len(first.fields["dims"]) < len(first.output) or len(new.fields["dims"]) < len(new.output):
        return None
    order = [first.fields["dims"][d] for d in new.fields["dims"]]
    kind, fields = permutation_reading(order, first.shapes[0])
    absorbs = (new.reads[0].call,)
    return first.replace(kind=kind, fields=fields, output=new.output, absorbs=absorbs)


RULES: dict[str, tuple[Rule, ...]] = {
    "concat": (merge_concats,),
    **dict.fromkeys((*REDUCTIONS, *REDUCTIONS.values()), (merge_reductions,)),
    "mul": (merge_swish, merge_scaling_of_product, merge_rescaling, merge_scalings),
    "matmul": (merge_scaled_product,),
    "add": (merge_bias, merge_scalings),
    "permute": (merge_permutations,),
}
