"""Receptive fields: which input positions an output position can depend on.

The field of a node is the hull of the input positions that an interior output can depend on, on an
unbounded input, the largest over the phases of its positions. Effective stride and padding are
those of Araujo, Norris & Sim (2019), Computing receptive fields of convolutional neural networks,
Distill: the input positions from one output to the next, and how far the first output reaches
before the first input.

Along one dimension the positions of a node repeat with a period p: position p*t + r depends on the
inputs from q*t + low[r] to q*t + high[r]. Composing these maps is exact, phases and gaps included.
After an operator that reads everything, the field is the WHOLE input. Dimensions are followed
apart: where outputs that depend on nothing (of a transposed convolution whose kernel is smaller
than its stride) are joined with others in two dimensions or more, the field is an upper bound. A
gate (a factor of ``mul`` that has seen the whole input, as in squeeze-and-excitation) is left out,
and ``gated`` says so."""

from collections.abc import Iterable
from math import lcm

from cnnspec.analyses.receptive_field.spans import (
    EXHAUSTED,
    OVERSIZED,
    POINT,
    UNTRACKED,
    InputSpan,
    PhaseBudget,
    UntraceableField,
    check_reach,
    compose_window,
    make_span,
    phase_bounds,
    remove_dependencies,
    shorten_period,
)
from cnnspec.graph.model import Graph, Node
from cnnspec.ops.kit.operator import Operator
from cnnspec.ops.kit.windows import SAME, WHOLE, Reach, SimpleReach
from cnnspec.records import Record
from cnnspec.units import Shape, format_ratio


class ReceptiveField(Record):
    """The receptive field of a node, per dimension; ``axes`` None: the whole input (or, with
    ``reason``, unknown)."""

    axes: tuple[InputSpan, ...] | None
    gated: bool = False
    reason: str = ""

    @property
    def unknown(self) -> bool:
        """Whether there is a field that could not be followed; ``reason`` says why."""
        return self.reason in (UNTRACKED, EXHAUSTED, OVERSIZED)

    @property
    def note(self) -> str:
        """What has to be said of a field without a size, "" where it is plainly the whole input."""
        return self.reason and f"{'unknown' if self.unknown else 'the whole input'}: {self.reason}"

    @property
    def size(self) -> tuple[int, ...] | None:
        """The field's size in input positions; None: the whole input."""
        if self.axes is None:
            return None
        return tuple([max([h - w + 1 for w, h in phase_bounds(a)], default=0) for a in self.axes])

    @property
    def stride(self) -> tuple[int | str, ...] | None:
        """Input positions from one output to the next, exact: "1/2" after an upsampling by 2."""
        return (
            None
            if self.axes is None
            else tuple([format_ratio(a.advance, a.period) for a in self.axes])
        )

    @property
    def padding(self) -> tuple[int, ...] | None:
        """How far output 0 reaches before input 0 (negative: it starts after it)."""
        if self.axes is None:
            return None
        return tuple([-next((w for w in a.low if w is not None), 0) for a in self.axes])


WHOLE_INPUT = ReceptiveField(None)
DIVERGING = "branches of different strides are joined: their fields drift apart without bound"


def compute_receptive_fields(nodes: Iterable[Node]) -> dict[int, ReceptiveField]:
    """The field of every node, by the node's index. ``nodes`` are in execution order, the inputs
    among them."""
    fields: dict[int, ReceptiveField] = {}
    reaches: dict[tuple[Operator, tuple[Shape, ...]], Reach] = {}  # networks repeat themselves
    budget = PhaseBudget()
    for node in nodes:
        key = (node.op, node.shapes)
        if key not in reaches:
            reaches[key] = (
                share_equal_windows(node.op.window(*node.shapes, y=node.output))
                if node.inputs
                else SAME
            )
        fields[node.index] = compute_field(node, reaches[key], fields, budget)
    return fields


def share_equal_windows(reach: Reach) -> Reach:
    """The reach with one window for the dimensions that are alike, so that they are followed once.

    Of windows with phases, which a spec can make 2**31, none is compared.
    """
    if isinstance(reach, SimpleReach):
        return reach
    return tuple(
        [reach[0] if w.period == reach[0].period == 1 and w == reach[0] else w for w in reach]
    )


