"""Input spans: the dependency of one dimension on the input, exact with its phases.

A dependency that would take too much time or memory to trace raises UntraceableField."""

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
    f"upsampling whose phases take more than {MAX_LOOKUPS:,} steps to trace through the network"
)
OVERSIZED = "a reach of 2**63 positions or more"


class InputSpan(Record):
    """The dependency of one dimension: period p, advance q, lowest and highest input per phase.

    A phase that depends on nothing has None, as between the points of a stride-2 transposed 1x1
    convolution."""

    period: int
    advance: int
    low: Bound
    high: Bound

    def at(self, x: int) -> tuple[int, int] | None:
        """Return the lowest and highest input of position ``x``; None if it depends on nothing."""
        t, r = divmod(x, self.period)
        low, high = self.low[r], self.high[r]
        return (
            None
            if low is None or high is None
            else (low + self.advance * t, high + self.advance * t)
        )


POINT = InputSpan(1, 1, (0,), (0,))


def phase_bounds(axis: InputSpan) -> list[tuple[int, int]]:
    """List the lowest and highest input of each phase that depends on anything."""
    if axis.period == 1:  # the usual case
        low, high = axis.low[0], axis.high[0]
        return [] if low is None or high is None else [(low, high)]
    return [
        (w, h) for w, h in zip(axis.low, axis.high, strict=True) if w is not None and h is not None
    ]


def remove_dependencies(span: InputSpan) -> InputSpan:
    """Return a span with the same phases, which depend on nothing."""
    nothing = (None,) * span.period
    return span.replace(low=nothing, high=nothing)


class UntraceableField(Exception):
    """A receptive field that cannot be traced, with the reason."""


class PhaseBudget:
    """The number of phase lookups left, which bounds time and memory for any upsampling."""

    def __init__(self) -> None:
        self.left = MAX_LOOKUPS

    def spend(self, period: int, lookups: int) -> None:
        """Spend lookups on a span of ``period`` phases. Raises UntraceableField."""
        if period > MAX_PERIOD:
            raise UntraceableField(UNTRACKED)
        if period > 1:
            self.left -= lookups
        if self.left < 0:
            raise UntraceableField(EXHAUSTED)


def compose_window(window: Window, span: InputSpan, budget: PhaseBudget) -> InputSpan:
    """Compute the span of an operator's output from that of its input. Raises UntraceableField."""
    if window.period == span.period == 1:  # the usual case: no phases
        offsets = window.offsets[0]
        low, high = span.low[0], span.high[0]
        if not offsets or low is None or high is None:
            return InputSpan(1, window.advance * span.advance, (None,), (None,))
        q = span.advance
        return InputSpan(1, window.advance * q, (low + q * offsets[0],), (high + q * offsets[-1],))
    turns = span.period // gcd(window.advance, span.period)
    period = window.period * turns
    budget.spend(period, period)
    budget.spend(period, turns * sum(min(len(o), 2 * span.period) for o in window.offsets))
    seen = [outermost_offsets(o, span.period) for o in window.offsets]
    found = []
    for r in range(period):
        t, phase = divmod(r, window.period)
        places = [span.at(window.advance * t + o) for o in seen[phase]]
        found.append([p for p in places if p is not None])
    return shorten_period(make_span(span.advance * (window.advance * turns // span.period), found))


def outermost_offsets(offsets: range, period: int) -> list[int]:
    """Return the offsets that can reach lowest or highest; offsets between repeat their phases."""
    if len(offsets) <= 2 * period:
        return list(offsets)
    return [*offsets[:period], *offsets[-period:]]


def check_reach(span: InputSpan) -> InputSpan:
    """Return the span if its numbers are below MAX_REACH. Raises UntraceableField."""
    if span.advance >= MAX_REACH or any(
        w <= -MAX_REACH or h >= MAX_REACH for w, h in phase_bounds(span)
    ):
        raise UntraceableField(OVERSIZED)
    return span


def make_span(advance: int, found: list[list[tuple[int, int]]]) -> InputSpan:
    """Make the span from the inputs that each phase depends on."""
    low = tuple(min(w for w, _ in s) if s else None for s in found)
    high = tuple(max(h for _, h in s) if s else None for s in found)
    return InputSpan(len(found), advance, low, high)


def shorten_period(span: InputSpan) -> InputSpan:
    """Return the same dependency with the shortest period."""
    for p in range(1, span.period):
        if span.period % p or span.advance * p % span.period:
            continue
        q = span.advance * p // span.period
        short = InputSpan(p, q, span.low[:p], span.high[:p])
        if all(short.at(r) == span.at(r) for r in range(span.period)):
            return short
    return span
