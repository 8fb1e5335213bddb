"""What can be written at a cursor: a key of a table, a value, a name in an expression, a header."""

import re

from cnnspec.editor.document import Document
from cnnspec.editor.positions import Span
from cnnspec.editor.syntax_scanner import SyntaxItem
from cnnspec.editor.targets import find_expression
from cnnspec.records import Record
from cnnspec.spec.source import Path

WORD_BEFORE = re.compile(r"[\w-]*$")
WORD_AFTER = re.compile(r"[\w-]*")


class Cursor(Record):
    """The place of a cursor: its kind, the path, and the span that a completion replaces.

    ``kind`` is "key" (``path`` is the table), "value" (``path`` is the value's; ``quoted`` inside
    a string), "name" (inside the braces of a string at ``path``), "header", "comment" or
    "nothing"."""

    kind: str
    path: Path
    span: Span
    quoted: bool = False
    has_value: bool = False  # of a key: it is followed by an equals sign


class Suggestion(Record):
    """What can be written: a label, its kind as in Completion, and what describes it.

    ``text`` is written instead of the label where it is given."""

    label: str
    kind: str
    detail: str = ""
    documentation: str = ""
    text: str = ""


def find_cursor(document: Document, offset: int) -> Cursor:
    """Return what can be written at an offset."""
    syntax = document.syntax
    for start, end in syntax.comments:
        if start < offset <= end:
            return Cursor("comment", (), find_word_span(document, offset))
    line = document.lines.position(offset).line
    before = document.text[document.lines.starts[line] : offset]
    around = [item for item in syntax.around(offset) if item.path]
    inner = around[-1] if around else None
    if re.fullmatch(r"\s*\[\[?[\w.\"-]*", before) and not is_in_list(inner, offset):
        start = offset - len(before.lstrip(" \t["))
        return Cursor("header", (), (start, offset + len(rest_of_word(document, offset))))
    if inner is None or (inner.kind == "header" and not is_on_key(inner, offset)):
        return key_cursor(document, inner.path if inner else (), offset)
    if is_on_key(inner, offset):
        assert inner.key is not None
        return Cursor("key", inner.path[:-1], inner.key, has_value=inner.kind != "missing")
    return value_cursor(document, inner, offset)


def is_on_key(item: SyntaxItem, offset: int) -> bool:
    """Tell whether an offset is in or at the end of the key of an item."""
    return item.key is not None and item.key[0] <= offset <= item.key[1]


def is_in_list(item: SyntaxItem | None, offset: int) -> bool:
    """Tell whether an offset is inside a list or a table in braces."""
    inside = item is not None and item.kind in ("array", "inline", "text", "plain")
    return inside and item is not None and item.span[0] < offset


def value_cursor(document: Document, item: SyntaxItem, offset: int) -> Cursor:
    """Return the cursor in or behind the value of an item."""
    start, end = item.span
    if item.kind == "text" and start < offset:
        written = document.text[start:end]
        closed = len(written) > 1 and written[-1] == written[0]
        expression = find_expression(document.text, item.span, offset)
        if expression is not None and offset < end + (not closed):
            return Cursor("name", item.path, find_word_span(document, offset), quoted=True)
        if offset < end or not closed:
            return Cursor("value", item.path, (start + 1, end - closed), quoted=True)
    if item.kind == "inline" and start < offset < end + (document.text[end - 1 : end] != "}"):
        return key_cursor(document, item.path, offset)
    if item.kind == "missing":
        return Cursor("value", item.path, find_word_span(document, offset))
    if item.kind == "plain":
        return Cursor("value", item.path, (start, end))
    if item.kind == "array" and start < offset < end:
        return Cursor("value", (*item.path, -1), (offset, offset))
    return key_cursor(document, item.path[:-1], offset)


def key_cursor(document: Document, path: Path, offset: int) -> Cursor:
    """Return the cursor where a key of the table at ``path`` can be written.

    That is at the beginning of a line of the text, and behind a brace or a comma."""
    span = find_word_span(document, offset)
    before = document.text[document.lines.starts[document.lines.position(offset).line] : span[0]]
    begins = not before.strip(" \t.") or before.rstrip().endswith(("{", ",", "."))
    return Cursor("key" if begins else "nothing", path, span)


def find_word_span(document: Document, offset: int) -> Span:
    """Return the span of the word around an offset."""
    line = document.lines.position(offset).line
    before = WORD_BEFORE.search(document.text[document.lines.starts[line] : offset])
    start = offset - len(before[0]) if before else offset
    return start, offset + len(rest_of_word(document, offset))


def rest_of_word(document: Document, offset: int) -> str:
    """Return the letters, digits and underscores that follow an offset."""
    found = WORD_AFTER.match(document.text, offset)
    return found[0] if found else ""
