"""Two lists of node costs held against each other: calculated and measured, or one implementation
and another."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from cnnspec.costs import NodeCost

COMPARED = ("output", "tensors", "params", "buffers", "macs")


class Difference(NamedTuple):
    """One quantity of one node on which the two sides differ, and what may be behind it."""

    name: str
    quantity: str
    calculated: Any
    measured: Any
    cause: str


def crosscheck(calculated: Iterable[NodeCost], measured: Iterable[NodeCost]) -> list[Difference]:
    """All differences, in execution order; nodes are matched by name, and one that a side lacks is
    a difference.

    Elementwise work is not compared: nothing measures it.
    """
    left, right = list(calculated), {cost.name: cost for cost in measured}
    found = [d for cost in left for d in compared(cost, right.get(cost.name))]
    names = {cost.name for cost in left}
    return found + [
        Difference(n, "layer", None, c.op, "a layer that is not in the spec")
        for n, c in right.items()
        if n not in names
    ]


def compared(ours: NodeCost, theirs: NodeCost | None) -> Iterator[Difference]:
    """The differences of one node."""
    if theirs is None:
        yield Difference(ours.name, "layer", ours.op, None, "a layer that is missing")
        return
    for quantity in COMPARED:
        a, b = getattr(ours, quantity), getattr(theirs, quantity)
        if a != b:
            yield Difference(ours.name, quantity, a, b, cause(ours, theirs))


def cause(ours: NodeCost, theirs: NodeCost) -> str:
    """What the differences of one node point to."""
    a, b = ours.tensors.get("weight"), theirs.tensors.get("weight")
    if ("bias" in ours.tensors) != ("bias" in theirs.tensors):
        return "bias"
    if a and b and a != b:
        if len(a) != len(b) or a[2:] != b[2:]:
            return "kernel_size"
        return "out_channels" if a[0] != b[0] else "groups, or the channels of the input"
    if ours.output[:1] != theirs.output[:1]:
        return "channels"
    if ours.output != theirs.output:
        off = [x - y for x, y in zip(ours.output[1:], theirs.output[1:], strict=False)]
        return (
            "padding or ceil_mode"
            if all(abs(d) <= 2 for d in off)
            else "stride, padding or dilation"
        )
    return "how the work is counted" if ours.macs != theirs.macs else "names of tensors"
