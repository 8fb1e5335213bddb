"""The picture of a sweep: two measures of each candidate, with the Pareto front."""

from collections.abc import Sequence
from html import escape
from itertools import pairwise
from math import ceil, floor, log10
from typing import Any

from cnnspec.analyses.comparison import Measure
from cnnspec.problems import RequestError, visible
from cnnspec.report.candidates import describe_settings
from cnnspec.report.comparison import format_measure
from cnnspec.search.candidates import Candidate
from cnnspec.search.selection import Direction, SweepResult, read_measure
from cnnspec.units import format_bytes, format_count, format_short

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 520, 96, 24, 64, 60
WIDE = 20  # a range of so many times its start is drawn in powers of ten
LABELS = 6  # points of the front that are named
MOST_POINTS = 10_000
STYLE = """
.sweep-ground { fill: #ffffff } .sweep-text { fill: #1a1f24 } .sweep-grid { stroke: #dde2e6 }
.sweep-other { fill: #9aa5b1 } .sweep-kept { fill: #3182bd } .sweep-front { stroke: #3182bd }
@media (prefers-color-scheme: dark) {
.sweep-ground { fill: #0f1419 } .sweep-text { fill: #e8ecf0 } .sweep-grid { stroke: #2b333b }
.sweep-other { fill: #6b7682 } .sweep-kept { fill: #5b9bdd } .sweep-front { stroke: #5b9bdd } }"""


class ScatterAxis:
    """One axis: a measure, from the smallest to the largest of its values, in ``pixels``."""

    def __init__(self, measure: Measure, values: Sequence[Any], pixels: tuple[float, float]):
        self.measure, self.pixels = measure, pixels
        low, high = float(min(values)), float(max(values))
        self.powers = low > 0 and high / low > WIDE
        if self.powers:
            self.low, self.high = log10(low) - 0.05, log10(high) + 0.05
        else:
            margin = (high - low) * 0.05 or abs(high) * 0.05 or 1.0
            self.low, self.high = low - margin, high + margin

    def place(self, value: Any) -> float:
        """Return the pixel of a value."""
        start, end = self.pixels
        at = log10(float(value)) if self.powers else float(value)
        return start + (end - start) * (at - self.low) / (self.high - self.low)

    def ticks(self) -> list[float]:
        """Return round values at which a line of the grid is drawn."""
        if self.powers:
            exponents = range(floor(self.low), ceil(self.high) + 1)
            steps = (1, 2, 5) if self.high - self.low < 3 else (1,)
            values = [step * 10.0**e for e in exponents for step in steps]
            return [v for v in values if self.low <= log10(v) <= self.high]
        rough = (self.high - self.low) / 5
        unit = 10.0 ** floor(log10(rough))
        step = next(s * unit for s in (1, 2, 5, 10) if s * unit >= rough)
        first = ceil(self.low / step)
        return [i * step for i in range(first, floor(self.high / step) + 1)]

    def format_tick(self, value: float) -> str:
        """Return the label of a tick."""
        if self.measure.kind == "bytes":
            return format_bytes(round(value), binary=False)
        if value == int(value):
            return (
                format_short(int(value), digits=3) if value >= 10_000 else format_count(int(value))
            )
        return f"{value:.3g}"


def draw_scatter(
    name: str, result: SweepResult, front: Sequence[Direction], measures: Sequence[Measure]
) -> str:
    """Draw the first two measures of ``front``, or else of ``measures``, as SVG.

    Raises RequestError where there are not two measures with numbers, or no candidate."""
    listed = [d.measure for d in front] or list(measures)
    numbers = [m for m in listed if m.kind != "text"][:2]
    if len(numbers) < 2:
        raise RequestError("a picture needs two measures with numbers: --pareto A,B")

    def is_known(candidate: Candidate) -> bool:
        return all(read_measure(candidate, m) is not None for m in numbers)

    kept = list(filter(is_known, result.kept))
    shown = kept[:: 1 + len(kept) // MOST_POINTS]
    others = list(filter(is_known, result.dominated_sample))
    if not shown:
        raise RequestError("no candidate is left, so that there is nothing to draw")
    every = [*shown, *others]
    x, y = (
        ScatterAxis(m, [read_measure(c, m) for c in every], pixels)
        for m, pixels in zip(numbers, ((LEFT, WIDTH - RIGHT), (HEIGHT - BOTTOM, TOP)), strict=True)
    )
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
        ' font-family="sans-serif" font-size="12">',
        f"<title>{escape(visible(name))}: {x.measure.key} and {y.measure.key}</title>",
        f"<style>{STYLE}</style>",
        f'<rect class="sweep-ground" width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        *draw_titles(name, result, front, x, y),
        *draw_grid(x, y),
        *draw_points(others, x, y, "sweep-other", 2.5, measures),
    ]
    if len(front) == 2:
        parts += draw_front(shown, x, y, [d.large for d in front])
    parts += draw_points(shown, x, y, "sweep-kept", 4, measures)
    if front:
        parts += draw_labels(shown, x, y)
    return "\n".join([*parts, "</svg>"])


