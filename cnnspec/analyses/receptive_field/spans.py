"""The dependency of one dimension on the input, and how an operator's window extends it: exact,
phases included.

What cannot be followed within bounds of time and memory is Lost, with the reason.
"""

from math import gcd

from cnnspec.ops.kit.windows import Window
from cnnspec.records import Record

MAX_PERIOD = 4096
MAX_LOOKUPS = 2**18  # of the phases of all nodes together
MAX_REACH = 2**63
Bound = tuple[int | None, ...]
UNTRACKED = (
    f"upsampling by ratios whose phases repeat only after more than {MAX_PERIOD:,} positions"
)
EXHAUSTED = (
    f"upsampling whose phases take more than {MAX_LOOKUPS:,} steps to follow through the network"
)
OVERSIZED = "a reach of 2**63 positions or more"


class InputSpan(Record):
    """The dependency of one dimension: period p, advance q, and per phase the lowest and highest
    input position.

    A phase that depends on nothing (between the points of a stride-2 transposed 1x1 convolution,
    say) has None."""

    period: int
    advance: int
    low: Bound
    high: Bound

    def at(self, x: int) -> tuple[int, int] | None:
        """The hull of position ``x``."""
        t, r = divmod(x, self.period)
        low, high = self.low[r], self.high[r]
        return (
            None
            if low is None or high is None
            else (low + self.advance * t, high + self.advance * t)
        )


POINT = InputSpan(1, 1, (0,), (0,))


def phase_bounds(axis: InputSpan) -> list[tuple[int, int]]:
    """The lowest and highest input position of each phase that depends on anything."""
    if axis.period == 1:  # the usual case
        low, high = axis.low[0], axis.high[0]
        return [] if low is None or high is None else [(low, high)]
    return [
        (w, h) for w, h in zip(axis.low, axis.high, strict=True) if w is not None and h is not None
    ]


def remove_dependencies(hull: InputSpan) -> InputSpan:
    """The positions of ``hull``, depending on nothing."""
    nothing = (None,) * hull.period
    return hull.replace(low=nothing, high=nothing)


class UntraceableField(Exception):
    """A field that cannot be followed: why."""


class PhaseBudget:
    """The lookups of phases that are left, which bound time and memory however a network
    upsamples."""

    def __init__(self) -> None:
        self.left = MAX_LOOKUPS

    def spend(self, period: int, lookups: int) -> None:
        """Pay for a hull of ``period`` phases. Raises Lost where that is too much."""
        if period > MAX_PERIOD:
            raise UntraceableField(UNTRACKED)
        if period > 1:
            self.left -= lookups
        if self.left < 0:
            raise UntraceableField(EXHAUSTED)


def compose_window(window: Window, hull: InputSpan, budget: PhaseBudget) -> InputSpan:
    """What an operator's output depends on, if its input depends on ``hull``. Raises Lost."""
    if window.period == hull.period == 1:  # the usual case: no phases
        offsets = window.offsets[0]
        low, high = hull.low[0], hull.high[0]
        if not offsets or low is None or high is None:
            return InputSpan(1, window.advance * hull.advance, (None,), (None,))
        q = hull.advance
        return InputSpan(1, window.advance * q, (low + q * offsets[0],), (high + q * offsets[-1],))
    turns = hull.period // gcd(window.advance, hull.period)
    period = window.period * turns
    budget.spend(period, period)
    budget.spend(period, turns * sum(min(len(o), 2 * hull.period) for o in window.offsets))
    seen = [outermost_offsets(o, hull.period) for o in window.offsets]
    found = []
    for r in range(period):
        t, phase = divmod(r, window.period)
        places = [hull.at(window.advance * t + o) for o in seen[phase]]
        found.append([p for p in places if p is not None])
    return shorten_period(make_span(hull.advance * (window.advance * turns // hull.period), found))


def outermost_offsets(offsets: range, period: int) -> list[int]:
    """The offsets that can reach lowest or highest: they are evenly spaced, so those between repeat
    their phases."""
    if len(offsets) <= 2 * period:
        return list(offsets)
    return [*offsets[:period], *offsets[-period:]]


def check_reach(hull: InputSpan) -> InputSpan:
    """The hull, if numbers of usual size can say it. Raises Lost."""
    if hull.advance >= MAX_REACH or any(
        w <= -MAX_REACH or h >= MAX_REACH for w, h in phase_bounds(hull)
    ):
        raise UntraceableField(OVERSIZED)
    return hull


def make_span(advance: int, found: list[list[tuple[int, int]]]) -> InputSpan:
    """The hull of what each phase depends on."""
    low = tuple(min(w for w, _ in s) if s else None for s in found)
    high = tuple(max(h for _, h in s) if s else None for s in found)
    return InputSpan(len(found), advance, low, high)


def shorten_period(hull: InputSpan) -> InputSpan:
    """The same dependency with the shortest period."""
    for p in range(1, hull.period):
        if hull.period % p or hull.advance * p % hull.period:
            continue
        q = hull.advance * p // hull.period
        short = InputSpan(p, q, hull.low[:p], hull.high[:p])
        if all(short.at(r) == hull.at(r) for r in range(hull.period)):
            return short
    return hull
