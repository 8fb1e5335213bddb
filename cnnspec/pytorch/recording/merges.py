"""Merge operations that together do what one operator does: y * sigmoid(y) is one silu.

A rule takes the calls so far and a new call, and returns the call that does the work of both, or
None. The calls that it absorbs stay in the recording only where something else reads them.
"""

from collections.abc import Callable
from typing import Any

from cnnspec.analyses.alignment.call_graph import CONSTANT, Edge, RecordedCall
from cnnspec.ops.registry import find_operator
from cnnspec.pytorch.recording.permutations import permutation_reading
from cnnspec.pytorch.recording.readers import Fields
from cnnspec.records import Record
from cnnspec.units import Shape

PADDING_MODES = "reflection", "replication", "circular"
REDUCTIONS = {"global_avgpool": "mean", "global_maxpool": "amax"}
Weights = tuple[str, ...]  # the names of the parameters and buffers that a tensor comes from


class NewCall(Record):
    """A call that is not recorded yet.

    ``shapes`` are the shapes of what it reads and ``output`` that of its first output, with the
    batch. ``sizes`` are the numbers of elements of the parameters. ``absorbs`` are the indices of
    the calls whose work it does too. Of the kind VIEW, it is the value that it reads first.
    """

    kind: str
    fields: Fields
    reads: tuple[Edge, ...]
    weights: Weights
    shapes: tuple[Shape, ...]
    output: Shape
    sizes: tuple[int, ...] = ()
    absorbs: tuple[int, ...] = ()


def list_weights(origins: list[Any]) -> Weights:
    """Return the names of the parameters and buffers among origins, each once."""
    return tuple(dict.fromkeys(n for o in origins if not isinstance(o, Edge) for n in o))


class CallLog:
    """The calls so far, with the shapes of what they read and return, with the batch."""

    def __init__(self) -> None:
        self.calls: list[RecordedCall] = []
        self.new: list[NewCall | None] = []
        self.absorbed: set[int] = set()

    def append(self, call: RecordedCall, new: NewCall | None = None) -> Edge:
        self.calls.append(call)
        self.new.append(new)
        if new:
            self.absorbed.update(new.absorbs)
        return Edge(len(self.calls) - 1)

    def maker(self, edge: Edge, *kinds: str) -> NewCall | None:
        """Return the call of one of these kinds whose first output a value is, if there is one."""
        new = self.new[edge.call] if edge.call >= 0 and not edge.port else None
        return new if new and new.kind in kinds else None

    def drop_absorbed(self, outputs: tuple[Edge, ...]) -> None:
        """Let nothing be read by the absorbed calls that no other call reads."""
        read = {e.call for e in outputs}
        for i in reversed(range(len(self.calls))):
            if i in self.absorbed and i not in read:
                self.calls[i] = RecordedCall("merged", {}, (), self.calls[i].output)
            read.update(e.call for e in self.calls[i].reads)


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


def is_scaling(call: NewCall | None) -> bool:
    """Return whether a call multiplies one value by a number."""
    return call is not None and call.kind == "mul" and [*call.fields] == ["other"]


def multiply(*factors: float) -> float:
    """Return a product to twelve digits, as rounding depends on the order of factors."""
    product = 1.0
    for factor in factors:
        product *= factor
    return float(f"{product:.12g}")


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


def merge_scaled_product(log: CallLog, new: NewCall) -> NewCall | None:
    """Let the factor of a product's inputs be a setting of the product: (q * s) @ k."""
    factor, reads, absorbs = 1.0, [], []
    for edge in new.reads:
        before = log.maker(edge, "mul")
        if before and is_scaling(before):
            factor *= before.fields["other"]
            absorbs.append(edge.call)
            edge = before.reads[0]
        reads.append(edge)
    if not absorbs:
        return None
    fields = {**new.fields, "scale": multiply(factor)}
    return new.replace(fields=fields, reads=tuple(reads), absorbs=tuple(absorbs))


def merge_scaling_of_product(log: CallLog, new: NewCall) -> NewCall | None:
    """Let the factor of a product be a setting of it too: (q @ k) * s."""
    product = log.maker(new.reads[0], "matmul") if is_scaling(new) else None
    if product is None:
        return None
    scale = multiply(product.fields.get("scale", 1.0), new.fields["other"])
    return product.replace(
        fields={**product.fields, "scale": scale}, output=new.output, absorbs=(new.reads[0].call,)
    )


def merge_rescaling(log: CallLog, new: NewCall) -> NewCall | None:
    """Let a factor after a product with a random mask be its rescaling."""
    dropped = log.maker(new.reads[0], "random") if is_scaling(new) else None
    if dropped is None or multiply(dropped.fields.get("scale", 0), new.fields["other"]) != 1:
        return None
    fields = {k: v for k, v in dropped.fields.items() if k not in ("of", "scale")}
    return dropped.replace(kind=dropped.fields["of"], fields=fields, absorbs=(new.reads[0].call,))


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
    "mul": (merge_swish, merge_scaling_of_product, merge_rescaling),
    "matmul": (merge_scaled_product,),
    "add": (merge_bias,),
    "permute": (merge_permutations,),
}
