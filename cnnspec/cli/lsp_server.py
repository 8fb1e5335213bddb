"""The language server: open documents, and the handlers of the protocol's requests."""

import asyncio
import os
from collections.abc import Generator
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol, lsp_method
from pygls.uris import to_fs_path

from cnnspec import __version__
from cnnspec.cli import lsp_types as lsp
from cnnspec.editor.actions import find_code_actions
from cnnspec.editor.completion import find_completions
from cnnspec.editor.diagnostics import Diagnostic, find_diagnostics_in_steps
from cnnspec.editor.document import Document
from cnnspec.editor.formatting import format_document
from cnnspec.editor.hover import find_hover
from cnnspec.editor.inlay_hints import find_inlay_hints
from cnnspec.editor.references import (
    find_definition,
    find_references,
    find_renamed,
    rename_layer,
)
from cnnspec.editor.symbols import find_symbols
from cnnspec.gate.run import forget_read_files
from cnnspec.problems import RequestError

WAIT = 0.15  # seconds without a change before a text is checked
REQUEST_FAILED = -32803  # a code of the protocol
TRIGGERS = ['"', "{", "[", ".", ",", "=", " ", "#"]


class SpecProtocol(LanguageServerProtocol):
    """The protocol with positions in UTF-16, which every client offers."""

    @lsp_method(types.INITIALIZE)
    def lsp_initialize(
        self, params: types.InitializeParams
    ) -> Generator[Any, Any, types.InitializeResult]:
        """Answer the client's first request, whose other encodings are not used."""
        if params.capabilities.general is not None:
            params.capabilities.general.position_encodings = None
        return (yield from super().lsp_initialize(params))


class SpecServer(LanguageServer):
    """The open documents by URI, with what was found in them."""

    def __init__(self) -> None:
        super().__init__("cnnspec", __version__, protocol_cls=SpecProtocol)
        self.documents: dict[str, Document] = {}
        self.found: dict[str, list[Diagnostic]] = {}
        self.checks: dict[str, asyncio.Task[None]] = {}

    def document(self, uri: str) -> Document:
        """Return an open document in its present version."""
        if uri not in self.documents:
            self.update(uri)
        return self.documents[uri]

    def update(self, uri: str, variant: str | None = None) -> None:
        """Take over the present text of a document, and check it once no other change follows."""
        before = self.documents.get(uri)
        path = to_fs_path(uri) or f"{os.path.basename(uri) or 'untitled'}.toml"
        shown = before.variant if before is not None and variant is None else variant or ""
        text = self.workspace.get_text_document(uri).source
        self.documents[uri] = Document(text, path, shown, before)
        self.stop_check(uri)
        self.checks[uri] = asyncio.get_running_loop().create_task(self.check(uri))

    def stop_check(self, uri: str) -> None:
        """Stop a check that is not finished."""
        task = self.checks.pop(uri, None)
        if task is not None:
            task.cancel()

    async def check(self, uri: str) -> None:
        """Check a document and publish what is found; other requests are answered in between."""
        await asyncio.sleep(WAIT)
        document = self.documents[uri]
        found: list[Diagnostic] = []
        if document.is_spec:
            forget_read_files()
            steps = find_diagnostics_in_steps(document)
            while True:
                try:
                    next(steps)
                except StopIteration as done:
                    found = done.value
                    break
                await asyncio.sleep(0.001)
        self.publish(uri, found)

    def publish(self, uri: str, found: list[Diagnostic]) -> None:
        """Send the diagnostics of a document."""
        self.found[uri] = found
        own = self.documents[uri].path if uri in self.documents else ""
        shown = [lsp.lsp_diagnostic(diagnostic, uri, own) for diagnostic in found]
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, shown))

    def close(self, uri: str) -> None:
        """Forget a document."""
        self.stop_check(uri)
        self.documents.pop(uri, None)
        self.publish(uri, [])
        self.found.pop(uri, None)


def make_server() -> SpecServer:
    """Return a server with all features, which is not started yet."""
    server = SpecServer()
    add_documents(server)
    add_numbers(server)
    add_names(server)
    add_changes(server)
    return server


