"""A grid of cells as text, Markdown, LaTeX, HTML or CSV. Cells are escaped here, once, for each format."""

import re
from collections.abc import Callable, Sequence

from cnnspec.problems import visible

LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "×": r"$\times$", "–": "--", "…": r"\ldots{}", "|": r"\textbar{}", '"': r"{\char34}",
    "→": r"$\to$",
}


def plain(text: str) -> str:
    """``text`` without control characters, at full length."""
    return visible(text, 1000)


def latex(text: str) -> str:
    """``text`` for LaTeX's text mode."""
    return "".join(LATEX.get(c, c) for c in plain(text))


def markdown(text: str) -> str:
    """``text`` for a cell of a Markdown table."""
    return re.sub(r"([\\`*_{}\[\]<>#|~$])", r"\\\1", plain(text)).replace("&", "&amp;")


def html(text: str) -> str:
    """``text`` for HTML."""
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(character, entity)
    return plain(text)


ESCAPES: dict[str, Callable[[str], str]] = {"text": plain, "markdown": markdown, "latex": latex, "html": html}
WIDTH = 80  # of a terminal
TABULATE = {"markdown": "pipe", "latex": "latex_raw", "html": "unsafehtml"}


def grid(headings: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[bool], format: str,
         total: bool = False) -> str:
    """A table in one of the formats text, markdown, latex (booktabs) or html.

    ``right`` columns are right-aligned; where the last row is a ``total``, a rule sets it off.
    """
    escape = ESCAPES[format]
    body = [[escape(cell) for cell in row] for row in rows]
    head = [escape(h) for h in headings]
    align = ["right" if r else "left" for r in right]
    if format == "text":
        pages = [ruled(heads, body, align, total) for heads in ([head], stacked(head))]
        return next((page for page in pages if max(map(len, page.splitlines())) <= WIDTH), pages[0])
    from tabulate import tabulate  # it costs as much to start as the rest of a command, and CSV and JSON need none

    result = str(tabulate(body, head, tablefmt=TABULATE[format], disable_numparse=True,
                          colalign=align if body else None))
    if format == "html":
        return re.sub(r"(?<=>) +| +(?=<)", "", result)  # the blanks that align the columns of text
    return booktabs(result, total) if format == "latex" else result


def ruled(heads: list[list[str]], body: list[list[str]], align: list[str], total: bool) -> str:
    """Rows of text below headings and a rule, a total below another.

    The headings are rows like others: those that tabulate takes as such make columns wider by two blanks.
    """
    from tabulate import tabulate

    page = str(tabulate([*heads, *body], tablefmt="simple", disable_numparse=True, colalign=align))
    rule, *rows = page.splitlines()[:-1]
    rows.insert(len(heads), rule)
    if total:
        rows.insert(-1, rule)
    return "\n".join(line.rstrip() for line in rows)


def stacked(headings: list[str]) -> list[list[str]]:
    """Headings in two lines, broken at their first blank, which makes a table narrower."""
    parts = [h.partition(" ") for h in headings]
    return [[first if last else "" for first, _, last in parts], [last or first for first, _, last in parts]]


def booktabs(tabular: str, total: bool) -> str:
    """A tabular with the rules of the booktabs package instead of \\hline; a total is set off by a rule."""
    for rule in (r"\toprule", r"\midrule"):
        tabular = tabular.replace(r"\hline", rule, 1)
    lines = tabular.replace(r"\hline", r"\bottomrule").splitlines()
    if total:
        lines.insert(-3, r"\midrule")
    return "\n".join(lines)


def csv_text(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Comma-separated values with a line of headings; text that a spreadsheet would run as a formula is quoted."""
    import csv
    import io

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(headings)
    for row in rows:
        cells = [plain(c) if isinstance(c, str) else c for c in row]
        writer.writerow([f"'{c}" if isinstance(c, str) and c[:1] in "=+-@" and c[:1] else c for c in cells])
    return out.getvalue().rstrip("\n")
