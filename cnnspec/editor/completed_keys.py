"""The keys that a table of a spec can have where the cursor is, and the headers of tables."""

from collections.abc import Iterator

from cnnspec.editor.cursor import Cursor, Suggestion
from cnnspec.editor.descriptions import describe_field, describe_key, find_field, topic_of_key
from cnnspec.editor.document import Document, line_path
from cnnspec.editor.targets import arguments_of, find_block, is_operator
from cnnspec.ops.registry import load_operator
from cnnspec.report.reference.topics import describe_default
from cnnspec.spec import claims
from cnnspec.spec.blocks import COMPOSITE
from cnnspec.spec.budgets import LIMITS, SETTINGS
from cnnspec.spec.reader import ABOUT, CONTROL, KEYS, NEEDED, SHORTHAND
from cnnspec.spec.source import Path
from cnnspec.spec.variants import LIBRARIES

TABLES = ("blocks", "variants", "reference", "budget")  # of named tables
FIRST_LINES = 'layers = [\n  { name = "", op = "" },\n]'
CLAIM_KEYS = dict.fromkeys(
    [*claims.ABOUT, *claims.SUBJECT, *(key for kind in claims.KINDS.values() for key in kind)]
)


def complete_headers(document: Document) -> Iterator[Suggestion]:
    """Yield the tables that a header can begin; the brackets are there already."""
    paths = [item.path for item in document.syntax.items]
    variants = [str(path[1]) for path in paths if path[:1] == ("variants",) and path[1:]]
    for table in TABLES:
        yield Suggestion(f"{table}.", "header", "", describe_key(table))
        if table in ("reference", "budget"):
            for name in dict.fromkeys(variants):
                yield Suggestion(f"{table}.{name}", "header")
    for table in ("args", "model", "claims"):
        yield Suggestion(table, "header", "", describe_key(table))


def complete_keys(document: Document, cursor: Cursor) -> Iterator[Suggestion]:
    """Yield the keys that the table around a cursor can have, without those that it has."""
    path, syntax = cursor.path, document.syntax
    line = document.lines.position(cursor.span[0]).line
    given = {
        str(item.path[-1])
        for item in syntax.values(path)
        if item.key is not None and item.key != cursor.span
    }
    end = "" if cursor.has_value else " = "
    if not path:
        given |= {str(item.path[0]) for item in syntax.items if item.path[:1] != ("args",)}
        word = document.text[document.lines.starts[line] : cursor.span[1]].strip()
        given -= {word}
    for suggestion in keys_of(document, path):
        if suggestion.label not in given:
            text = suggestion.text or suggestion.label
            if text == "layers" and end:
                text = FIRST_LINES
            yield suggestion.replace(text=text if text.endswith((".", "]")) else text + end)


def keys_of(document: Document, path: Path) -> Iterator[Suggestion]:
    """Yield the keys of the table at a path."""
    syntax = document.syntax
    top = str(path[0]) if path else ""
    called = syntax.string_at((*path, "op")) or ""
    if not path:
        for key in dict.fromkeys([*NEEDED, *KEYS]):
            text = "args." if key == "args" else ""
            detail = "required" if key in NEEDED else ""
            yield Suggestion(key, "key", detail, describe_key(key), text)
    elif line_path(path) == path:
        yield from keys_of_line(document, called, "share" in map(last_of, syntax.values(path)))
    elif line_path(path) is not None and path[-1] in SHORTHAND:
        yield Suggestion("op", "key", "", describe_key("op"))
        yield from fields_of(document, called)
    elif top == "blocks" and len(path) == 2:
        yield from keys_of_block(document, called, path)
    elif top == "variants" and len(path) == 2:
        for name in arguments_of(document, ""):
            yield argument_suggestion(document, name)
        for key in ABOUT:
            yield Suggestion(key, "key", "", describe_key(key))
    elif top in ("reference", "budget") and len(path) == 1:
        for name in named_networks(document):
            yield Suggestion(name, "variant", "a variant of the network")
    elif (top == "reference" and path[-1] == "set") or path == ("args",):
        for name in arguments_of(document, "") if top == "reference" else ():
            yield argument_suggestion(document, name)
    else:
        tables = {
            "reference": (*LIBRARIES, "set"),
            "budget": (*LIMITS, *SETTINGS),
            "model": ("factory", "args"),
            "claims": tuple(CLAIM_KEYS),
        }
        for key in tables.get(top, ()):
            yield Suggestion(key, "key")


def last_of(item: object) -> str:
    """Return the key of an item."""
    return str(getattr(item, "path", ("",))[-1])


def keys_of_line(document: Document, called: str, shares: bool) -> Iterator[Suggestion]:
    """Yield the keys of a line: its name, the fields of what it calls, then what every line has."""
    yield Suggestion("name", "key", "required", describe_key("name"))
    if not called and not shares:
        yield Suggestion("op", "key", "required", describe_key("op"))
    yield from fields_of(document, called)
    block = bool(called) and not is_operator(called)
    parts = () if shares or (block and find_field(document, called, "bias") is None) else SHORTHAND
    for key in (*CONTROL, *parts):
        if not (key == "share" and called) and not (key == "op" and shares):
            yield Suggestion(key, "key", "", describe_key(key))


def keys_of_block(document: Document, called: str, path: Path) -> Iterator[Suggestion]:
    """Yield the keys of a block or, where it has op, of a preset."""
    yield from fields_of(document, called)
    own = ("args", "defaults", *SHORTHAND) if called else (*COMPOSITE, "op")
    for key in own:
        yield Suggestion(key, "key", "", describe_key(topic_of_key((*path, key))))


def fields_of(document: Document, called: str) -> Iterator[Suggestion]:
    """Yield the fields of an operator, or the arguments of a block; required ones first."""
    text = find_block(document, called) if called else None
    if text is not None:
        for name in arguments_of(text, called):
            default = text.syntax.by_path.get(("blocks", called, "defaults", name))
            detail = f"default {text.syntax.source_of(default)}" if default else "required"
            documentation = describe_field(document, called, name)
            yield Suggestion(name, "argument", detail, documentation)
        inner = text.syntax.string_at(("blocks", called, "op"))
        if inner is not None and inner != called:
            yield from fields_of_operator(inner)
    else:
        yield from fields_of_operator(called)


def fields_of_operator(name: str) -> Iterator[Suggestion]:
    """Yield the fields of an operator with their defaults; nothing where there is none."""
    if not name or not is_operator(name):
        return
    fields = load_operator(name).fields
    for key, field in sorted(fields.items(), key=lambda pair: not pair[1].required):
        detail = describe_default(field.required, field.default)
        yield Suggestion(key, "field", detail, f"{field.doc}.\n\nTakes {field.takes}.")


def argument_suggestion(document: Document, name: str) -> Suggestion:
    """Return the suggestion of an argument of the network, with its default."""
    default = document.syntax.by_path.get(("args", name))
    detail = document.syntax.source_of(default)[:80] if default else ""
    return Suggestion(name, "argument", f"default {detail}" if detail else "")


def named_networks(document: Document) -> list[str]:
    """Return the variants of a text, or the name of its network where it has none."""
    syntax = document.syntax
    found = [str(i.path[1]) for i in syntax.items if i.path[:1] == ("variants",) and i.path[1:]]
    return [*dict.fromkeys(found)] or [*filter(None, [syntax.string_at(("name",))])]