def add_documents(server: SpecServer) -> None:
    """Add the notifications about documents, and the command that shows a variant."""

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    async def did_open(params: types.DidOpenTextDocumentParams) -> None:
        server.update(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    async def did_change(params: types.DidChangeTextDocumentParams) -> None:
        server.update(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    async def did_save(params: types.DidSaveTextDocumentParams) -> None:
        for uri in [*server.documents]:  # others may include the file
            server.update(uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    async def did_close(params: types.DidCloseTextDocumentParams) -> None:
        server.close(params.text_document.uri)

    @server.command(lsp.SHOW_VARIANT)
    async def show_variant(uri: str, variant: str) -> None:
        server.update(uri, variant)
        workspace = server.client_capabilities.workspace
        if workspace and workspace.inlay_hint and workspace.inlay_hint.refresh_support:
            server.workspace_inlay_hint_refresh(None)


def add_numbers(server: SpecServer) -> None:
    """Add inlay hints, hover and completion."""

    @server.feature(types.TEXT_DOCUMENT_INLAY_HINT)
    async def inlay_hint(params: types.InlayHintParams) -> list[types.InlayHint]:
        document = server.document(params.text_document.uri)
        first, last = params.range.start.line, params.range.end.line
        return [*map(lsp.lsp_hint, find_inlay_hints(document, first, last))]

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def hover(params: types.HoverParams) -> types.Hover | None:
        document = server.document(params.text_document.uri)
        found = find_hover(document, lsp.position_of(params.position))
        return lsp.lsp_hover(found) if found is not None else None

    options = types.CompletionOptions(trigger_characters=TRIGGERS)

    @server.feature(types.TEXT_DOCUMENT_COMPLETION, options)
    async def completion(params: types.CompletionParams) -> types.CompletionList:
        document = server.document(params.text_document.uri)
        found = []
        if document.may_be_spec:
            found = find_completions(document, lsp.position_of(params.position))
        items = [lsp.lsp_completion(one, n) for n, one in enumerate(found)]
        return types.CompletionList(is_incomplete=False, items=items)


def add_names(server: SpecServer) -> None:
    """Add definitions, references, the outline and renames."""

    @server.feature(types.TEXT_DOCUMENT_DEFINITION)
    async def definition(params: types.DefinitionParams) -> list[types.Location]:
        uri = params.text_document.uri
        document = server.document(uri)
        found = find_definition(document, lsp.position_of(params.position))
        return [lsp.lsp_location(one, uri, document.path) for one in found]

    @server.feature(types.TEXT_DOCUMENT_REFERENCES)
    async def references(params: types.ReferenceParams) -> list[types.Location]:
        uri = params.text_document.uri
        document = server.document(uri)
        position, declared = lsp.position_of(params.position), params.context.include_declaration
        found = find_references(document, position, declared)
        return [lsp.lsp_location(one, uri, document.path) for one in found]

    @server.feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    async def symbols(params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
        document = server.document(params.text_document.uri)
        return [*map(lsp.lsp_symbol, find_symbols(document))] if document.is_spec else []

    @server.feature(types.TEXT_DOCUMENT_PREPARE_RENAME)
    async def prepare_rename(params: types.PrepareRenameParams) -> types.Range:
        document = server.document(params.text_document.uri)
        try:
            return lsp.lsp_range(find_renamed(document, lsp.position_of(params.position)))
        except RequestError as error:
            raise JsonRpcException(str(error), REQUEST_FAILED) from None

    @server.feature(types.TEXT_DOCUMENT_RENAME, types.RenameOptions(prepare_provider=True))
    async def rename(params: types.RenameParams) -> types.WorkspaceEdit:
        uri = params.text_document.uri
        position = lsp.position_of(params.position)
        try:
            edits = rename_layer(server.document(uri), position, params.new_name)
        except RequestError as error:
            raise JsonRpcException(str(error), REQUEST_FAILED) from None
        return types.WorkspaceEdit(changes={uri: lsp.lsp_edits(edits)})


def add_changes(server: SpecServer) -> None:
    """Add code actions and formatting."""

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION)
    async def code_action(params: types.CodeActionParams) -> list[types.CodeAction]:
        uri = params.text_document.uri
        document, known = server.document(uri), server.found.get(uri, [])
        found = find_code_actions(document, lsp.range_of(params.range), known)
        return [lsp.lsp_action(action, uri) for action in found]

    @server.feature(types.TEXT_DOCUMENT_FORMATTING)
    async def formatting(params: types.DocumentFormattingParams) -> list[types.TextEdit]:
        document = server.document(params.text_document.uri)
        return lsp.lsp_edits(format_document(document)) if document.is_spec else []
