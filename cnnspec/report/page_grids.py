"""Tables for pages: Markdown, LaTeX with the booktabs package, and HTML. Cells are escaped."""

from collections.abc import Callable, Iterable, Sequence

SHORTEST_RULE = 2  # dashes that a column of Markdown has beside its heading's width
Grid = Callable[[Sequence[str], Sequence[Sequence[str]], Sequence[bool], bool], str]


def align_cells(
    head: Sequence[str], body: Iterable[Sequence[str]], right: Sequence[bool]
) -> list[list[str]]:
    """Return the rows, headings first, with all cells of a column equally wide."""
    rows = [[cell.strip() for cell in row] for row in (head, *body)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    widths = [max(w, len(h) + SHORTEST_RULE) for w, h in zip(widths, rows[0], strict=True)]
    return [
        [c.rjust(w) if r else c.ljust(w) for c, w, r in zip(row, widths, right, strict=True)]
        for row in rows
    ]


def render_markdown_grid(
    head: Sequence[str], body: Sequence[Sequence[str]], right: Sequence[bool], total: bool
) -> str:
    """Return a table of Markdown; it has no rule above a total."""
    rows = align_cells(head, body, right)
    lines = [f"| {' | '.join(row)} |" for row in rows]
    dashes = ["-" * (len(cell) + 1) for cell in rows[0]]
    rule = "|".join(f"{d}:" if r else f":{d}" for d, r in zip(dashes, right, strict=True))
    return "\n".join([lines[0], f"|{rule}|", *lines[1:]])


def render_latex_grid(
    head: Sequence[str], body: Sequence[Sequence[str]], right: Sequence[bool], total: bool
) -> str:
    """Return a tabular with the rules of booktabs, one of them above a total."""
    lines = [f" {' & '.join(row)} \\\\" for row in align_cells(head, body, right)]
    if total:
        lines.insert(-1, r"\midrule")
    columns = "".join("r" if r else "l" for r in right)
    start = [rf"\begin{{tabular}}{{{columns}}}", r"\toprule", lines[0], r"\midrule"]
    return "\n".join([*start, *lines[1:], r"\bottomrule", r"\end{tabular}"])


def render_html_grid(
    head: Sequence[str], body: Sequence[Sequence[str]], right: Sequence[bool], total: bool
) -> str:
    """Return a table of HTML."""
    styles = [' style="text-align: right;"' if r else "" for r in right]

    def row(tag: str, cells: Sequence[str]) -> str:
        pairs = zip(cells, styles, strict=True)
        return f"<tr>{''.join(f'<{tag}{s}>{c.strip()}</{tag}>' for c, s in pairs)}</tr>"

    lines = ["<table>", "<thead>", row("th", head), "</thead>", "<tbody>"]
    return "\n".join([*lines, *[row("td", cells) for cells in body], "</tbody>", "</table>"])


PAGE_GRIDS: dict[str, Grid] = {
    "markdown": render_markdown_grid,
    "latex": render_latex_grid,
    "html": render_html_grid,
}
