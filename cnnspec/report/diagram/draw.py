"""Drawing a network as SVG: text stays text, there is no script and nothing external."""

from collections.abc import Callable

from cnnspec.analyses.network_costs import NetworkCosts
from cnnspec.costs import NodeCost
from cnnspec.graph.model import Graph
from cnnspec.problems import visible
from cnnspec.report.diagram import style
from cnnspec.report.diagram.boxes import LINE, STACK, describe_part, is_stacked
from cnnspec.report.diagram.canvas import Box, Canvas, TextLabel
from cnnspec.report.diagram.contents import choose_contents, describe_picture, picture_caption
from cnnspec.report.diagram.fold import DiagramPart
from cnnspec.report.diagram.graphviz import render_dot
from cnnspec.report.diagram.mermaid import render_mermaid
from cnnspec.report.diagram.page import add_caption, arrange_page
from cnnspec.report.diagram.rasterize import rasterize
from cnnspec.report.diagram.tikz import render_tikz
from cnnspec.report.diagram.wires import draw_wires, escape_xml

LANGUAGES = {  # of pictures, each with the ends of its files' names
    "svg": (".svg",),
    "mermaid": (".mmd", ".mermaid"),
    "dot": (".dot", ".gv"),
    "tikz": (".tex",),
    "png": (".png",),
}


class Picture(str):
    """The text of an SVG, which notebooks show as a picture."""

    def _repr_svg_(self) -> str:
        return str(self)


def draw_network(net: NetworkCosts, depth: int | None = None) -> Picture:
    """The architecture of a network as SVG.

    ``depth`` opens blocks that many levels deep (1: none). Without it blocks are opened as deep as
    a page permits, and each kind of folded block is shown in a panel. Raises RequestError for too
    many boxes or arrows."""
    made = choose_contents(net, depth)
    title = f"{visible(net.graph.title)} ({visible(net.name)})"
    drawn = add_caption(arrange_page(made), title, picture_caption(net, made))
    return Picture(
        render_svg(drawn, title, describe_picture(net, made), net.graph, net.costs, made.letter)
    )


def draw_as(net: NetworkCosts, language: str, depth: int | None = None) -> str | bytes:
    """Return the architecture of a network in one of :data:`LANGUAGES`; a PNG is bytes.

    ``depth`` is as in :func:`draw_network`. Raises RequestError for too many boxes or arrows, and
    where a PNG cannot be made."""
    if language == "svg":
        return draw_network(net, depth)
    if language == "png":
        return rasterize(draw_network(net, depth))
    title = f"{visible(net.graph.title)} ({visible(net.name)})"
    renderers = {"mermaid": render_mermaid, "dot": render_dot, "tikz": render_tikz}
    return renderers[language](choose_contents(net, depth), title)


def render_svg(
    page: Canvas,
    title: str,
    about: str,
    graph: Graph,
    costs: dict[int, NodeCost],
    letter: Callable[[DiagramPart], str],
) -> str:
    """A page as SVG, with its title and a sentence about it for screen readers."""
    nodes = {n.index: n for n in graph.nodes}
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {page.width} {page.height}"'
            f' width="{page.width}" height="{page.height}" font-family="Helvetica, Arial,'
            f' sans-serif" font-size="{style.SMALL}" role="graphics-document document">'
        ),
        f"<title>{escape_xml(title)}</title>",
        f"<desc>{escape_xml(about)}</desc>",
        f"<style>{style.style_sheet()}</style>",
        f'<rect class="cnn-ground" width="100%" height="100%" fill="{style.GROUND[0]}"/>',
    ]
    parts += [frame_svg(box) for box in page.boxes if box.frame]
    parts += draw_wires(page.lines, nodes)
    parts += [box_svg(box, costs, letter(box.part)) for box in page.boxes if not box.frame]
    parts += [label_svg(text) for text in page.labels]
    parts += [heading_svg(text) for text in page.headings] + [
        badge_svg(b.text, b.x, b.y) for b in page.badges
    ]
    return "\n".join([*parts, "</svg>"])


def frame_svg(box: Box) -> str:
    """The frame of an opened block."""
    right = box.x + box.width - 8
    return (
        f'<g class="cnn-opened" data-part="{escape_xml(box.part.name)}"><rect class="cnn-frame"'
        f' x="{box.x}" y="{box.y}" width="{box.width}" height="{box.height}" rx="6" fill="none"'
        f' stroke="{style.MUTED[0]}" stroke-dasharray="4 3"/><text class="cnn-muted" x="{right}"'
        f' y="{box.y + 14}" text-anchor="end"'
        f' fill="{style.MUTED[0]}">{escape_xml(box.lines[0])}</text></g>'
    )


def box_svg(box: Box, costs: dict[int, NodeCost], letter: str) -> str:
    """A box with its lines of text centred."""
    role = style.part_role(box.part)
    fill, border = style.BOXES[role][:2]
    middle = box.x + (box.width - (STACK if is_stacked(box.part) else 0)) // 2
    made = [
        f'<g class="cnn-box" data-part="{escape_xml(box.part.name)}">'
        f"<title>{escape_xml(describe_part(box.part, costs))}</title>"
    ]
    behind = STACK if is_stacked(box.part) else 0
    rect = (
        f'width="{box.width - behind}" height="{box.height - behind}" rx="5" class="cnn-{role}"'
        f' fill="{fill}" stroke="{border}"/>'
    )
    if behind:
        made.append(f'<rect x="{box.x + behind}" y="{box.y + behind}" {rect}')
    made.append(f'<rect x="{box.x}" y="{box.y}" {rect}')
    for i, text in enumerate(box.lines):
        look = (
            f'font-size="{style.LARGE}" font-weight="bold" class="cnn-text" fill="{style.TEXT[0]}"'
            if i == 0
            else f'class="cnn-muted" fill="{style.MUTED[0]}"'
        )
        made.append(
            f'<text x="{middle}" y="{box.y + 17 + i * LINE}" text-anchor="middle"'
            f" {look}>{escape_xml(text)}</text>"
        )
    if letter:
        made.append(badge_svg(letter, box.x, box.y + 2))
    return "".join([*made, "</g>"])


def badge_svg(letter: str, x: int, y: int) -> str:
    """The letter of a panel in a circle."""
    return (
        f'<circle class="cnn-badge" cx="{x}" cy="{y}" r="8" fill="{style.TEXT[0]}"/><text'
        f' class="cnn-letter" x="{x}" y="{y + 4}" text-anchor="middle" font-weight="bold"'
        f' fill="{style.GROUND[0]}">{letter}</text>'
    )


def heading_svg(text: TextLabel) -> str:
    return (
        f'<text class="cnn-text" x="{text.x}" y="{text.y}" font-size="{style.LARGE}"'
        f' font-weight="bold" fill="{style.TEXT[0]}">{escape_xml(text.text)}</text>'
    )


def label_svg(text: TextLabel) -> str:
    return (
        f'<text class="cnn-text" x="{text.x}" y="{text.y}"'
        f' fill="{style.TEXT[0]}">{escape_xml(text.text)}</text>'
    )
