"""A grid of cells as text, Markdown, LaTeX, HTML or CSV. Cells are escaped here, once, for each format."""

import re
from collections.abc import Callable, Sequence

from cnnspec.problems import visible

FORMATS = ("text", "markdown", "latex", "html", "csv", "json")
LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "×": r"$\times$", "–": "--", "…": r"\ldots{}", "|": r"\textbar{}", '"': r"\textquotedbl{}",
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
TABULATE = {"text": "simple", "markdown": "pipe", "latex": "latex_raw", "html": "unsafehtml"}


def grid(headings: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[bool], format: str) -> str:
    """A table in one of the formats text, markdown, latex (booktabs) or html; ``right`` columns are right-aligned."""
    from tabulate import tabulate  # it costs as much to start as the rest of a command, and CSV and JSON need none

    escape = ESCAPES[format]
    body = [[escape(cell) for cell in row] for row in rows]
    result = tabulate(body, [escape(h) for h in headings], tablefmt=TABULATE[format], disable_numparse=True,
                      colalign=["right" if r else "left" for r in right] if body else None)
    return booktabs(str(result)) if format == "latex" else str(result)


def booktabs(tabular: str) -> str:
    """A tabular with the rules of the booktabs package instead of \\hline; a total is set off by a rule."""
    for rule in (r"\toprule", r"\midrule"):
        tabular = tabular.replace(r"\hline", rule, 1)
    return tabular.replace(r"\hline", r"\bottomrule")


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
