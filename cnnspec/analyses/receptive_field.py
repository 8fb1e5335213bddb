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
from cnnspec.ops.windows import SAME, WHOLE, Window
from cnnspec.units import fraction

MAX_PERIOD = 4096
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
DIVERGING = "branches of different strides are joined: their fields drift apart without bound"


def receptive_fields(nodes: Iterable[Node]) -> dict[int, Field]:
    """The field of every node, by the node's index. ``nodes`` are in execution order, the inputs among them."""
    fields: dict[int, Field] = {}
    for node in nodes:
        fields[node.index] = field(node, fields)
    return fields


def field(node: Node, fields: dict[int, Field]) -> Field:
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
    merged = read[0] if len(read) == 1 else merge(read)
    if merged.axes is None:
        return merged
    if reach is SAME:
        return merged._replace(gated=gated) if gated else merged
    axes = []
    for window, hull in zip(reach, merged.axes, strict=True):
        composed = compose(window, hull)  # type: ignore[arg-type]
        if composed is None:
            return Field(None, gated, UNTRACKED)
        axes.append(composed)
    return Field(tuple(axes), gated)


def compose(window: Window, hull: Hull) -> Hull | None:
    """What an operator's output depends on, if its input depends on ``hull``; None beyond MAX_PERIOD."""
    if window.period == hull.period == 1:  # the usual case: no phases
        offsets = window.offsets[0]
        low, high = hull.low[0], hull.high[0]
        if not offsets or low is None or high is None:
            return Hull(1, window.advance * hull.advance, (None,), (None,))
        q = hull.advance
        return Hull(1, window.advance * q, (low + q * offsets[0],), (high + q * offsets[-1],))
    turns = hull.period // gcd(window.advance, hull.period)
    period = window.period * turns
    if period > MAX_PERIOD:
        return None
    found = []
    for r in range(period):
        t, phase = divmod(r, window.period)
        seen = [hull.at(window.advance * t + o) for o in window.offsets[phase]]
        found.append([s for s in seen if s is not None])
    low = tuple(min(w for w, _ in s) if s else None for s in found)
    high = tuple(max(h for _, h in s) if s else None for s in found)
    return reduced(Hull(period, hull.advance * (window.advance * turns // hull.period), low, high))


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


def merge(fields: list[Field]) -> Field:
    """The field of a join: the hull of what its inputs depend on."""
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
        if period > MAX_PERIOD:
            return Field(None, gated, UNTRACKED)
        seen = [[s for h in hulls if (s := h.at(r)) is not None] for r in range(period)]
        low = tuple(min(w for w, _ in s) if s else None for s in seen)
        high = tuple(max(h for _, h in s) if s else None for s in seen)
        axes.append(reduced(Hull(period, advances.pop(), low, high)) if period > 1 else Hull(1, advances.pop(), low, high))
    return Field(tuple(axes), gated)
