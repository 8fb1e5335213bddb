"""The verdict of a verification: its checks and the differences that they found."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from cnnspec.costs import NodeCost
from cnnspec.problems import Where
from cnnspec.records import Record

COMPARED = ("output", "tensors", "params", "buffers", "macs")


class Difference(NamedTuple):
    """One quantity of one node on which the two sides differ, and what may be behind it."""

    name: str
    quantity: str
    calculated: Any
    measured: Any
    cause: str


def compare_costs(calculated: Iterable[NodeCost], measured: Iterable[NodeCost]) -> list[Difference]:
    """All differences, in execution order; nodes are matched by name, and one that a side lacks is
    a difference.

    Elementwise work is not compared: nothing measures it.
    """
    left, right = list(calculated), {cost.name: cost for cost in measured}
    found = [d for cost in left for d in compare_node_costs(cost, right.get(cost.name))]
    names = {cost.name for cost in left}
    return found + [
        Difference(n, "layer", None, c.op, "a layer that is not in the spec")
        for n, c in right.items()
        if n not in names
    ]


def compare_node_costs(ours: NodeCost, theirs: NodeCost | None) -> Iterator[Difference]:
    """The differences of one node."""
    if theirs is None:
        yield Difference(ours.name, "layer", ours.op, None, "a layer that is missing")
        return
    for quantity in COMPARED:
        a, b = getattr(ours, quantity), getattr(theirs, quantity)
        if a != b:
            yield Difference(ours.name, quantity, a, b, guess_cause(ours, theirs))


def guess_cause(ours: NodeCost, theirs: NodeCost) -> str:
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


PASSED, FAILED, IMPOSSIBLE, LIMITED = "passed", "failed", "impossible", "limited"
DEVICES = ("auto", "cuda", "cpu", "meta")  # on which a verification can be asked for


class Check(Record):
    """One comparison.

    ``status`` is passed; failed, with its ``differences`` in execution order; impossible, where
    what was asked for could not be done (a library that is not there, a model that cannot be run),
    which fails too; or limited, where a weaker comparison stands in for one that this machine
    cannot make. ``compared`` says how much was compared, and ``detail`` what else there is to say;
    ``figures`` are what was compared, where that are a few numbers."""

    name: str
    against: str
    status: str
    compared: str = ""
    detail: str = ""
    differences: tuple[Difference, ...] = ()
    figures: dict[str, int] = {}


class Verdict(Record):
    """All checks of one network; ``device`` and ``versions`` say where they were made.

    ``digest`` is that of the spec, and ``places`` are where in it the layers stand that differ.
    """

    network: str
    device: str
    versions: dict[str, str]
    checks: tuple[Check, ...]
    digest: str = ""
    places: dict[str, Where] = {}

    @property
    def passed(self) -> bool:
        return not any(c.status in (FAILED, IMPOSSIBLE) for c in self.checks)

    def __bool__(self) -> bool:
        return self.passed


def make_check(
    name: str, against: str, compared: str, differences: list[Difference], detail: str = ""
) -> Check:
    """A comparison that was made: it passed where there is no difference."""
    return Check(
        name, against, FAILED if differences else PASSED, compared, detail, tuple(differences)
    )
