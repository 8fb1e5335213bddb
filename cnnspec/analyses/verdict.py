"""The verdict of a verification: its checks, and the differences that they found."""

from collections.abc import Iterable, Iterator
from typing import Any

from cnnspec.costs import NodeCost
from cnnspec.problems import Where
from cnnspec.records import Record

COMPARED = ("output", "tensors", "params", "buffers", "macs")


class Difference(Record):
    """One quantity of one node that differs between two sides, with a likely cause.

    ``count`` is how often it occurs. For a call of a model, ``change`` gives both sides in one
    phrase ("kernel_size 1 → 3, padding 0 → 1"), ``module`` is the path of the module that makes the
    call, ``source`` is the line that runs it, and ``block`` is the whole block that one side lacks.
    """

    name: str
    quantity: str
    calculated: Any
    measured: Any
    cause: str
    count: int = 1
    change: str = ""
    module: str = ""
    source: str = ""
    block: str = ""


def compare_costs(calculated: Iterable[NodeCost], measured: Iterable[NodeCost]) -> list[Difference]:
    """List all differences between calculated and measured costs, in execution order.

    Nodes are matched by name; a node that one side lacks is a difference. Element-wise work is not
    compared, as nothing measures it."""
    left, right = list(calculated), {cost.name: cost for cost in measured}
    found = [d for cost in left for d in compare_node_costs(cost, right.get(cost.name))]
    names = {cost.name for cost in left}
    return found + [
        Difference(n, "layer", None, c.op, "the spec does not have this layer")
        for n, c in right.items()
        if n not in names
    ]


def compare_node_costs(ours: NodeCost, theirs: NodeCost | None) -> Iterator[Difference]:
    """Yield the differences of one node."""
    if theirs is None:
        yield Difference(ours.name, "layer", ours.op, None, "the layer is missing")
        return
    for quantity in COMPARED:
        a, b = getattr(ours, quantity), getattr(theirs, quantity)
        if a != b:
            yield Difference(ours.name, quantity, a, b, guess_cause(ours, theirs))


def guess_cause(ours: NodeCost, theirs: NodeCost) -> str:
    """Guess the cause of a node's differences."""
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
DEVICES = ("auto", "cuda", "cpu", "meta")  # that a verification can run on


class Check(Record):
    """One comparison.

    ``status`` is passed; failed, with its ``differences`` in execution order; impossible (and so
    failed) if the comparison could not be made, because a library is missing or a model does not
    run; or limited if this machine only allows a weaker comparison. ``compared`` says how much was
    compared, ``detail`` adds a remark, and ``figures`` holds the compared numbers if they are few.
    ``notes`` are differences that do not matter: other calls that compute the same, for instance.
    """

    name: str
    against: str
    status: str
    compared: str = ""
    detail: str = ""
    differences: tuple[Difference, ...] = ()
    figures: dict[str, int] = {}
    notes: tuple[Difference, ...] = ()


class Verdict(Record):
    """All checks of one network, with the device and library versions that they ran on.

    ``digest`` is the spec's digest, and ``places`` are the places in the spec of the layers that
    differ."""

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
    """Make a check, which has passed if there is no difference."""
    return Check(
        name, against, FAILED if differences else PASSED, compared, detail, tuple(differences)
    )
