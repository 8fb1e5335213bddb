"""Converts the results of cnnspec.editor to the types of the Language Server Protocol."""

from collections.abc import Iterable

from lsprotocol import types
from pygls.uris import from_fs_path

from cnnspec.editor.actions import CodeAction
from cnnspec.editor.completion import Completion
from cnnspec.editor.diagnostics import Diagnostic
from cnnspec.editor.hover import Hover
from cnnspec.editor.inlay_hints import InlayHint
from cnnspec.editor.positions import Location, Position, Range, TextEdit
from cnnspec.editor.symbols import Symbol
from cnnspec.rules.rule import ADVICE, ERROR, WARNING

SHOW_VARIANT = "cnnspec.showVariant"  # a command of the server: the URI and a variant
SEVERITIES = {
    ERROR: types.DiagnosticSeverity.Error,
    WARNING: types.DiagnosticSeverity.Warning,
    ADVICE: types.DiagnosticSeverity.Information,
}
COMPLETIONS = {
    "operator": types.CompletionItemKind.Function,
    "block": types.CompletionItemKind.Class,
    "field": types.CompletionItemKind.Field,
    "key": types.CompletionItemKind.Property,
    "layer": types.CompletionItemKind.Reference,
    "argument": types.CompletionItemKind.Variable,
    "function": types.CompletionItemKind.Function,
    "value": types.CompletionItemKind.Value,
    "variant": types.CompletionItemKind.EnumMember,
    "header": types.CompletionItemKind.Module,
    "rule": types.CompletionItemKind.Constant,
}
SYMBOLS = {
    "list": types.SymbolKind.Array,
    "layer": types.SymbolKind.Field,
    "block": types.SymbolKind.Class,
    "argument": types.SymbolKind.Variable,
    "variant": types.SymbolKind.EnumMember,
}


def position_of(position: types.Position) -> Position:
    """Return a position of the protocol as one of cnnspec.editor."""
    return Position(position.line, position.character)


def range_of(shown: types.Range) -> Range:
    """Return a range of the protocol as one of cnnspec.editor."""
    return Range(position_of(shown.start), position_of(shown.end))


def lsp_position(position: Position) -> types.Position:
    """Return a position for the protocol."""
    return types.Position(position.line, position.character)


def lsp_range(shown: Range) -> types.Range:
    """Return a range for the protocol."""
    return types.Range(lsp_position(shown.start), lsp_position(shown.end))


def lsp_edits(edits: Iterable[TextEdit]) -> list[types.TextEdit]:
    """Return edits for the protocol."""
    return [types.TextEdit(lsp_range(edit.range), edit.new_text) for edit in edits]


def uri_of(path: str, uri: str, own: str) -> str:
    """Return the URI of a path; ``uri`` for the document's ``own`` path."""
    return uri if path == own else from_fs_path(path) or path


def lsp_location(location: Location, uri: str, own: str) -> types.Location:
    """Return a location for the protocol; ``own`` is the path of the document with ``uri``."""
    return types.Location(uri_of(location.path, uri, own), lsp_range(location.range))


def lsp_diagnostic(diagnostic: Diagnostic, uri: str, own: str) -> types.Diagnostic:
    """Return a diagnostic for the protocol, with its help in the message."""
    message = diagnostic.message
    if diagnostic.help:
        message += f"\nhelp: {diagnostic.help}"
    related = [
        types.DiagnosticRelatedInformation(lsp_location(r.location, uri, own), r.message)
        for r in diagnostic.related
    ]
    return types.Diagnostic(
        lsp_range(diagnostic.range),
        message,
        SEVERITIES[diagnostic.severity],
        code=diagnostic.code or None,
        source="cnnspec",
        related_information=related or None,
    )


def lsp_hint(hint: InlayHint) -> types.InlayHint:
    """Return an inlay hint for the protocol."""
    return types.InlayHint(
        lsp_position(hint.position), hint.label, tooltip=hint.tooltip, padding_left=True
    )


def lsp_hover(hover: Hover) -> types.Hover:
    """Return a hover for the protocol."""
    content = types.MarkupContent(types.MarkupKind.Markdown, hover.markdown)
    return types.Hover(content, lsp_range(hover.range))


def lsp_completion(completion: Completion, number: int) -> types.CompletionItem:
    """Return the completion that is offered in the place ``number``."""
    documentation = None
    if completion.documentation:
        documentation = types.MarkupContent(types.MarkupKind.Markdown, completion.documentation)
    return types.CompletionItem(
        completion.label,
        kind=COMPLETIONS[completion.kind],
        detail=completion.detail or None,
        documentation=documentation,
        sort_text=f"{number:05}",
        filter_text=completion.edit.new_text,
        text_edit=lsp_edits([completion.edit])[0],
    )


def lsp_symbol(symbol: Symbol) -> types.DocumentSymbol:
    """Return an entry of the outline for the protocol."""
    return types.DocumentSymbol(
        symbol.name or "?",
        SYMBOLS[symbol.kind],
        lsp_range(symbol.range),
        lsp_range(symbol.name_range),
        detail=symbol.detail or None,
        children=[*map(lsp_symbol, symbol.inside)] or None,
    )


def lsp_action(action: CodeAction, uri: str) -> types.CodeAction:
    """Return a code action for the protocol: edits, or the command that shows a variant."""
    if action.variant:
        shown = types.Command(action.title, SHOW_VARIANT, arguments=[uri, action.variant])
        return types.CodeAction(action.title, kind=types.CodeActionKind.Empty, command=shown)
    edit = types.WorkspaceEdit(changes={uri: lsp_edits(action.edits)})
    return types.CodeAction(action.title, kind=types.CodeActionKind.QuickFix, edit=edit)
