r"""A picture as a TikZ picture for LaTeX, laid out as the SVG is: ``\input{resnet50.tex}``.

It needs ``\usepackage{tikz}``. One pixel of the SVG is 0.75 pt, so that text has its usual size."""

from collections.abc import Iterator

from cnnspec.report.diagram import style
from cnnspec.report.diagram.boxes import LINE, STACK, is_stacked
from cnnspec.report.diagram.canvas import Box, Canvas, WireLine
from cnnspec.report.diagram.contents import Contents
from cnnspec.report.diagram.page import arrange_page
from cnnspec.report.diagram.wires import head_corners
from cnnspec.report.formats import escape_latex

PIXEL = 0.75  # pt
HEADER = r"""% {title}; it needs \usepackage{{tikz}}
\begin{{tikzpicture}}[x={pixel}pt, y=-{pixel}pt, inner sep=0pt, rounded corners=3pt,
  every node/.style={{font=\sffamily\fontsize{{{small}}}{{{skip}}}\selectfont}},
  name/.style={{font=\sffamily\bfseries\fontsize{{{large}}}{{{skip}}}\selectfont}}]"""


def render_tikz(made: Contents, title: str) -> str:
    """Return the picture as the text of a TikZ picture, with its title in a comment."""
    page = arrange_page(made)
    head = HEADER.format(
        title=title,
        pixel=PIXEL,
        small=PIXEL * style.SMALL,
        large=PIXEL * style.LARGE,
        skip=PIXEL * LINE,
    )
    lines = [head, *define_colors()]
    lines += [draw_frame(box) for box in page.boxes if box.frame]
    lines += [draw_line(line) for line in page.lines]
    for box in page.boxes:
        if not box.frame:
            lines += draw_box(box)
            if letter := made.letter(box.part):
                lines.append(draw_badge(letter, box.x, box.y + 2))
    lines += draw_texts(page)
    return "\n".join([*lines, r"\end{tikzpicture}"])


def define_colors() -> Iterator[str]:
    """Define a color for the fill and the border of each role, and for lines and text."""
    named = {"cnnwire": style.WIRE[0], "cnnmuted": style.MUTED[0], "cnntext": style.TEXT[0]}
    for role, colors in style.BOXES.items():
        named |= {f"cnn{role}": colors[0], f"cnn{role}line": colors[1]}
    for name, color in named.items():
        yield rf"\definecolor{{{name}}}{{HTML}}{{{color[1:].upper()}}}"


def draw_frame(box: Box) -> str:
    right, bottom = box.x + box.width, box.y + box.height
    return rf"\draw[cnnmuted, dashed] ({box.x},{box.y}) rectangle ({right},{bottom});" + place_text(
        box.lines[0], right - 8, box.y + 14, "base east, text=cnnmuted"
    )


def draw_box(box: Box) -> Iterator[str]:
    """Draw a box, as a stack if it stands for several parts, with its lines of text centred."""
    role = style.part_role(box.part)
    behind = STACK if is_stacked(box.part) else 0
    width, height = box.width - behind, box.height - behind
    for offset in sorted({behind, 0}, reverse=True):
        x, y = box.x + offset, box.y + offset
        yield (
            rf"\draw[fill=cnn{role}, draw=cnn{role}line] ({x},{y}) rectangle"
            f" ({x + width},{y + height});"
        )
    for i, text in enumerate(box.lines):
        look = "base, text=cnnmuted" if i else "base, name, text=cnntext"
        yield place_text(text, box.x + width // 2, box.y + 17 + i * LINE, look)


def draw_line(line: WireLine) -> str:
    """Draw a wire, and its head if it has one."""
    way = " -- ".join(f"({x},{y})" for x, y in line.corners)
    dashed = ", dashed" if line.dashed else ""
    made = rf"\draw[cnnwire{dashed}] {way};"
    if line.arrow:
        head = " -- ".join(f"({x},{y})" for x, y in head_corners(line))
        made += rf"\fill[cnnwire, sharp corners] {head} -- cycle;"
    return made


def draw_badge(letter: str, x: int, y: int) -> str:
    """Draw the letter of a panel in a circle."""
    return rf"\fill[cnntext] ({x},{y}) circle[radius={8 * PIXEL}pt];" + place_text(
        letter, x, y + 4, "base, text=white"
    )


def draw_texts(page: Canvas) -> Iterator[str]:
    """Draw the labels of wires, and the headings of panels with their letters."""
    for text in page.labels:
        yield place_text(text.text, text.x, text.y, "base west, text=cnntext")
    for text in page.headings:
        yield place_text(text.text, text.x, text.y, "base west, name, text=cnntext")
    for badge in page.badges:
        yield draw_badge(badge.text, badge.x, badge.y)


def place_text(text: str, x: int, y: int, look: str) -> str:
    return rf"\node[anchor={look}] at ({x},{y}) {{{escape_latex(text)}}};"
