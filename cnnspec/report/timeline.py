"""The timeline of a pass: bytes alive after every allocation and release, as CSV, as JSON, or drawn
as SVG."""

import json
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from cnnspec.analyses.memory.answer import Memory
from cnnspec.analyses.memory.log import Event
from cnnspec.problems import visible
from cnnspec.units import format_count, megabytes

FORMATS = ("csv", "json", "svg")
WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 960, 360, 90, 48, 40
POINTS = 1800  # of an outline: two a pixel, which is all that can be seen
STYLE = """.mem-ground { fill: #ffffff } .mem-text { fill: #1a1f24 } .mem-area { fill: #9ecae1; stroke: #3182bd }
.mem-line { stroke: #555 } .mem-peak { fill: #de2d26 }
@media (prefers-color-scheme: dark) { .mem-ground { fill: #0f1419 } .mem-text { fill: #e8ecf0 }
.mem-area { fill: #1f4e6e; stroke: #5b9bdd } .mem-line { stroke: #aab4be } .mem-peak { fill: #ff8a80 } }"""


class Moment(NamedTuple):
    """One event: where in the pass, so many bytes more or fewer, and what is alive then."""

    phase: str
    node: str
    bytes: int
    live: int


def moments(events: Iterable[Event], ground: int) -> Iterator[Moment]:
    """The events in order, above a ``ground`` that is alive throughout."""
    live = ground
    for event in events:
        live += event.bytes
        yield Moment(event.phase, event.node, event.bytes, live)


def drawn(found: Memory, mode: str, format: str) -> str:
    """The timeline of a network's pass in a mode."""
    title = f"{found.network}, {mode}: batch {found.batch}, {found.dtype}"
    return timeline(title, found.logs[mode].events, found.ground(mode), format)


def timeline(title: str, events: Iterable[Event], ground: int, format: str) -> str:
    """The timeline in a format."""
    found = list(moments(events, ground))
    if format == "csv":
        import csv
        import io

        page = io.StringIO()
        csv.writer(page, lineterminator="\n").writerows([Moment._fields, *found])
        return page.getvalue().rstrip("\n")
    if format == "json":
        rows = [{**moment._asdict(), "node": visible(moment.node)} for moment in found]
        return json.dumps(
            {"version": 1, "title": visible(title), "ground": ground, "events": rows}, indent=2
        )
    return drawing(title, found, ground)


def seen(found: list[Moment]) -> list[int]:
    """The moments that an outline needs: all, or of many those at which each half of a pixel is
    lowest and highest."""
    if len(found) <= POINTS:
        return [*range(len(found))]
    edges = [len(found) * i // (POINTS // 2) for i in range(POINTS // 2 + 1)]
    kept = {0, len(found) - 1}
    for start, end in pairwise(edges):
        kept.add(min(range(start, end), key=lambda i: found[i].live))
        kept.add(max(range(start, end), key=lambda i: found[i].live))
    return sorted(kept)


def drawing(title: str, found: list[Moment], ground: int) -> str:
    """Live bytes over the events, the phases apart, with the peak marked."""
    from html import escape

    top = max(found, key=lambda m: m.live)
    at, end = found.index(top), max(len(found) - 1, 1)
    turns = [i for i in range(1, len(found)) if found[i].phase != found[i - 1].phase]

    def x(i: int) -> str:
        return f"{LEFT + (WIDTH - LEFT - 20) * i / end:.1f}"

    def y(live: int) -> str:
        return f"{HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * live / top.live:.1f}"

    base = HEIGHT - BOTTOM
    outline = " ".join(f"{x(i)},{y(found[i].live)}" for i in seen(found))
    side = "end" if at > len(found) / 2 else "start"
    words = f"peak {megabytes(top.live)} at {visible(top.node)}, {top.phase}"
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
            ' font-family="sans-serif" font-size="12">'
        ),
        (
            f"<title>{escape(visible(title))}</title><desc>Bytes alive after each allocation:"
            f" {escape(words)}.</desc>"
        ),
        f"<style>{STYLE}</style>",
        f'<rect class="mem-ground" width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text class="mem-text" x="{LEFT}" y="18" font-size="14">{escape(visible(title))}</text>',
        (
            f'<polygon points="{x(0)},{base} {outline} {x(end)},{base}" class="mem-area"'
            ' fill="#9ecae1" stroke="#3182bd"/>'
        ),
        (
            f'<line class="mem-line" x1="{LEFT}" x2="{WIDTH - 20}" y1="{y(ground)}"'
            f' y2="{y(ground)}" stroke="#555" stroke-dasharray="4 3"/>'
        ),
        f'<circle class="mem-peak" cx="{x(at)}" cy="{y(top.live)}" r="4" fill="#de2d26"/>',
        (
            f'<text class="mem-peak" x="{x(at)}" y="{TOP - 10}" text-anchor="{side}"'
            f' fill="#de2d26">{escape(words)}</text>'
        ),
        (
            f'<text class="mem-text" x="{LEFT - 8}" y="{y(top.live)}"'
            f' text-anchor="end">{top.live / 2**20:.0f} MiB</text>'
        ),
        (
            f'<text class="mem-text" x="{LEFT - 8}" y="{y(ground)}"'
            f' text-anchor="end">{ground / 2**20:.0f} MiB</text>'
        ),
        f'<text class="mem-text" x="{LEFT}" y="{base + 13}">{found[0].phase}</text>',
    ]
    for turn in turns:
        parts += [
            (
                f'<line class="mem-line" x1="{x(turn)}" x2="{x(turn)}" y1="{TOP}" y2="{base}"'
                ' stroke="#555"/>'
            ),
            f'<text class="mem-text" x="{x(turn)}" y="{base + 13}">{found[turn].phase}</text>',
        ]
    parts += [
        (
            f'<text class="mem-text" x="{WIDTH - 20}" y="{HEIGHT - 8}"'
            f' text-anchor="end">{format_count(len(found))} allocations and releases; dashed: parameters,'
            " buffers, input, target, optimizer state</text>"
        ),
        "</svg>",
    ]
    return "\n".join(parts)