def compute_field(
    node: Node, reach: Reach, fields: dict[int, ReceptiveField], budget: PhaseBudget
) -> ReceptiveField:
    """The field of one node, which reads its inputs as ``reach`` says, from theirs."""
    if not node.inputs:
        return (
            ReceptiveField((POINT,) * (len(node.output) - 1))
            if len(node.output) > 1
            else WHOLE_INPUT
        )
    if reach is WHOLE:
        return WHOLE_INPUT
    if reach is SAME and len(node.inputs) == 1:
        return fields[node.inputs[0].index]
    read = [fields[n.index] for i, n in enumerate(node.inputs) if i not in node.op.size_only]
    gated = any(f.gated for f in read)
    if node.op.takes_gates and any(f.axes is not None for f in read):
        kept = [f for f in read if f.axes is not None or f.reason]
        gated, read = gated or len(kept) < len(read), kept
    try:
        return apply_window(
            reach, read[0] if len(read) == 1 else join_fields(read, budget), gated, budget
        )
    except UntraceableField as lost:
        return ReceptiveField(None, gated, str(lost))


def apply_window(
    reach: Reach, read: ReceptiveField, gated: bool, budget: PhaseBudget
) -> ReceptiveField:
    """The field behind an operator, from the field of what it reads. Raises Lost."""
    if read.axes is None:
        return read
    if isinstance(reach, SimpleReach):  # SAME
        return read.replace(gated=gated) if gated else read
    axes: tuple[InputSpan, ...] = ()
    for window, hull in zip(reach, read.axes, strict=True):
        alike = bool(axes) and window is reach[0] and hull is read.axes[0]
        axes += (axes[0] if alike else check_reach(compose_window(window, hull, budget)),)
    if not all(
        map(phase_bounds, axes)
    ):  # no position along one dimension depends on anything: none does at all
        axes = tuple(map(remove_dependencies, axes))
    return ReceptiveField(axes, gated)


def join_fields(fields: list[ReceptiveField], budget: PhaseBudget) -> ReceptiveField:
    """The field of a join: the hull of what its inputs depend on. Raises Lost."""
    boundless = [f for f in fields if f.axes is None]
    if boundless:  # of which the whole input is known to be all that there is
        return min(boundless, key=lambda f: bool(f.reason))
    first = fields[0].axes or ()
    gated = any(f.gated for f in fields)
    axes: list[InputSpan] = []
    for i in range(len(first)):
        hulls = [f.axes[i] for f in fields if f.axes is not None]
        if all(h is hulls[0] for h in hulls):
            axes.append(hulls[0])
            continue
        if axes and all(f.axes[i] is f.axes[0] for f in fields if f.axes):
            axes.append(axes[0])
            continue
        period = lcm(*[h.period for h in hulls])
        advances = {h.advance * (period // h.period) for h in hulls}
        if len(advances) > 1:
            return ReceptiveField(None, gated, DIVERGING)
        budget.spend(period, period * len(hulls))
        seen = [[s for h in hulls if (s := h.at(r)) is not None] for r in range(period)]
        axes.append(shorten_period(make_span(advances.pop(), seen)))
    return ReceptiveField(tuple(axes), gated)


def find_last_partial_fields(
    graph: Graph, fields: dict[int, ReceptiveField]
) -> list[tuple[Node, Shape]]:
    """Those layers with the sizes of their receptive fields, in execution order.

    They are the outputs of the network, or, where an output sees the whole input, the layers before
    the global pooling or flatten through which it does. Fields that could not be followed are left
    out."""
    found: dict[int, tuple[Node, Shape]] = {}
    seen: set[int] = set()
    waiting = list(graph.outputs)
    while waiting:
        node = waiting.pop()
        if node.index in seen or node.kind == "input":
            continue
        seen.add(node.index)
        field = fields[node.index]
        if field.size is not None:
            found[node.index] = (node, field.size)
        elif not field.unknown:
            waiting += node.inputs
    return [found[index] for index in sorted(found)]
