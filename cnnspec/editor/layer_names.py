"""Resolves the names of layers in ``from``, ``share``, ``outputs`` and claims to their lines."""

import re
from collections.abc import Iterator

from cnnspec.editor.document import Document, is_line, line_path
from cnnspec.editor.positions import Span
from cnnspec.editor.syntax_scanner import SyntaxItem
from cnnspec.editor.targets import block_of, find_block, last_key
from cnnspec.records import Record
from cnnspec.spec.source import Path

MAX_NESTING = 32


class LayerUse(Record):
    """A part of a name that stands for a line: its span in the text, and the line's file and path.

    ``first.conv`` has two parts: the line ``first``, and the line ``conv`` of its block."""

    span: Span
    document: Document
    path: Path


def list_path(block: str) -> Path:
    """Return the path of the list of layers of a block, or of the network for ""."""
    return ("blocks", block, "layers") if block else ("layers",)


def lines_of(document: Document, block: str) -> list[tuple[str, Path]]:
    """Return the names, as they are written, and the paths of the lines of a list."""
    return [*document.syntax.names.get(list_path(block), {}).items()]


def matches_name(written: str, name: str) -> bool:
    """Tell whether a line whose name is ``written``, maybe with expressions, may be called so."""
    if "{" not in written:
        return written == name
    parts = [re.escape(part) for part in re.split(r"\{[^}]*\}", written)]
    return re.fullmatch("[^.]+".join(parts), name) is not None


def find_line(document: Document, block: str, name: str) -> Path | None:
    """Return the path of the line that a name without dots means in a list, or None."""
    names = document.syntax.names.get(list_path(block), {})
    if name in names:
        return names[name]
    return next((path for w, path in names.items() if "{" in w and matches_name(w, name)), None)


def resolve_name(document: Document, block: str, name: str, start: int) -> Iterator[LayerUse]:
    """Yield the parts of a name that begins at offset ``start``, as far as they are known.

    ``block`` is the block in whose list the name is used, "" for the network."""
    text: Document | None = document
    parts, offset = name.split("."), start
    for part in parts[:MAX_NESTING]:
        span = (offset, offset + len(part))
        offset += len(part) + 1
        if text is None or (part.isdigit() and span[0] > start):
            continue  # the instance of a repeated line
        path = find_line(text, block, part)
        if path is None:
            return
        yield LayerUse(span, text, path)
        block = text.syntax.string_at((*path, "op")) or ""
        text = find_block(text, block) if block else None


def named_block(path: Path) -> str | None:
    """Return the block in whose list the value at a path names layers; None if it names none."""
    if not path:
        return None
    key = last_key(path)
    if line_path(path) is not None and key in ("from", "share"):
        return block_of(path)
    if key == "outputs" and (path[0] == "outputs" or (path[0] == "blocks" and len(path) > 2)):
        return block_of(path)
    return "" if path[0] == "claims" and key == "layer" else None


def find_uses(document: Document) -> Iterator[LayerUse]:
    """Yield all parts of names in a text that stand for lines."""
    for item in document.syntax.items:
        block = named_block(item.path) if item.kind == "text" else None
        if block is not None:
            yield from resolve_item(document, block, item)


def resolve_item(document: Document, block: str, item: SyntaxItem) -> Iterator[LayerUse]:
    """Yield the parts of the name in an item."""
    name = document.syntax.value_of(item)
    if "{" not in name:
        yield from resolve_name(document, block, name, item.span[0] + 1)


def find_layer(document: Document, offset: int) -> LayerUse | None:
    """Return the line whose name is at an offset: where the line is, or where it is read."""
    around = document.syntax.around(offset)
    item = around[-1] if around else None
    if item is None or item.kind != "text":
        return None
    if is_line(item.path[:-1]) and item.path[-1] == "name":
        return LayerUse((item.span[0] + 1, item.span[1] - 1), document, item.path[:-1])
    block = named_block(item.path)
    if block is None:
        return None
    if document.syntax.value_of(item) == "previous":
        return find_line_before(document, item)
    uses = resolve_item(document, block, item)
    return next((use for use in uses if use.span[0] <= offset <= use.span[1]), None)


def find_line_before(document: Document, item: SyntaxItem) -> LayerUse | None:
    """Return the line above the one that an item is in."""
    path = line_path(item.path)
    if path is None or path[-1] == 0:
        return None
    before = (*path[:-1], int(path[-1]) - 1)
    return LayerUse(item.span, document, before) if before in document.syntax.by_path else None
