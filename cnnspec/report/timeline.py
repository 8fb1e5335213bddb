"""The timeline of a pass: live bytes after each allocation and release, as CSV, JSON or SVG."""

import json
from collections.abc import Iterable
from itertools import pairwise

from cnnspec.analyses.memory.allocations import Event
from cnnspec.analyses.memory.network_memory import NetworkMemory
from cnnspec.problems import visible
from cnnspec.records import Record
from cnnspec.units import format_bytes, format_count

FORMATS = ("csv", "json", "svg")
WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 960, 360, 90, 48, 40
MAX_POINTS = 1800  # of an outline: two per pixel, as more cannot be seen
STYLE = """
.mem-ground { fill: #ffffff } .mem-text { fill: #1a1f24 }
.mem-area { fill: #9ecae1; stroke: #3182bd }
.mem-line { stroke: #555 } .mem-peak { fill: #de2d26 }
@media (prefers-color-scheme: dark) {
.mem-ground { fill: #0f1419 } .mem-text { fill: #e8ecf0 }
.mem-area { fill: #1f4e6e; stroke: #5b9bdd }
.mem-line { stroke: #aab4be } .mem-peak { fill: #ff8a80 } }"""


class TimelinePoint(Record):
    """One allocation (positive ``bytes``) or release, and the bytes that are live after it."""

    phase: str
    node: str
    bytes: int
    live: int


def timeline_points(events: Iterable[Event], baseline: int) -> list[TimelinePoint]:
    """List the events in order with the live bytes, starting from the ``baseline``."""
    points, live = [], baseline
    for event in events:
        live += event.bytes
        points.append(TimelinePoint(event.phase, event.node, event.bytes, live))
    return points


def render_network_timeline(found: NetworkMemory, mode: str, format: str) -> str:
    """Render the timeline of a network's pass in a mode."""
    title = f"{found.network}, {mode}: batch {found.batch}, {found.dtype}"
    return render_timeline(title, found.logs[mode].events, found.baseline(mode), format)


def render_timeline(title: str, events: Iterable[Event], baseline: int, format: str) -> str:
    """Render a timeline in a format of FORMATS."""
    points = timeline_points(events, baseline)
    if format == "csv":
        import csv
        import io

        page = io.StringIO()
        rows = [[p.phase, p.node, p.bytes, p.live] for p in points]
        csv.writer(page, lineterminator="\n").writerows([TimelinePoint.field_names, *rows])
        return page.getvalue().rstrip("\n")
    if format == "json":
        events_json = [{**vars(point), "node": visible(point.node)} for point in points]
        data = {"version": 1, "title": visible(title), "ground": baseline, "events": events_json}
        return json.dumps(data, indent=2)
    return draw_timeline(title, points, baseline)


def outline_indices(points: list[TimelinePoint]) -> list[int]:
    """Choose the points that an outline needs.

    These are all points, or, if there are many, the lowest and the highest of each half pixel.
    """
    if len(points) <= MAX_POINTS:
        return [*range(len(points))]
    edges = [len(points) * i // (MAX_POINTS // 2) for i in range(MAX_POINTS // 2 + 1)]
    kept = {0, len(points) - 1}
    for start, end in pairwise(edges):
        kept.add(min(range(start, end), key=lambda i: points[i].live))
        kept.add(max(range(start, end), key=lambda i: points[i].live))
    return sorted(kept)


def draw_timeline(title: str, points: list[TimelinePoint], baseline: int) -> str:
    """Draw the live bytes over the events as a step function, with phases and peak marked."""
    from html import escape

    count = len(points)
    # A network that allocates nothing has its parameters and input alone.
    points = points or [TimelinePoint("no allocation", "", 0, baseline)]
    peak = max(points, key=lambda p: p.live)
    at, end = points.index(peak), max(len(points) - 1, 1)
    base, right = HEIGHT - BOTTOM, WIDTH - 20

    def x(i: int) -> str:
        return f"{LEFT + (right - LEFT) * i / end:.1f}"

    def y(live: int) -> str:
        return f"{base - (base - TOP) * live / max(peak.live, 1):.1f}"

    def text(left: float | str, top: float | str, words: str, more: str = "") -> str:
        return f'<text class="mem-text" x="{left}" y="{top}"{more}>{words}</text>'

    def line(x1: str, x2: str, y1: str, y2: str, more: str = "") -> str:
        ends = f'x1="{x1}" x2="{x2}" y1="{y1}" y2="{y2}"'
        return f'<line class="mem-line" {ends} stroke="#555"{more}/>'

    steps, level = [], y(baseline)
    for i in outline_indices(points):
        steps += [f"{x(i)},{level}", f"{x(i)},{y(points[i].live)}"]
        level = y(points[i].live)
    side = "end" if at > len(points) / 2 else "start"
    words = f"peak {format_bytes(peak.live)}"
    words += f" at {visible(peak.node)}, {peak.phase}" if peak.node else ""
    held = "parameters, buffers, input, target, optimizer state"
    # The baseline's label goes below the peak's, should both be at the same height.
    labels = [(peak.live, float(TOP)), (baseline, max(float(y(baseline)), TOP + 14))]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
        ' font-family="sans-serif" font-size="12">',
        f"<title>{escape(visible(title))}</title>"
        f"<desc>Bytes alive after each allocation: {escape(words)}.</desc>",
        f"<style>{STYLE}</style>",
        f'<rect class="mem-ground" width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        text(LEFT, 18, escape(visible(title)), ' font-size="14"'),
        f'<polygon points="{x(0)},{base} {" ".join(steps)} {x(end)},{base}" class="mem-area"'
        ' fill="#9ecae1" stroke="#3182bd"/>',
        line(f"{LEFT}", f"{right}", y(baseline), y(baseline), ' stroke-dasharray="4 3"'),
        f'<circle class="mem-peak" cx="{x(at)}" cy="{y(peak.live)}" r="4" fill="#de2d26"/>',
        f'<text class="mem-peak" x="{x(at)}" y="{TOP - 10}" text-anchor="{side}" fill="#de2d26">'
        f"{escape(words)}</text>",
        *(
            text(LEFT - 8, top, format_bytes(live, binary=False), ' text-anchor="end"')
            for live, top in labels
        ),
        text(LEFT, base + 13, points[0].phase),
    ]
    for i in range(1, len(points)):
        if points[i].phase != points[i - 1].phase:
            parts.append(line(x(i), x(i), f"{TOP}", f"{base}"))
            parts.append(text(x(i), base + 13, points[i].phase))
    note = f"{format_count(count)} allocations and releases; dashed: {held}"
    parts += [text(right, HEIGHT - 8, note, ' text-anchor="end"'), "</svg>"]
    return "\n".join(parts)
