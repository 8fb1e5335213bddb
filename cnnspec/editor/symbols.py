"""The outline of a spec: its layers, blocks with their lines, arguments and variants."""

from collections.abc import Iterable

from cnnspec.editor.document import Document, find_line_items
from cnnspec.editor.inlay_hints import describe_cost
from cnnspec.editor.layer_names import list_path
from cnnspec.editor.positions import Range
from cnnspec.editor.syntax_scanner import SyntaxItem
from cnnspec.records import Record


class Symbol(Record):
    """An entry of the outline; ``kind`` is list, layer, block, argument or variant.

    ``detail`` has the operator and the numbers of a layer. ``name_range`` is inside ``range``."""

    name: str
    kind: str
    range: Range
    name_range: Range
    detail: str = ""
    inside: "tuple[Symbol, ...]" = ()


def find_symbols(document: Document) -> list[Symbol]:
    """Return the outline of a text, in the order of the text."""
    syntax, lines = document.syntax, document.lines
    layers = find_line_items(syntax)
    found: dict[int, Symbol] = {}
    for item in syntax.items:
        path = item.path
        if path == ("layers",) and item.key is not None:
            inside = layer_symbols(document, layers, "")
            shown = lines.range((item.key[0], item.span[1]))
            name_range = lines.range(item.key)
            found[item.key[0]] = Symbol("layers", "list", shown, name_range, "", inside)
        elif len(path) == 2 and path[0] in ("blocks", "variants") and item.key is not None:
            start = min(item.key[0], item.span[0])
            name = str(path[1])
            inside = layer_symbols(document, layers, name) if path[0] == "blocks" else ()
            end = max([item.span[1], *[lines.offset(symbol.range.end) for symbol in inside]])
            kind, key = str(path[0])[:-1], lines.range(item.key)
            found[start] = Symbol(name, kind, lines.range((start, end)), key, "", inside)
        elif len(path) == 2 and path[0] == "args" and item.key is not None:
            value = syntax.source_of(item).partition("\n")[0][:80]
            shown = lines.range((item.key[0], max(item.key[1], item.span[1])))
            name_range = lines.range(item.key)
            symbol = Symbol(str(path[1]), "argument", shown, name_range, value)
            found.setdefault(item.key[0], symbol)
    return [found[start] for start in sorted(found)]


def layer_symbols(
    document: Document, items: Iterable[SyntaxItem], block: str
) -> tuple[Symbol, ...]:
    """Return the entries of the lines of a block, or of the network for ""."""
    syntax, lines, wanted = document.syntax, document.lines, list_path(block)
    symbols = []
    for item in items:
        if item.path[:-1] != wanted:
            continue
        name = syntax.by_path.get((*item.path, "name"))
        called = syntax.string_at((*item.path, "op")) or ""
        cost = document.line_cost(item.path)
        detail = ", ".join(filter(None, [called, describe_cost(cost) if cost else ""]))
        symbols.append(
            Symbol(
                syntax.value_of(name) or "?" if name is not None else "?",
                "layer",
                lines.range(item.span),
                lines.range(name.span if name is not None else item.span),
                detail,
            )
        )
    return tuple(symbols)
