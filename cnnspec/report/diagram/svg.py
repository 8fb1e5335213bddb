"""A page of boxes, lines and labels as SVG: text as text, no script, nothing from elsewhere."""

from collections.abc import Callable

from cnnspec.costs import NodeCost
from cnnspec.graph.model import Graph
from cnnspec.report.diagram import metrics, style
from cnnspec.report.diagram.boxes import LINE, STACK, stacked
from cnnspec.report.diagram.fold import Part
from cnnspec.report.diagram.sheet import Box, Label, Sheet
from cnnspec.report.diagram.wires import escape, wires
from cnnspec.report.diagram.words import told


def svg(
    page: Sheet,
    title: str,
    about: str,
    graph: Graph,
    costs: dict[int, NodeCost],
    letter: Callable[[Part], str],
) -> str:
    """A page with its title and a sentence about it, for those who do not see it."""
    nodes = {n.index: n for n in graph.nodes}
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {page.width} {page.height}"'
            f' width="{page.width}" height="{page.height}" font-family="Helvetica, Arial,'
            f' sans-serif" font-size="{metrics.SMALL}" role="graphics-document document">'
        ),
        f"<title>{escape(title)}</title>",
        f"<desc>{escape(about)}</desc>",
        f"<style>{style.sheet()}</style>",
        f'<rect class="cnn-ground" width="100%" height="100%" fill="{style.GROUND[0]}"/>',
    ]
    parts += [frame(box) for box in page.boxes if box.frame]
    parts += wires(page.lines, nodes)
    parts += [drawn(box, costs, letter(box.part)) for box in page.boxes if not box.frame]
    parts += [label(text) for text in page.labels]
    parts += [heading(text) for text in page.headings] + [
        badge(b.text, b.x, b.y) for b in page.badges
    ]
    return "\n".join([*parts, "</svg>"])


def frame(box: Box) -> str:
    """The frame of an opened block."""
    right = box.x + box.width - 8
    return (
        f'<g class="cnn-opened" data-part="{escape(box.part.name)}"><rect class="cnn-frame"'
        f' x="{box.x}" y="{box.y}" width="{box.width}" height="{box.height}" rx="6" fill="none"'
        f' stroke="{style.MUTED[0]}" stroke-dasharray="4 3"/><text class="cnn-muted" x="{right}"'
        f' y="{box.y + 14}" text-anchor="end"'
        f' fill="{style.MUTED[0]}">{escape(box.lines[0])}</text></g>'
    )


def drawn(box: Box, costs: dict[int, NodeCost], letter: str) -> str:
    """A box with its lines of text in the middle."""
    role = style.role(box.part)
    fill, border = style.BOXES[role][:2]
    middle = box.x + (box.width - (STACK if stacked(box.part) else 0)) // 2
    made = [
        '<g class="cnn-box"'
        f' data-part="{escape(box.part.name)}"><title>{escape(told(box.part, costs))}</title>'
    ]
    behind = STACK if stacked(box.part) else 0
    rect = (
        f'width="{box.width - behind}" height="{box.height - behind}" rx="5" class="cnn-{role}"'
        f' fill="{fill}" stroke="{border}"/>'
    )
    if behind:
        made.append(f'<rect x="{box.x + behind}" y="{box.y + behind}" {rect}')
    made.append(f'<rect x="{box.x}" y="{box.y}" {rect}')
    for i, text in enumerate(box.lines):
        look = (
            f'font-size="{metrics.LARGE}" font-weight="bold" class="cnn-text"'
            f' fill="{style.TEXT[0]}"'
            if i == 0
            else f'class="cnn-muted" fill="{style.MUTED[0]}"'
        )
        made.append(
            f'<text x="{middle}" y="{box.y + 17 + i * LINE}" text-anchor="middle"'
            f" {look}>{escape(text)}</text>"
        )
    if letter:
        made.append(badge(letter, box.x, box.y + 2))
    return "".join([*made, "</g>"])


def badge(letter: str, x: int, y: int) -> str:
    """The letter of a panel in a circle."""
    return (
        f'<circle class="cnn-badge" cx="{x}" cy="{y}" r="8" fill="{style.TEXT[0]}"/><text'
        f' class="cnn-letter" x="{x}" y="{y + 4}" text-anchor="middle" font-weight="bold"'
        f' fill="{style.GROUND[0]}">{letter}</text>'
    )


def heading(text: Label) -> str:
    return (
        f'<text class="cnn-text" x="{text.x}" y="{text.y}" font-size="{metrics.LARGE}"'
        f' font-weight="bold" fill="{style.TEXT[0]}">{escape(text.text)}</text>'
    )


def label(text: Label) -> str:
    return (
        f'<text class="cnn-text" x="{text.x}" y="{text.y}"'
        f' fill="{style.TEXT[0]}">{escape(text.text)}</text>'
    )
