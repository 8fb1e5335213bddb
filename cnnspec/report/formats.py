"""Tables as text, Markdown, LaTeX, HTML or CSV, and the escapes of each format."""

import os
import re
from collections.abc import Callable, Sequence

from cnnspec.problems import visible
from cnnspec.report.page_grids import PAGE_GRIDS

LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "×": r"$\times$",
    "–": "--",
    "…": r"\ldots{}",
    "|": r"\textbar{}",
    '"': r"{\char34}",
    "→": r"$\to$",
}


def escape_text(text: str) -> str:
    """``text`` without control characters, at most 1000 characters."""
    return visible(text, 1000)


def escape_latex(text: str) -> str:
    """``text`` escaped for LaTeX's text mode."""
    return "".join(LATEX.get(c, c) for c in escape_text(text))


def escape_markdown(text: str) -> str:
    """``text`` escaped for a cell of a Markdown table."""
    return re.sub(r"([\\`*_{}\[\]<>#|~$])", r"\\\1", escape_text(text)).replace("&", "&amp;")


def escape_prose(paragraph: str) -> str:
    """A paragraph of a docstring as Markdown on one line: code is marked, all else is escaped."""
    parts = re.split(r"(`[^`]+`)", " ".join(paragraph.split()).replace("``", "`"))
    return "".join([part if i % 2 else escape_markdown(part) for i, part in enumerate(parts)])


def escape_html(text: str) -> str:
    """``text`` escaped for HTML."""
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(character, entity)
    return escape_text(text)


ESCAPES: dict[str, Callable[[str], str]] = {
    "text": escape_text,
    "markdown": escape_markdown,
    "latex": escape_latex,
    "html": escape_html,
}
WIDTH = 80  # columns of a terminal
SHORTEST = 12  # characters of a text that a narrow column still shows in its row


def render_grid(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    right: Sequence[bool],
    format: str,
    total: bool = False,
    width: int = WIDTH,
) -> str:
    """A table in one of the formats text, markdown, latex (booktabs) or html.

    ``right`` columns are right-aligned. With ``total`` a rule separates the last row. Text fits
    into ``width`` columns where render_text_grid can do that."""
    escape = ESCAPES[format]
    body = [[escape(cell) for cell in row] for row in rows]
    head = [escape(h) for h in headings]
    if format == "text":
        return render_text_grid(head, body, right, total, width)
    return PAGE_GRIDS[format](head, body, right, total)


def render_text_grid(
    head: list[str], body: list[list[str]], right: Sequence[bool], total: bool, width: int = WIDTH
) -> str:
    """A table of text with rules below the headings and above a total.

    If the table fits into ``width`` columns only so, headings take two lines, and a long text in
    the first column stands on a line of its own above the rest of its row."""
    heads, widths = lay_out_grid(head, body, width)
    left = widths[0] - max(0, sum_widths(widths) - width)
    if not right[0] and max([SHORTEST, *(len(names[0]) for names in heads)]) <= left:
        widths[0] = left
    lines = []
    for row in (*heads, *body):
        if len(row[0]) > widths[0]:
            lines.append(row[0])
            row = ["", *row[1:]]
        cells = [
            c.rjust(w) if r else c.ljust(w) for c, w, r in zip(row, widths, right, strict=True)
        ]
        lines.append("  ".join(cells).rstrip())
    rule = "  ".join("-" * w for w in widths)
    lines.insert(len(heads), rule)
    if total:
        lines.insert(-1, rule)
    return "\n".join(lines)


def lay_out_grid(
    head: list[str], body: list[list[str]], width: int
) -> tuple[list[list[str]], list[int]]:
    """The lines of a text table's headings, two where that helps, and its columns' widths."""
    columns = list(zip(*body, strict=True)) or [()] * len(head)
    inner = [max(map(len, column), default=0) for column in columns]
    for heads in ([head], stack_headings(head), [head]):
        widths = [max(w, *map(len, names)) for w, *names in zip(inner, *heads, strict=True)]
        if sum_widths(widths) <= width:
            break
    return heads, widths


def sum_widths(widths: Sequence[int]) -> int:
    """The width of a text table with columns of these widths."""
    return sum(widths) + 2 * (len(widths) - 1)


def stack_headings(headings: list[str]) -> list[list[str]]:
    """The headings in two lines, broken at their first blank."""
    parts = [h.partition(" ") for h in headings]
    return [
        [first if last else "" for first, _, last in parts],
        [last or first for first, _, last in parts],
    ]


def render_csv(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Comma-separated values below a line of headings.

    Text that a spreadsheet would run as a formula gets an apostrophe in front."""
    import csv
    import io

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(headings)
    for row in rows:
        cells = [escape_text(c) if isinstance(c, str) else c for c in row]
        writer.writerow(
            [f"'{c}" if isinstance(c, str) and c[:1] in "=+-@" and c[:1] else c for c in cells]
        )
    return out.getvalue().rstrip("\n")


def add_title_and_notes(
    body: str, lines: Sequence[str], format: str, head: Sequence[str] = ()
) -> str:
    """A table as text, markdown or latex, below the lines of ``head`` and above other lines."""
    escape = ESCAPES[format]
    above, below = [escape(line) for line in head], [escape(line) for line in lines]
    if format == "latex":
        comments = [[f"% {line}" for line in part] for part in (above, below)]
        return "\n".join(["% needs \\usepackage{booktabs}", *comments[0], body, *comments[1]])
    if format == "markdown":
        return "\n\n".join([*[f"**{line}**" for line in above[:1]], *above[1:], body, *below])
    parts = [*wrap_lines(above), "", body] if above else [body]
    return "\n".join([*parts, "", *wrap_lines(below)] if below else parts)


def wrap_lines(lines: Sequence[str]) -> list[str]:
    """Break lines of text to the width of a terminal, with the same result as textwrap."""
    return [part for line in lines for part in fill_line(line) or break_words(line)]


def fill_line(line: str) -> list[str]:
    """A line broken at its blanks; [] if words must be broken too, or blanks are repeated."""
    words = line.split(" ")
    broken = len(line) > WIDTH and ("-" in line or max(map(len, words)) > WIDTH)
    if broken or not all(words) or not line.isprintable():
        return []
    found = [words[0]]
    for word in words[1:]:
        if len(found[-1]) + 1 + len(word) <= WIDTH:
            found[-1] += f" {word}"
        else:
            found.append(word)
    return found


def break_words(line: str) -> list[str]:
    """A line broken at blanks, at hyphens, and within words wider than a terminal."""
    from textwrap import wrap  # importing it takes 2% of a table's time, and few lines need it

    return wrap(line, WIDTH)


def relative_path(file: str) -> str:
    """The path of a file from the current folder, with slashes; its own path if it is elsewhere."""
    path = os.path.relpath(file) if os.path.isabs(file) else file
    return (file if path.startswith("..") else path).replace(os.sep, "/")


def escape_github_message(text: str) -> str:
    """``text`` escaped for the message of a GitHub workflow command."""
    lines = text.replace("\r\n", "\n").split("\n")
    return "%0A".join(escape_text(line).replace("%", "%25") for line in lines)


def escape_github_property(text: str) -> str:
    """``text`` escaped for a property of a GitHub workflow command."""
    return escape_github_message(text).replace(":", "%3A").replace(",", "%2C")
