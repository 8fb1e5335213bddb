"""A picture in the DOT language of Graphviz: ``cnnspec draw NAME --format dot | dot -Tpdf``.

https://graphviz.org/doc/info/lang.html"""

from collections.abc import Iterator

from cnnspec.report.diagram import style
from cnnspec.report.diagram.contents import Contents
from cnnspec.report.diagram.outline import PORT, ChartArrow, ChartBox, ChartGroup, outline_picture


def render_dot(made: Contents, title: str) -> str:
    """Return the picture as a directed graph in DOT, with its title above it."""
    text, muted, wire = style.TEXT[0], style.MUTED[0], style.WIRE[0]
    lines = [
        "digraph {",
        f'  graph [label={quote_dot(title)}, labelloc=t, fontname="Helvetica", compound=true]',
        f'  node [shape=box, style="rounded,filled", fontname="Helvetica", fontcolor="{text}"]',
        f'  edge [fontname="Helvetica", fontsize=10, fontcolor="{text}", color="{wire}"]',
    ]
    for chart in outline_picture(made):
        lines += render_cluster(chart.root, 1, muted)
        lines += [f"  {render_edge(arrow)}" for arrow in chart.arrows]
    return "\n".join([*lines, "}"])


def render_cluster(group: ChartGroup, level: int, border: str) -> Iterator[str]:
    """Yield the lines of a group and its members; a chart without a title has no frame."""
    space, inner = "  " * level, level + 1 if group.title else level
    if group.title:
        yield f"{space}subgraph cluster_{group.id} {{"
        yield f'{space}  label={quote_dot(group.title)}; style=dashed; color="{border}"'
    for member in group.members:
        if isinstance(member, ChartGroup):
            yield from render_cluster(member, inner, border)
        else:
            yield "  " * inner + render_node(member)
    if group.title:
        yield f"{space}}}"


def render_node(box: ChartBox) -> str:
    label = f"label={quote_dot(*box.lines)}"
    if box.role == PORT:
        return f"{box.id} [{label}, shape=plaintext, style=solid]"
    fill, border = style.BOXES[box.role][:2]
    return f'{box.id} [{label}, fillcolor="{fill}", color="{border}"]'


def render_edge(arrow: ChartArrow) -> str:
    dashed = ", style=dashed" if arrow.dashed else ""
    return f"{arrow.source} -> {arrow.target} [label={quote_dot(arrow.text)}{dashed}]"


def quote_dot(*lines: str) -> str:
    """Return lines of text as one quoted string."""
    escaped = [line.replace("\\", "\\\\").replace('"', '\\"') for line in lines]
    return '"' + "\\n".join(escaped) + '"'
