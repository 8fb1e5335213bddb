"""Go to definition, references, and the rename of a layer, across included files."""

import re
from collections.abc import Iterator

from cnnspec.editor.document import Document
from cnnspec.editor.layer_names import (
    LayerUse,
    find_layer,
    find_uses,
    lines_of,
    matches_name,
    named_block,
)
from cnnspec.editor.positions import Location, Position, Range, Span, TextEdit
from cnnspec.editor.targets import (
    WORD,
    Target,
    arguments_of,
    block_of,
    find_block,
    find_target,
)
from cnnspec.problems import RequestError, visible
from cnnspec.spec.reader import RESERVED, SHORTHAND, name_fault
from cnnspec.spec.source import Path


def find_definition(document: Document, position: Position) -> list[Location]:
    """Return where the layer, block, argument or file at a position is declared; [] for others."""
    offset = document.offset(position)
    if layer := find_layer(document, offset):
        return [locate(layer.document, name_span(layer.document, layer.path))]
    target = find_target(document, offset)
    if target is None:
        return []
    if target.kind == "include":
        found = [t for t in document.included.values() if t.path.endswith(target.name)]
        return [locate(text, (0, 0)) for text in found]
    if target.kind == "block" and (text := find_block(document, target.name)):
        return [locate(text, block_span(text, target.name))]
    if target.kind == "field" and (text := find_block(document, target.owner)):
        return locate_argument(text, target.name, target.owner)
    if target.kind == "argument":
        return locate_argument(document, target.name, target.owner)
    return []


def locate(document: Document, span: Span) -> Location:
    """Return the location of a span of a document."""
    return Location(document.path, document.lines.range(span))


def name_span(document: Document, path: Path) -> Span:
    """Return the span of the name of a line, without quotes; of the line if it has none."""
    item = document.syntax.by_path.get((*path, "name"))
    if item is None:
        return document.syntax.by_path[path].span
    return (item.span[0] + 1, item.span[1] - 1) if item.kind == "text" else item.span


def block_span(document: Document, name: str) -> Span:
    """Return the span of the name of a block in its header, or of its first key."""
    item = document.syntax.by_path.get(("blocks", name))
    if item is not None and item.key is not None:
        return item.key
    first = next(i for i in document.syntax.items if i.path[:2] == ("blocks", name))
    return first.key or first.span


def locate_argument(document: Document, name: str, owner: str) -> list[Location]:
    """Return where a block, or the network for "", declares an argument."""
    syntax = document.syntax
    if not owner:
        declared = [i for i in syntax.items if i.path[:2] == ("args", name) and i.key]
        return [locate(document, item.key) for item in declared[:1] if item.key]
    for item in syntax.values(("blocks", owner, "args")):
        if syntax.value_of(item) == name:
            return [locate(document, (item.span[0] + 1, item.span[1] - 1))]
    default = syntax.by_path.get(("blocks", owner, "defaults", name))
    return [locate(document, default.key)] if default is not None and default.key else []


def find_references(
    document: Document, position: Position, declaration: bool = True
) -> list[Location]:
    """Return where the layer, block or argument at a position is used, in the order of the text.

    These are the places in the text and in the files that it includes; the first are those of the
    text. ``declaration`` adds the place where it is declared."""
    offset = document.offset(position)
    texts = [document, *document.included.values()]
    declared = find_definition(document, position) if declaration else []
    if layer := find_layer(document, offset):
        spans = [(text, use.span) for text in texts for use in uses_of_layer(text, layer)]
    else:
        target = find_target(document, offset)
        if target is None:
            return []
        if target.kind == "block":
            spans = [(text, s) for text in texts for s in uses_of_block(text, target.name)]
        elif target.kind in ("argument", "field"):
            text = find_block(document, target.owner) if target.owner else document
            spans = [(t, s) for t in texts for s in uses_of_argument(t, target, text)]
        else:
            return []
    return [*dict.fromkeys([*declared, *(locate(text, span) for text, span in spans)])]


def uses_of_layer(document: Document, layer: LayerUse) -> Iterator[LayerUse]:
    """Yield the places of a text that name a layer."""
    for use in find_uses(document):
        if use.path == layer.path and use.document.path == layer.document.path:
            yield use


def uses_of_block(document: Document, name: str) -> Iterator[Span]:
    """Yield the places of a text that name a block, in arguments too."""
    syntax = document.syntax
    for item in syntax.items:
        named = item.path[-1] in ("op", *SHORTHAND) or item.path[0] in ("args", "variants")
        if item.kind == "text" and named and syntax.value_of(item) == name:
            yield item.span[0] + 1, item.span[1] - 1


def uses_of_argument(
    document: Document, target: Target, declared_in: Document | None
) -> Iterator[Span]:
    """Yield the places of a text that use an argument: in expressions, calls and variants."""
    syntax, name = document.syntax, target.name
    own = declared_in is not None and document.path == declared_in.path
    for item in syntax.items:
        path = item.path
        if item.key is not None and path[-1] == name:
            call = target.owner and syntax.string_at((*path[:-1], "op")) == target.owner
            if call or (not target.owner and len(path) == 3 and path[0] == "variants"):
                yield item.key
        block = block_of(path)
        hidden = block != target.owner and name in arguments_of(document, block)
        if item.kind == "text" and own and not hidden and target.owner in ("", block):
            for braces in re.finditer(r"\{([^{}]*)\}", syntax.source_of(item)):
                start = item.span[0] + braces.start(1)
                for word in WORD.finditer(document.text, start, start + len(braces[1])):
                    if word[0] == name:
                        yield word.span()


def find_renamed(document: Document, position: Position) -> Range:
    """Return the range of the name of the layer at a position.

    Raises RequestError where no layer is, or where its name is an expression."""
    layer = find_layer(document, document.offset(position))
    if layer is None:
        raise RequestError("only layers can be renamed: put the cursor on the name of one")
    written = layer.document.syntax.string_at((*layer.path, "name")) or ""
    if "{" in written:
        raise RequestError(f"the name {visible(written, 60)} has an expression: rename it by hand")
    if layer.document is not document:
        raise RequestError(f"the layer is in {visible(layer.document.path, 200)}: rename it there")
    return document.lines.range(layer.span)


def rename_layer(document: Document, position: Position, name: str) -> tuple[TextEdit, ...]:
    """Return the edits that give a layer another name, wherever the text reads it.

    Raises RequestError for a name that is not allowed or is taken, and as find_renamed does."""
    find_renamed(document, position)
    layer = find_layer(document, document.offset(position))
    assert layer is not None
    fault = name_fault(name) or ("the name is reserved" if name in RESERVED else "")
    fault = fault or ("an expression cannot be checked here" if set("{}") & set(name) else "")
    old = document.syntax.string_at((*layer.path, "name")) or ""
    block = block_of(layer.path)
    for written, path in lines_of(document, block):
        if path != layer.path and matches_name(written, name):
            fault = fault or f'the name "{visible(name)}" is in use'
    for item in document.syntax.items:
        written = document.syntax.value_of(item) if item.kind == "text" else ""
        if "{" in written and named_block(item.path) == block and matches_name(written, old):
            line = document.lines.position(item.span[0]).line + 1
            fault = fault or f"line {line} may name it by an expression: rename it by hand"
    if fault:
        raise RequestError(fault)
    spans = [name_span(document, layer.path), *(u.span for u in uses_of_layer(document, layer))]
    ordered = sorted(dict.fromkeys(spans))
    return tuple(TextEdit(document.lines.range(span), name) for span in ordered)
