"""Receptive fields: which input positions an output position can depend on.

The field of a node is the hull of the input positions that an interior output can depend on, on an unbounded
input, the largest over the phases of its positions. Effective stride and padding are those of Araujo, Norris & Sim
(2019), Computing receptive fields of convolutional neural networks, Distill: the input positions from one output
to the next, and how far the first output reaches before the first input.

Along one dimension the positions of a node repeat with a period p: position p*t + r depends on the inputs from
q*t + low[r] to q*t + high[r]. Composing these maps is exact, phases and gaps included. After an operator that reads
everything, the field is the WHOLE input. A gate (a factor of ``mul`` that has seen the whole input, as in
squeeze-and-excitation) is left out, and ``gated`` says so.
"""

from collections.abc import Iterable
from math import gcd, lcm
from typing import NamedTuple

from cnnspec.graph.model import Node
from cnnspec.ops.windows import SAME, WHOLE, Reach, Window
from cnnspec.units import fraction

MAX_PERIOD = 4096
MAX_LOOKUPS = 2**18  # of the phases of all nodes together
MAX_REACH = 2**63
Bound = tuple[int | None, ...]


class Hull(NamedTuple):
    """The dependency of one dimension: period p, advance q, and per phase the lowest and highest input position.

    A phase that depends on nothing (between the points of a stride-2 transposed 1x1 convolution, say) has None.
    """

    period: int
    advance: int
    low: Bound
    high: Bound

    def at(self, x: int) -> tuple[int, int] | None:
        """The hull of position ``x``."""
        t, r = divmod(x, self.period)
        low, high = self.low[r], self.high[r]
        return None if low is None or high is None else (low + self.advance * t, high + self.advance * t)


class Field(NamedTuple):
    """The receptive field of a node, per dimension; ``axes`` None: the whole input (or, with ``reason``, unknown)."""

    axes: tuple[Hull, ...] | None
    gated: bool = False
    reason: str = ""

    @property
    def unknown(self) -> bool:
        """Whether there is a field that could not be followed; ``reason`` says why."""
        return self.reason in (UNTRACKED, EXHAUSTED, OVERSIZED)

    @property
    def size(self) -> tuple[int, ...] | None:
        """The field's size in input positions; None: the whole input."""
        if self.axes is None:
            return None
        return tuple(max(h - w + 1 for w, h in bounds(a)) if bounds(a) else 0 for a in self.axes)

    @property
    def stride(self) -> tuple[int | str, ...] | None:
        """Input positions from one output to the next, exact: "1/2" after an upsampling by 2."""
        return None if self.axes is None else tuple(fraction(a.advance, a.period) for a in self.axes)

    @property
    def padding(self) -> tuple[int, ...] | None:
        """How far output 0 reaches before input 0 (negative: it starts after it)."""
        if self.axes is None:
            return None
        return tuple(-next((w for w in a.low if w is not None), 0) for a in self.axes)


def bounds(axis: Hull) -> list[tuple[int, int]]:
    return [(w, h) for w, h in zip(axis.low, axis.high, strict=True) if w is not None and h is not None]


POINT = Hull(1, 1, (0,), (0,))
EVERYTHING = Field(None)
UNTRACKED = f"upsampling by ratios whose phases repeat only after more than {MAX_PERIOD:,} positions"
EXHAUSTED = f"upsampling whose phases take more than {MAX_LOOKUPS:,} steps to follow through the network"
OVERSIZED = "a reach of 2**63 positions or more"
DIVERGING = "branches of different strides are joined: their fields drift apart without bound"


class Lost(Exception):
    """A field that cannot be followed: why."""


class Budget:
    """The lookups of phases that are left, which bound time and memory however a network upsamples."""

    def __init__(self) -> None:
        self.left = MAX_LOOKUPS

    def spend(self, period: int, lookups: int) -> None:
        """Pay for a hull of ``period`` phases. Raises Lost where that is too much."""
        if period > MAX_PERIOD:
            raise Lost(UNTRACKED)
        if period > 1:
            self.left -= lookups
        if self.left < 0:
            raise Lost(EXHAUSTED)


def receptive_fields(nodes: Iterable[Node]) -> dict[int, Field]:
    """The field of every node, by the node's index. ``nodes`` are in execution order, the inputs among them."""
    fields: dict[int, Field] = {}
    budget = Budget()
    for node in nodes:
        fields[node.index] = field(node, fields, budget)
    return fields


