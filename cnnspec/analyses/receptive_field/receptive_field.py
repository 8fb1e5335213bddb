"""Receptive fields: the input positions that an output position can depend on.

The field of a node spans the input positions that an interior output can depend on, on an
unbounded input; it is the largest over the phases of the output's positions. Effective stride is
the number of input positions from one output to the next, effective padding the number of
positions that the first output reaches before the first input (Araujo, Norris & Sim (2019),
Computing receptive fields of convolutional neural networks, Distill).

Along one dimension, the positions of a node repeat with a period p: position p*t + r depends on
the inputs from q*t + low[r] to q*t + high[r]. Composing these maps is exact, phases and gaps
included. After an operator that reads everything, the field is the whole input. Dimensions are
treated separately, and channels are not distinguished, so the field is an upper bound in two cases:
a join, in two or more dimensions, of a map with positions that depend on nothing (a transposed
convolution with a kernel smaller than its stride); and depth_to_space after space_to_depth, which
gives every value back, while the field is the whole block. The field ignores a gate (a factor of
``mul`` that depends on the whole input, as in squeeze-and-excitation), and ``gated`` says so."""

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
    """The receptive field of a node, a span for each dimension.

    ``axes`` None is the whole input, or an unknown field if ``reason`` says so."""

    axes: tuple[InputSpan, ...] | None
    gated: bool = False
    reason: str = ""

    @property
    def unknown(self) -> bool:
        """Whether the field could not be traced; ``reason`` says why."""
        return self.reason in (UNTRACKED, EXHAUSTED, OVERSIZED)

    @property
    def note(self) -> str:
        """A remark on a field without a size; "" if it is simply the whole input."""
        return self.reason and f"{'unknown' if self.unknown else 'the whole input'}: {self.reason}"

    @property
    def size(self) -> tuple[int, ...] | None:
        """The field's size in input positions; None is the whole input."""
        if self.axes is None:
            return None
        return tuple([max([h - w + 1 for w, h in phase_bounds(a)], default=0) for a in self.axes])

    @property
    def stride(self) -> tuple[int | str, ...] | None:
        """The input positions from one output to the next, exact: "1/2" after upsampling by 2."""
        return (
            None
            if self.axes is None
            else tuple([format_ratio(a.advance, a.period) for a in self.axes])
        )

    @property
    def padding(self) -> tuple[int, ...] | None:
        """The positions that output 0 reaches before input 0; negative if it starts after it."""
        if self.axes is None:
            return None
        return tuple([-next((w for w in a.low if w is not None), 0) for a in self.axes])


WHOLE_INPUT = ReceptiveField(None)
DIVERGING = "it joins branches of different strides, whose fields move apart without bound"


def compute_receptive_fields(nodes: Iterable[Node]) -> dict[int, ReceptiveField]:
    """Compute the field of every node, by index; ``nodes`` are in execution order."""
    fields: dict[int, ReceptiveField] = {}
    reaches: dict[tuple[Operator, tuple[Shape, ...]], Reach] = {}  # networks repeat layers
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
    """Use one window object for equal dimensions, so that each is traced once.

    Windows with phases are not compared, as a spec can give them 2**31 phases."""
    if isinstance(reach, SimpleReach):
        return reach
    return tuple(
        [reach[0] if w.period == reach[0].period == 1 and w == reach[0] else w for w in reach]
    )


def compute_field(
    node: Node, reach: Reach, fields: dict[int, ReceptiveField], budget: PhaseBudget
) -> ReceptiveField:
    """Compute the field of one node from the fields of its inputs."""
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
    read = [fields[n.index] for n in node.value_inputs]
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
    """Compute the field after an operator from the field of its input. Raises UntraceableField."""
    if read.axes is None:
        return read
    if isinstance(reach, SimpleReach):  # SAME
        return read.replace(gated=gated) if gated else read
    axes: tuple[InputSpan, ...] = ()
    for window, span in zip(reach, read.axes, strict=True):
        alike = bool(axes) and window is reach[0] and span is read.axes[0]
        axes += (axes[0] if alike else check_reach(compose_window(window, span, budget)),)
    if not all(map(phase_bounds, axes)):  # if one dimension depends on nothing, no position does
        axes = tuple(map(remove_dependencies, axes))
    return ReceptiveField(axes, gated)


def join_fields(fields: list[ReceptiveField], budget: PhaseBudget) -> ReceptiveField:
    """Compute the field of a join: it spans those of the inputs. Raises UntraceableField."""
    boundless = [f for f in fields if f.axes is None]
    if boundless:  # prefer a field that is known to be the whole input to an unknown one
        return min(boundless, key=lambda f: bool(f.reason))
    first = fields[0].axes or ()
    gated = any(f.gated for f in fields)
    axes: list[InputSpan] = []
    for i in range(len(first)):
        spans = [f.axes[i] for f in fields if f.axes is not None]
        if all(h is spans[0] for h in spans):
            axes.append(spans[0])
            continue
        if axes and all(f.axes[i] is f.axes[0] for f in fields if f.axes):
            axes.append(axes[0])
            continue
        period = lcm(*[h.period for h in spans])
        advances = {h.advance * (period // h.period) for h in spans}
        if len(advances) > 1:
            return ReceptiveField(None, gated, DIVERGING)
        budget.spend(period, period * len(spans))
        seen = [[s for h in spans if (s := h.at(r)) is not None] for r in range(period)]
        axes.append(shorten_period(make_span(advances.pop(), seen)))
    return ReceptiveField(tuple(axes), gated)


def find_last_partial_fields(
    graph: Graph, fields: dict[int, ReceptiveField]
) -> list[tuple[Node, Shape]]:
    """Find the last layers that see only part of the input, with the sizes of their fields.

    They are the outputs of the network; if an output sees the whole input, they are the layers
    before the global pooling or flatten. Unknown fields are left out. In execution order."""
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
