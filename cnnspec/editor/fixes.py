"""Fixes: changes of the text that do what the hint of a problem says."""

import re
from collections.abc import Iterator

from cnnspec.editor.document import Document, line_path
from cnnspec.editor.positions import Span, TextEdit, TextLines
from cnnspec.editor.syntax_scanner import SyntaxItem
from cnnspec.problems import Problem
from cnnspec.records import Record

REPLACED = (  # hints that name what belongs at the place of the problem
    re.compile(r"did you mean '([^']+)'\?"),
    re.compile(r"it is called (\w+) here"),
)
WRITTEN = (  # hints that quote the value to write
    re.compile(r'write ("\{\w+\}") for its value'),
    re.compile(r"write it without quotes: ([^;]+)"),
)
WORDS = (  # of tomllib's errors: what the word at the place should be
    re.compile(r"TOML writes (true|false)"),
    re.compile(r'text is written in quotes: ("[^"]+")'),
)
COMMA = "a comma is missing here, or the } after it"


class Fix(Record):
    """A change that mends a problem: its title, and the edits of the spec's own file."""

    title: str
    edits: tuple[TextEdit, ...]


def find_fixes(document: Document, problem: Problem) -> tuple[Fix, ...]:
    """Return the fixes of a problem in the document's own text; there may be none."""
    start = document.lines.offset_of(problem.where)
    item = find_item(document, start)
    if problem.change is not None:
        return tuple(set_key(document, start, *problem.change))
    return tuple(fixes_of_hint(document, problem, start, item))


def find_item(document: Document, start: int) -> SyntaxItem | None:
    """Return the item whose key or value begins at an offset; a value before a key."""
    syntax = document.syntax
    return syntax.by_start.get(start) or syntax.by_key_start.get(start)


def find_span(document: Document, start: int) -> Span:
    """Return the span of the key or value that begins at an offset, else of the word there."""
    end = document.lines.end(document.lines.position(start).line)
    key = document.syntax.by_key_start.get(start)
    if key is not None and key.key is not None:
        return key.key
    item = document.syntax.by_start.get(start)
    if item is not None and item.kind not in ("header", "missing"):
        return start, min(item.span[1], end)
    word = re.match(r"\[\[?[^\]\n]*\]\]?|#.*|[\w.+-]+", document.text[start:end])
    return start, start + len(word[0]) if word else min(start + 1, end)


def fixes_of_hint(
    document: Document, problem: Problem, start: int, item: SyntaxItem | None
) -> Iterator[Fix]:
    """Yield the fixes that the hint of a problem spells out."""
    hint, span = problem.hint, find_span(document, start)
    if hint == COMMA:
        end = len(document.text[:start].rstrip())
        yield make_fix(document, "insert a comma", (end, end), ",")
    for form in WORDS:
        if found := form.fullmatch(hint):
            yield make_fix(document, f"write {found[1]}", find_word(document, start), found[1])
    if item is None:
        return
    for form in WRITTEN:
        if found := form.fullmatch(hint):
            yield make_fix(document, f"write {found[1]}", span, found[1])
    for form in REPLACED:
        if (found := form.search(hint)) and problem.rule == "L007":
            wrong = re.escape(problem.message.partition(" ")[0])
            text = re.sub(rf"\b{wrong}\b", found[1], document.syntax.source_of(item))
            yield make_fix(document, f"change it to {found[1]}", item.span, text)
        elif found:
            quoted = item.kind == "text" and span == item.span
            written = f'"{found[1]}"' if quoted else found[1]
            yield make_fix(document, f"change it to {written}", span, written)
    if hint.startswith("leave it out: ") and item.key is not None and item.kind != "header":
        yield make_fix(document, f"remove {item.path[-1]}", pair_span(document, item), "")


def find_word(document: Document, start: int) -> Span:
    """Return the span of the bare word at an offset."""
    word = re.match(r"[A-Za-z_][\w.-]*", document.text[start:])
    return start, start + len(word[0]) if word else start


def pair_span(document: Document, item: SyntaxItem) -> Span:
    """Return the span of a key with its value, and of the comma that separates it from others."""
    assert item.key is not None
    start, end = item.key[0], item.span[1]
    text = document.text
    after = re.match(r"[ \t]*,[ \t]*", text[end:])
    if after:
        return start, end + len(after[0])
    before = re.search(r"[ \t]*,[ \t]*$", text[:start])
    return (start - len(before[0]) if before else start), end


def make_fix(document: Document, title: str, span: Span, text: str) -> Fix:
    """Return a fix of one edit."""
    return Fix(title, (TextEdit(document.lines.range(span), text),))


def set_key(document: Document, start: int, key: str, value: str) -> Iterator[Fix]:
    """Yield the fix that sets a key of the line or preset around an offset.

    A value that is an expression is left alone: it may be right in other calls."""
    syntax = document.syntax
    item = find_item(document, start)
    path = item.path if item is not None else ()
    table = syntax.by_path.get(line_path(path) or path[:2])
    if table is None or (path[0] != "blocks" and line_path(path) is None):
        return
    title = f"set {key} = {value}"
    known = syntax.by_path.get((*table.path, key))
    if known is not None:
        if "{" not in syntax.source_of(known):
            yield make_fix(document, title, known.span, value)
        return
    last = [*syntax.values(table.path)][-1:]
    if last and table.kind == "inline":
        end = last[0].span[1]
        yield make_fix(document, title, (end, end), f", {key} = {value}")
    elif last:
        end = last[0].span[1]
        yield make_fix(document, title, (end, end), f"\n{key} = {value}")


def apply_edits(text: str, edits: tuple[TextEdit, ...]) -> str:
    """Return a text with edits applied, as an editor does: all positions are of the old text."""
    lines = TextLines(text)
    spans = [(lines.offset(e.range.start), lines.offset(e.range.end), e.new_text) for e in edits]
    for start, end, new in sorted(spans, reverse=True):
        text = text[:start] + new + text[end:]
    return text
