"""A picture as a Mermaid flowchart, which GitHub, GitLab and many editors draw in Markdown.

https://mermaid.js.org/syntax/flowchart.html"""

from collections.abc import Iterator

from cnnspec.report.diagram import style
from cnnspec.report.diagram.contents import Contents
from cnnspec.report.diagram.outline import (
    PORT,
    ChartArrow,
    ChartBox,
    ChartGroup,
    iterate_members,
    outline_picture,
)

# Mermaid reads names of HTML entities after #, and Markdown between backticks.
ESCAPES = {c: f"#{ord(c)};" for c in '#&<>"`*_\\[](){}|'}


def render_mermaid(made: Contents, title: str) -> str:
    """Return the picture as a Mermaid flowchart, with its title in a comment."""
    charts = outline_picture(made)
    lines = [f"%% {title}", "flowchart TD"]
    for chart in charts:
        lines += render_group(chart.root, 1)
        lines += [f"  {render_arrow(arrow)}" for arrow in chart.arrows]
    boxes = [box for chart in charts for box in iterate_members(chart.root)]
    for role in dict.fromkeys(box.role for box in boxes):
        fill, border = style.BOXES[role][:2] if role != PORT else ("none", "none")
        ids = ",".join(box.id for box in boxes if box.role == role)
        color = "" if role == PORT else f",color:{style.TEXT[0]}"
        lines += [f"  classDef {role} fill:{fill},stroke:{border}{color}", f"  class {ids} {role}"]
    return "\n".join(lines)


def render_group(group: ChartGroup, level: int) -> Iterator[str]:
    """Yield the lines of a group and its members; a chart without a title has no frame."""
    space, inner = "  " * level, level + 1 if group.title else level
    if group.title:
        yield f'{space}subgraph {group.id}["{escape_mermaid(group.title)}"]'
        yield f"{space}  direction TB"
    for member in group.members:
        if isinstance(member, ChartGroup):
            yield from render_group(member, inner)
        else:
            yield "  " * inner + render_box(member)
    if group.title:
        yield f"{space}end"


def render_box(box: ChartBox) -> str:
    head, *rest = map(escape_mermaid, box.lines)
    name = head if box.role == PORT else f"<b>{head}</b>"
    return f'{box.id}["{"<br/>".join([name, *rest])}"]'


def render_arrow(arrow: ChartArrow) -> str:
    line = "-.->" if arrow.dashed else "-->"
    return f'{arrow.source} {line}|"{escape_mermaid(arrow.text)}"| {arrow.target}'


def escape_mermaid(text: str) -> str:
    """Escape a text so that Mermaid shows it as it is."""
    return "".join(ESCAPES.get(c, c) for c in text)
