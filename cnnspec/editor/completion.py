"""Completion: what can be written at a position, with its documentation."""

from collections.abc import Iterator

from cnnspec.editor.completed_keys import complete_headers, complete_keys
from cnnspec.editor.completed_values import complete_names, complete_values
from cnnspec.editor.cursor import Suggestion, find_cursor
from cnnspec.editor.document import Document
from cnnspec.editor.positions import Position, TextEdit
from cnnspec.gate.findings import CODES, can_be_ignored, get_title
from cnnspec.records import Record


class Completion(Record):
    """What an editor offers to write: a label, a kind, and the edit that writes it.

    ``kind`` is operator, block, field, key, layer, argument, function, value, variant, header or
    rule. ``detail`` is a short description, ``documentation`` Markdown. Completions are in the
    order in which they are offered."""

    label: str
    kind: str
    edit: TextEdit
    detail: str = ""
    documentation: str = ""


def find_completions(document: Document, position: Position) -> list[Completion]:
    """Return what can be written at a position, the likeliest first."""
    cursor = find_cursor(document, document.offset(position))
    found: dict[str, Completion] = {}
    shown = document.lines.range(cursor.span)
    for suggestion in find_suggestions(document, position):
        edit = TextEdit(shown, suggestion.text or suggestion.label)
        found.setdefault(
            suggestion.label,
            Completion(
                suggestion.label,
                suggestion.kind,
                edit,
                suggestion.detail,
                suggestion.documentation,
            ),
        )
    return [*found.values()]


def find_suggestions(document: Document, position: Position) -> Iterator[Suggestion]:
    """Yield what can be written at a position."""
    cursor = find_cursor(document, document.offset(position))
    match cursor.kind:
        case "comment":
            for code in CODES:
                if can_be_ignored(code):
                    yield Suggestion(code, "rule", get_title(code))
        case "header":
            yield from complete_headers(document)
        case "key":
            yield from complete_keys(document, cursor)
        case "name":
            yield from complete_names(document, cursor.path)
        case "value":
            yield from complete_values(document, cursor)
