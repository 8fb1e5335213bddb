"""The values that a key can have where the cursor is, and the names in an expression."""

from collections.abc import Iterator

from cnnspec.editor.completed_keys import named_networks
from cnnspec.editor.cursor import Cursor, Suggestion
from cnnspec.editor.descriptions import (
    FUNCTION_DOCS,
    describe_argument,
    describe_block,
    find_field,
    find_values,
)
from cnnspec.editor.document import Document, is_line, line_path
from cnnspec.editor.inlay_hints import describe_cost
from cnnspec.editor.layer_names import list_path
from cnnspec.editor.targets import arguments_of, block_of, last_key
from cnnspec.ops.kit.fields import FlagField
from cnnspec.ops.registry import OPERATORS, find_installed, load_operator
from cnnspec.spec.budgets import EXAMPLES, SETTINGS
from cnnspec.spec.claims import MATRICES, QUANTITIES
from cnnspec.spec.functions import FUNCTIONS
from cnnspec.spec.reader import BOUND, SHORTHAND
from cnnspec.spec.schema_lines import operator_summary
from cnnspec.spec.source import Path


def complete_values(document: Document, cursor: Cursor) -> Iterator[Suggestion]:
    """Yield the values that the key around a cursor can have, in quotes outside a string."""
    for suggestion in values_of(document, cursor.path):
        plain = suggestion.kind == "value" and suggestion.label in ("true", "false")
        if plain and cursor.quoted:
            continue
        text = suggestion.text or suggestion.label
        yield suggestion.replace(text=text if plain or cursor.quoted else f'"{text}"')


def values_of(document: Document, path: Path) -> Iterator[Suggestion]:
    """Yield the values that the key of a path can have."""
    key = last_key(path)
    in_line, in_block = line_path(path) is not None, path[0] == "blocks"
    if key == "op" and (in_line or in_block):
        part = str(path[-2]) if path[-2] in SHORTHAND else ""
        yield from complete_calls(document, part)
    elif key in SHORTHAND and (in_line or in_block):
        yield from complete_calls(document, key)
        yield Suggestion("none", "value", "adds nothing")
    elif (in_line and key in ("from", "share")) or key == "outputs":
        yield from complete_layers(document, path, key)
    elif key == "variant" and path[0] == "claims":
        yield from [Suggestion(name, "variant") for name in named_networks(document)]
    elif key == "quantity":
        yield from [Suggestion(name, "value") for name in QUANTITIES]
    elif key == "matrix":
        yield from [Suggestion(name, "value") for name in MATRICES]
    elif path[0] == "budget":
        yield from [Suggestion(option, "value") for option in SETTINGS.get(key, ())]
        if key in EXAMPLES:
            yield Suggestion(EXAMPLES[key].strip('"'), "value", "for example")
    elif key == "training_only":
        yield from [Suggestion(word, "value") for word in ("true", "false")]
    elif in_line or in_block or path[0] == "variants":
        yield from complete_field(document, path, key)


def complete_calls(document: Document, part: str) -> Iterator[Suggestion]:
    """Yield the blocks and operators that a line can call, or those that are a ``part``."""
    find_installed()
    for text in (document, *document.included.values()):
        names = [str(path[1]) for path in text.syntax.by_path if path[0] == "blocks" and path[1:]]
        for name in dict.fromkeys(names):
            inner = text.syntax.string_at(("blocks", name, "op"))
            if not part or (inner in OPERATORS and load_operator(inner).role == part):
                detail = f"preset of {inner}" if inner is not None else "block"
                yield Suggestion(name, "block", detail, describe_block(document, name))
    for name in OPERATORS:
        operator = load_operator(name)
        if not part or operator.role == part:
            yield Suggestion(name, "operator", operator.title, operator_summary(name))


def complete_layers(document: Document, path: Path, key: str) -> Iterator[Suggestion]:
    """Yield the layers that a line can read: those above it, nearest first, then the inputs."""
    block, line = block_of(path), line_path(path)
    syntax = document.syntax
    items = [item for item in syntax.values(list_path(block)) if is_line(item.path)]
    above = [i for i in items if line is None or int(i.path[-1]) < int(line[-1])]
    for item in reversed(above):
        written = syntax.string_at((*item.path, "name"))
        cost = document.line_cost(item.path)
        detail = describe_cost(cost) if cost is not None else ""
        names = cost.names if cost is not None else ()
        if written and "{" not in written:
            names = (written,)
        for name in names:
            yield Suggestion(name, "layer", detail)
    if key == "from":
        ports: Path = ("blocks", block, "inputs") if block else ("inputs",)
        inputs = [syntax.value_of(item) for item in syntax.values(ports)] or ["input"]
        what = "an input of the block" if block else "an input of the network"
        yield from [Suggestion(name, "layer", what) for name in inputs]
        yield Suggestion("previous", "layer", "the line above")


def complete_field(document: Document, path: Path, key: str) -> Iterator[Suggestion]:
    """Yield the words that a field takes, and the arguments that can give its value."""
    table = path[: path.index(key)] if key in path else path[:-1]
    called = document.syntax.string_at((*table, "op")) or ""
    field = find_field(document, called, key) if called else None
    if isinstance(field, FlagField):
        yield from [Suggestion(word, "value") for word in ("true", "false")]
    for word in (*getattr(field, "options", ()), *getattr(field, "words", ())):
        yield Suggestion(word, "value", f"a value of {key}")
    for name in complete_names(document, path):
        if name.kind == "argument":
            yield name.replace(label=f"{{{name.label}}}", text=f"{{{name.label}}}")


def complete_names(document: Document, path: Path) -> Iterator[Suggestion]:
    """Yield the names that an expression at a path can use: arguments, then functions."""
    block, line = block_of(path), line_path(path)
    cost = document.line_cost(line) if line is not None else None
    syntax = document.syntax
    names = dict.fromkeys(arguments_of(document, block), block)
    repeated = line is not None and any(
        (*line, key) in syntax.by_path for key in ("repeat", "each")
    )
    bound = ["i"] * repeated + ["in_channels"] * bool(block)
    names |= dict.fromkeys(bound, block)
    for name in arguments_of(document, ""):
        names.setdefault(name, "")
    for name, owner in names.items():
        values = find_values(document, name, owner, cost)
        detail = ", ".join(values[:4]) + (", …" if len(values) > 4 else "")
        detail = detail or BOUND.get(name, "").removeprefix("it ")
        yield Suggestion(name, "argument", detail, describe_argument(document, name, owner, cost))
    for name in FUNCTIONS:
        yield Suggestion(name, "function", FUNCTION_DOCS[name])
