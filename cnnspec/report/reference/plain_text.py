"""Turn the Markdown of the reference into plain text for a terminal of 80 columns."""

import re
from textwrap import fill

WIDTH = 80
INDENT = "  "  # of examples and their results
FENCE = re.compile(r"^```(\w+)\n((?:.*\n)*?)```$", re.MULTILINE)
ESCAPED = re.compile(r"(`[^`]*`)|\\([\\`*_{}\[\]<>#|~$])|(&amp;)")
LINK = re.compile(r"\[([^\]]+)\]\([^)]+\)")
RULES = {"# ": "=", "## ": "-"}  # under headings


def render_plain(markdown: str) -> str:
    """Return Markdown as plain text; specs keep their lines, all else is at most 80 columns wide.

    It knows what the reference uses: headings, paragraphs, lists and fenced blocks.
    """
    parts = FENCE.split(markdown)  # prose, language, block, prose, language, block, ...
    shown = []
    for i in range(0, len(parts), 3):
        shown += [
            wrap_paragraph(paragraph)
            for paragraph in re.split(r"\n{2,}", parts[i].strip())
            if paragraph
        ]
        if i + 2 < len(parts):
            shown.append(indent_block(parts[i + 2], may_wrap=parts[i + 1] != "toml"))
    return "\n\n".join(shown)


def wrap_paragraph(paragraph: str) -> str:
    """Return a heading, a list or a paragraph in lines of at most 80 columns."""
    text = ESCAPED.sub(unescape, LINK.sub(r"\1", paragraph))
    for mark, rule in RULES.items():
        if text.startswith(mark):
            title = text.removeprefix(mark)
            return f"{title}\n{rule * len(title)}"
    if text.startswith("- "):
        return "\n".join(wrap_line(item, "  ") for item in re.split(r"\n(?=- )", text))
    return wrap_line(text, "")


def unescape(found: re.Match[str]) -> str:
    """Return code as it is, and an escaped character without its escape."""
    return found[1] or found[2] or "&"


def indent_block(block: str, may_wrap: bool) -> str:
    """Return a fenced block, indented; lines that are too long continue further to the right."""
    lines = block.rstrip("\n").split("\n")
    if may_wrap:
        width = WIDTH - len(INDENT)
        lines = [
            wrap_line(line, f"{leading_blanks(line)}    ", width) if len(line) > width else line
            for line in lines
        ]
    return "\n".join(INDENT + line if line else "" for line in "\n".join(lines).split("\n"))


def wrap_line(text: str, hanging: str, width: int = WIDTH) -> str:
    """Return text in lines of at most ``width``; all but the first begin with ``hanging``."""
    return fill(
        " ".join(text.split()),
        width,
        initial_indent=leading_blanks(text),
        subsequent_indent=hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )


def leading_blanks(line: str) -> str:
    """Return the blanks with which a line begins."""
    return line[: len(line) - len(line.lstrip())]