def field(node: Node, fields: dict[int, Field], budget: Budget) -> Field:
    """The field of one node from those of its inputs."""
    if not node.inputs:
        return Field((POINT,) * (len(node.output) - 1)) if len(node.output) > 1 else EVERYTHING
    reach = node.op.window(*node.shapes, y=node.output)
    if reach is WHOLE:
        return EVERYTHING
    read = [fields[n.index] for i, n in enumerate(node.inputs) if i not in node.op.size_only]
    gated = any(f.gated for f in read)
    if node.kind == "mul" and any(f.axes is not None for f in read):
        gated = gated or any(f.axes is None for f in read)
        read = [f for f in read if f.axes is not None]
    try:
        return through(reach, read[0] if len(read) == 1 else merge(read, budget), gated, budget)
    except Lost as lost:
        return Field(None, gated, str(lost))


def through(reach: Reach, read: Field, gated: bool, budget: Budget) -> Field:
    """The field behind an operator, from the field of what it reads. Raises Lost."""
    if read.axes is None:
        return read
    if reach is SAME:
        return read._replace(gated=gated) if gated else read
    pairs = zip(reach, read.axes, strict=True)
    return Field(tuple(bearable(compose(window, hull, budget)) for window, hull in pairs), gated)  # type: ignore[arg-type]


def compose(window: Window, hull: Hull, budget: Budget) -> Hull:
    """What an operator's output depends on, if its input depends on ``hull``. Raises Lost."""
    if window.period == hull.period == 1:  # the usual case: no phases
        offsets = window.offsets[0]
        low, high = hull.low[0], hull.high[0]
        if not offsets or low is None or high is None:
            return Hull(1, window.advance * hull.advance, (None,), (None,))
        q = hull.advance
        return Hull(1, window.advance * q, (low + q * offsets[0],), (high + q * offsets[-1],))
    turns = hull.period // gcd(window.advance, hull.period)
    period = window.period * turns
    budget.spend(period, period)
    seen = [ends(window.offsets[r], hull.period) for r in range(min(window.period, period))]
    budget.spend(period, turns * sum(map(len, seen)))
    found = []
    for r in range(period):
        t, phase = divmod(r, window.period)
        places = [hull.at(window.advance * t + o) for o in seen[phase]]
        found.append([p for p in places if p is not None])
    return reduced(spanned(hull.advance * (window.advance * turns // hull.period), found))


def ends(offsets: range, period: int) -> list[int]:
    """The offsets that can reach lowest and highest: evenly spaced ones repeat their phases, further in, after a period."""
    if len(offsets) <= 2 * period:
        return list(offsets)
    return [*offsets[:period], *offsets[-period:]]


def bearable(hull: Hull) -> Hull:
    """The hull, if numbers of usual size can say it. Raises Lost."""
    if hull.advance >= MAX_REACH or any(w <= -MAX_REACH or h >= MAX_REACH for w, h in bounds(hull)):
        raise Lost(OVERSIZED)
    return hull


def spanned(advance: int, found: list[list[tuple[int, int]]]) -> Hull:
    """The hull of what each phase depends on."""
    low = tuple(min(w for w, _ in s) if s else None for s in found)
    high = tuple(max(h for _, h in s) if s else None for s in found)
    return Hull(len(found), advance, low, high)


def reduced(hull: Hull) -> Hull:
    """The same dependency with the shortest period."""
    for p in range(1, hull.period):
        if hull.period % p or hull.advance * p % hull.period:
            continue
        q = hull.advance * p // hull.period
        short = Hull(p, q, hull.low[:p], hull.high[:p])
        if all(short.at(r) == hull.at(r) for r in range(hull.period)):
            return short
    return hull


def merge(fields: list[Field], budget: Budget) -> Field:
    """The field of a join: the hull of what its inputs depend on. Raises Lost."""
    for f in fields:
        if f.axes is None:
            return f
    first = fields[0].axes or ()
    gated = any(f.gated for f in fields)
    axes = []
    for i in range(len(first)):
        hulls = [f.axes[i] for f in fields if f.axes is not None]
        if all(h is hulls[0] for h in hulls):
            axes.append(hulls[0])
            continue
        period = lcm(*[h.period for h in hulls])
        advances = {h.advance * (period // h.period) for h in hulls}
        if len(advances) > 1:
            return Field(None, gated, DIVERGING)
        budget.spend(period, period * len(hulls))
        seen = [[s for h in hulls if (s := h.at(r)) is not None] for r in range(period)]
        axes.append(reduced(spanned(advances.pop(), seen)))
    return Field(tuple(axes), gated)
