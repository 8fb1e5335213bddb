"""Bars: one figure a row, in execution order, as inline SVG."""

from cnnspec.report.diagram import metrics
from cnnspec.report.formats import escape_html
from cnnspec.report.html_report.tree import Line, leaves
from cnnspec.units import format_count

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 960, 150, 8, 8, 22, 20
SIZE = 11  # of the text


def bars(made: list[Line], which: int, title: str, unit: str) -> str:
    """A bar for each row. ``which`` of the counts of a line is its height, in a ``unit``."""
    rows = [*leaves(made)]
    most = max((line.counts[which] for line in rows), default=0)
    step = (WIDTH - LEFT - RIGHT) / max(1, len(rows))
    base, high = HEIGHT - BOTTOM, HEIGHT - TOP - BOTTOM
    parts = [
        (
            f'<svg class="bars" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape_html(title)}'
            f' of each row, at most {format_count(most)} {unit}; the table below has the numbers"'
            f' font-size="{SIZE}">'
        ),
        f'<text x="{LEFT}" y="13">{escape_html(title)}: at most {format_count(most)} {unit}</text>',
    ]
    for i, line in enumerate(rows):
        value = line.counts[which]
        tall = max(0.6, high * value / most) if value else 0
        if tall:
            parts.append(
                f'<rect x="{LEFT + i * step:.1f}" y="{base - tall:.1f}"'
                f' width="{max(0.5, step * 0.85):.1f}"'
                f' height="{tall:.1f}"><title>{escape_html(line.name)}: {format_count(value)}'
                f" {unit}</title></rect>"
            )
    parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{base}" y2="{base}"/>')
    parts += names(rows, step, base)
    return "".join([*parts, "</svg>"])


def names(rows: list[Line], step: float, base: int) -> list[str]:
    """The names of the outermost blocks and lines below the bars, where there is room for them."""
    groups: list[tuple[str, int, int]] = []
    for i, line in enumerate(rows):
        name = line.row.nodes[0].call.trail[0] if line.row.nodes[0].call.trail else line.name
        if groups and groups[-1][0] == name:
            groups[-1] = (name, groups[-1][1], i + 1)
        else:
            groups.append((name, i, i + 1))
    made = []
    for name, first, end in groups:
        if metrics.width(name, SIZE) + 4 < (end - first) * step:
            made.append(
                f'<text x="{LEFT + (first + end) * step / 2:.1f}" y="{base + 14}"'
                f' text-anchor="middle">{escape_html(name)}</text>'
            )
            made += [
                f'<line x1="{LEFT + edge * step - step * 0.07:.1f}"'
                f' x2="{LEFT + edge * step - step * 0.07:.1f}" y1="{base}" y2="{base + 5}"/>'
                for edge in (first, end)
            ]
    return made