def draw_text(x: float, y: float, words: str, more: str = "") -> str:
    """Return a text."""
    return f'<text class="sweep-text" x="{x:.1f}" y="{y:.1f}"{more}>{escape(words)}</text>'


def draw_titles(
    name: str, found: SweepResult, front: Sequence[Direction], x: ScatterAxis, y: ScatterAxis
) -> list[str]:
    """Draw the title, what the colors mean, and the names of the axes."""
    meaning = f"{format_count(len(found.kept))} candidates"
    if front:
        keys = ", ".join(f"{'large' if d.large else 'small'} {d.measure.key}" for d in front)
        meaning = f"blue: Pareto front ({keys})"
        if found.dominated:
            some = len(found.dominated_sample)
            which = f"{format_count(some)} of " if some < found.dominated else ""
            meaning += f"; gray: {which}{format_count(found.dominated)} dominated"
        if found.kept:
            meaning += f"; labels: {', '.join(map(visible, found.kept[0].settings))}"
    middle, height = (LEFT + WIDTH - RIGHT) / 2, (TOP + HEIGHT - BOTTOM) / 2
    turned = f' text-anchor="middle" transform="rotate(-90 18 {height})"'
    return [
        draw_text(LEFT, 24, visible(name), ' font-size="15"'),
        draw_text(LEFT, 44, meaning),
        draw_text(middle, HEIGHT - 16, x.measure.heading, ' text-anchor="middle"'),
        draw_text(18, height, y.measure.heading, turned),
    ]


def draw_grid(x: ScatterAxis, y: ScatterAxis) -> list[str]:
    """Draw the lines of the grid with their labels."""
    base, right, parts = HEIGHT - BOTTOM, WIDTH - RIGHT, []
    line = '<line class="sweep-grid" stroke="#dde2e6" '
    for value in x.ticks():
        at = x.place(value)
        parts.append(f'{line}x1="{at:.1f}" x2="{at:.1f}" y1="{TOP}" y2="{base}"/>')
        parts.append(draw_text(at, base + 18, x.format_tick(value), ' text-anchor="middle"'))
    for value in y.ticks():
        at = y.place(value)
        parts.append(f'{line}x1="{LEFT}" x2="{right}" y1="{at:.1f}" y2="{at:.1f}"/>')
        parts.append(draw_text(LEFT - 8, at + 4, y.format_tick(value), ' text-anchor="end"'))
    return parts


def place_candidate(candidate: Candidate, x: ScatterAxis, y: ScatterAxis) -> tuple[float, float]:
    """Return the pixels of a candidate."""
    return (
        x.place(read_measure(candidate, x.measure)),
        y.place(read_measure(candidate, y.measure)),
    )


def draw_points(
    candidates: Sequence[Candidate],
    x: ScatterAxis,
    y: ScatterAxis,
    style: str,
    radius: float,
    measures: Sequence[Measure],
) -> list[str]:
    """Draw candidates as points, with their settings and measures under a pointer."""
    parts = []
    for candidate in candidates:
        left, top = place_candidate(candidate, x, y)
        values = [f"{m.key} = {format_measure(m, candidate.value(m.key))}" for m in measures]
        words = "; ".join([describe_settings(candidate.settings), *values])
        parts.append(
            f'<circle class="{style}" cx="{left:.1f}" cy="{top:.1f}" r="{radius}">'
            f"<title>{escape(words)}</title></circle>"
        )
    return parts


def draw_front(
    front: Sequence[Candidate], x: ScatterAxis, y: ScatterAxis, large: list[bool]
) -> list[str]:
    """Draw the border of what the front dominates: steps from one candidate to the next."""
    points = sorted({place_candidate(c, x, y) for c in front}, reverse=large[0])
    steps = [f"{points[0][0]:.1f},{points[0][1]:.1f}"]
    for (_, before), (left, top) in pairwise(points):
        steps += [f"{left:.1f},{before:.1f}", f"{left:.1f},{top:.1f}"]
    return [
        f'<polyline class="sweep-front" points="{" ".join(steps)}" fill="none"'
        ' stroke="#3182bd" stroke-dasharray="4 3"/>'
    ]


def draw_labels(front: Sequence[Candidate], x: ScatterAxis, y: ScatterAxis) -> list[str]:
    """Name some candidates of the front by their settings, evenly along it."""
    placed = sorted([(*place_candidate(c, x, y), c.number, c) for c in front])
    count = min(LABELS, len(placed))
    chosen = [placed[i * (len(placed) - 1) // max(count - 1, 1)] for i in range(count)]
    parts, taken = [], -100.0
    for left, top, _, candidate in chosen:
        if abs(top - taken) < 16 and len(placed) > 1:
            continue
        taken = top
        words = ", ".join(str(value) for value in candidate.settings.values())
        near_end = left > WIDTH - RIGHT - 110
        side = ' text-anchor="end"' if near_end else ""
        parts.append(draw_text(left + (-8 if near_end else 8), top - 7, visible(words, 40), side))
    return parts
