"""Finds what is at a place of a spec: an operator, a block, a layer, an argument, a key, a rule."""

import re

from cnnspec.editor.document import Document, is_line, line_path
from cnnspec.editor.positions import Span
from cnnspec.editor.syntax_scanner import SyntaxItem
from cnnspec.gate.findings import CODES
from cnnspec.ops.registry import OPERATORS, find_installed
from cnnspec.records import Record
from cnnspec.spec.functions import FUNCTIONS
from cnnspec.spec.reader import BOUND, CONTROL, SHORTHAND
from cnnspec.spec.source import Path

CODE = re.compile(r"\b[A-Z]\d{3}\b")
WORD = re.compile(r"[^\W\d]\w*")


class Target(Record):
    """What is at a place: its kind, its name, and the span and path of the text that names it.

    ``kind`` is operator, block, layer, argument, function, key, field, variant, include, line, or
    rule. ``owner`` is the block of an argument ("" for the network's), the operator or block of a
    field, or the block in whose list a layer is ("" for the network's own list)."""

    kind: str
    name: str
    span: Span
    path: Path = ()
    owner: str = ""


def find_target(document: Document, offset: int) -> Target | None:
    """Return what is at an offset of a text, or None."""
    syntax = document.syntax
    for start, end in syntax.comments:
        if start <= offset <= end:
            return find_rule(document, offset, (start, end))
    around = syntax.around(offset)
    if not around:
        return None
    item = around[-1]
    if item.key is not None and item.key[0] <= offset <= item.key[1]:
        return target_of_key(document, item, item.key)
    if item.kind == "header":
        return None
    target = target_of_value(document, item, offset)
    if target is None and (line := line_path(item.path)) is not None:
        return Target("line", "", syntax.by_path[line].span, line)
    if target is None and isinstance(item.path[-1], str):
        return target_of_key(document, item, item.span)
    return target


def find_rule(document: Document, offset: int, comment: Span) -> Target | None:
    """Return the rule whose code is at an offset of a comment, or None."""
    for found in CODE.finditer(document.text, *comment):
        if found.start() <= offset <= found.end() and found[0] in CODES:
            return Target("rule", found[0], found.span())
    return None


def target_of_key(document: Document, item: SyntaxItem, span: Span) -> Target:
    """Return what a key names."""
    path, name = item.path, str(item.path[-1])
    owner = block_of(path)
    if path[0] == "blocks" and len(path) == 2:
        return Target("block", name, span, path)
    if path[0] in ("variants", "reference", "budget") and len(path) == 2:
        return Target("variant", name, span, path)
    if path[0] == "args" and len(path) >= 2:
        return Target("argument", str(path[1]), span, path[:2])
    if path[0] == "variants" and len(path) >= 3 and ("args", path[2]) in document.syntax.by_path:
        return Target("argument", str(path[2]), span, path)
    if len(path) == 4 and path[0] == "blocks" and path[2] == "defaults":
        return Target("argument", name, span, path, owner)
    if (called := called_by(document, path)) and name not in CONTROL:
        table = called if name not in SHORTHAND or is_block(document, called) else ""
        return Target("field", name, span, path, table)
    return Target("key", name, span, path)


def called_by(document: Document, path: Path) -> str:
    """Return the operator or block of the line, preset or table of a norm that has a key; or ""."""
    op = document.syntax.string_at((*path[:-1], "op")) if path else None
    in_line = line_path(path) is not None or path[:1] == ("blocks",)
    return op if op is not None and in_line and "{" not in op else ""


def is_block(document: Document, name: str) -> bool:
    """Tell whether a name is that of a block of the text or of a file that it includes."""
    texts = [document, *document.included.values()]
    return any(has_block(text, name) for text in texts)


def has_block(document: Document, name: str) -> bool:
    """Tell whether a text declares a block, with a header or with keys with dots."""
    return name in document.syntax.blocks


def is_operator(name: str) -> bool:
    """Tell whether a name is that of an operator, of cnnspec or of an installed package."""
    return name in OPERATORS or find_installed(name)


def block_of(path: Path) -> str:
    """Return the block that a path is in; "" for the network itself."""
    return str(path[1]) if path[0] == "blocks" and len(path) > 1 else ""


def target_of_value(document: Document, item: SyntaxItem, offset: int) -> Target | None:
    """Return what a value names, or None."""
    path, syntax = item.path, document.syntax
    if item.kind != "text":
        return None
    name = syntax.value_of(item)
    expression = find_expression(syntax.text, item.span, offset)
    if expression is not None:
        return target_in_expression(document, path, offset, expression)
    inside = (item.span[0] + 1, item.span[1] - 1)
    key = last_key(path)
    in_line = line_path(path) is not None
    if key in ("op", *SHORTHAND) and (in_line or path[0] == "blocks"):
        kind = "block" if is_block(document, name) else "operator"
        return Target(kind, name, inside, path) if "{" not in name else None
    named = (in_line and key in ("from", "share")) or (
        key == "outputs" and (len(path) == 2 or (len(path) == 4 and path[0] == "blocks"))
    )
    if named or (is_line(path[:-1]) and key == "name"):
        return Target("layer", name, inside, path, block_of(path))
    if path[0] == "include" and len(path) == 2:
        return Target("include", name, inside, path)
    if len(path) == 4 and path[0] == "blocks" and path[2] == "args":
        return Target("argument", name, inside, path, block_of(path))
    return None


def last_key(path: Path) -> str:
    """Return the key of a value or, for an item of a list, of the list; "" for neither."""
    return next((key for key in (*path[:-3:-1],) if isinstance(key, str)), "")


def find_expression(text: str, span: Span, offset: int) -> Span | None:
    """Return the span between the braces around an offset of a string, or None."""
    start = text.rfind("{", span[0], offset)
    if start < 0 or "}" in text[start:offset] or text[start - 1 : start] == "{":
        return None
    end = text.find("}", offset, span[1])
    return start + 1, end if end >= 0 else span[1]


def target_in_expression(document: Document, path: Path, offset: int, span: Span) -> Target | None:
    """Return the argument or function at an offset of an expression, or None."""
    for word in WORD.finditer(document.text, *span):
        if word.start() <= offset <= word.end():
            if word[0] in FUNCTIONS:
                return Target("function", word[0], word.span(), path)
            block = block_of(path)
            own = word[0] in BOUND or word[0] in arguments_of(document, block)
            return Target("argument", word[0], word.span(), path, block if own else "")
    return None


def arguments_of(document: Document, block: str) -> list[str]:
    """Return the arguments that a block declares, or those of the network for ""."""
    syntax = document.syntax
    if not block:
        own = [path[1] for path in syntax.by_path if path[0] == "args" and len(path) > 1]
        return [*dict.fromkeys(map(str, own))]
    required = [syntax.value_of(item) for item in syntax.values(("blocks", block, "args"))]
    defaults = [str(item.path[-1]) for item in syntax.values(("blocks", block, "defaults"))]
    return [*required, *defaults]


def find_block(document: Document, name: str) -> Document | None:
    """Return the text that declares a block: the document, or a file that it includes."""
    texts = [document, *document.included.values()]
    return next((text for text in texts if has_block(text, name)), None)
