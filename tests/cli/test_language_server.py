"""The language server, started as editors start it, answers over standard input and output."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_lsp
from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities

from cnnspec.cli.lsp_types import SHOW_VARIANT
from tests.editor.marked import SPEC

COMMAND = [sys.executable, "-m", "cnnspec", "lsp"]
TIMEOUT = 30


@pytest_lsp.fixture(config=ClientServerConfig(server_command=COMMAND))  # type: ignore[untyped-decorator]
async def client(lsp_client: LanguageClient) -> AsyncIterator[None]:
    """A client that has started the server, and ends it."""
    capabilities = client_capabilities("visual-studio-code")
    assert capabilities.general
    capabilities.general.position_encodings = ["utf-8", "utf-16"]
    result = await lsp_client.initialize_session(types.InitializeParams(capabilities))
    assert result.capabilities.position_encoding == "utf-16"
    yield
    await lsp_client.shutdown_session()


class OpenSpec:
    """A spec that is open in the client."""

    def __init__(self, client: LanguageClient, text: str, path: Path):
        self.client, self.text, self.uri, self.version = client, text, path.as_uri(), 1
        item = types.TextDocumentItem(self.uri, "toml", 1, text)
        client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        self.id = types.TextDocumentIdentifier(self.uri)

    def at(self, place: str) -> types.Position:
        """The position behind the first occurrence of a text."""
        before = self.text[: self.text.index(place) + len(place)]
        line = before.rpartition("\n")[2]
        return types.Position(before.count("\n"), len(line.encode("utf-16-le")) // 2)

    def replace(self, old: str, new: str) -> None:
        """Change the first occurrence of a text, as a client tells it."""
        end = self.at(old)
        length = len(old.encode("utf-16-le")) // 2
        start = types.Position(end.line, end.character - length)
        self.text = self.text.replace(old, new, 1)
        self.version += 1
        change = types.TextDocumentContentChangePartial(types.Range(start, end), new)
        which = types.VersionedTextDocumentIdentifier(self.version, self.uri)
        params = types.DidChangeTextDocumentParams(which, [change])
        self.client.text_document_did_change(params)

    async def findings(self) -> list[types.Diagnostic]:
        """The diagnostics that the server publishes next."""
        name = types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS
        await asyncio.wait_for(self.client.wait_for_notification(name), TIMEOUT)
        return list(self.client.diagnostics[self.uri])

    async def hints(self) -> list[str]:
        """The labels of all inlay hints."""
        whole = types.Range(types.Position(0, 0), types.Position(10_000, 0))
        params = types.InlayHintParams(self.id, whole)
        found = await asyncio.wait_for(self.client.text_document_inlay_hint_async(params), TIMEOUT)
        return [str(hint.label) for hint in found or []]


@pytest.mark.asyncio
async def test_an_edit_changes_hints_and_findings(client: LanguageClient, tmp_path: Path) -> None:
    spec = OpenSpec(client, SPEC, tmp_path / "net.toml")
    before = await spec.hints()
    assert before[1] == "8x32x32, 224 params, 221.2k MACs"
    assert all(d.code != "L001" for d in await spec.findings())
    spec.replace("padding = 1 }", "padding = 1, strid = 2 }")
    assert await spec.hints() == before
    (wrong,) = await spec.findings()
    assert (wrong.code, wrong.severity) == ("L001", types.DiagnosticSeverity.Error)
    assert "did you mean 'stride'?" in wrong.message
    context = types.CodeActionContext([wrong])
    params = types.CodeActionParams(spec.id, wrong.range, context)
    (action,) = await client.text_document_code_action_async(params) or []
    assert isinstance(action, types.CodeAction)
    assert action.edit
    assert action.edit.changes
    (edit,) = action.edit.changes[spec.uri]
    spec.replace("strid", edit.new_text)
    assert (await spec.hints())[1] == "8x16x16, 224 params, 55,296 MACs"
    assert all(d.code != "L001" for d in await spec.findings())


@pytest.mark.asyncio
async def test_what_is_at_a_position(client: LanguageClient, tmp_path: Path) -> None:
    spec = OpenSpec(client, SPEC, tmp_path / "net.toml")
    place = spec.at('["conv')
    hover = await client.text_document_hover_async(types.HoverParams(spec.id, place))
    assert hover
    assert isinstance(hover.contents, types.MarkupContent)
    assert "2 calls, 2 shapes" in hover.contents.value
    found = await client.text_document_definition_async(types.DefinitionParams(spec.id, place))
    assert isinstance(found, list)
    assert isinstance(found[0], types.Location)
    assert found[0].range.start.line == spec.at('name = "conv2').line
    context = types.ReferenceContext(include_declaration=True)
    uses = await client.text_document_references_async(
        types.ReferenceParams(context, spec.id, place)
    )
    assert len(uses or []) == 2
    offered = await client.text_document_completion_async(
        types.CompletionParams(spec.id, spec.at('op = "glob'))
    )
    assert isinstance(offered, types.CompletionList)
    assert {"conv", "unit"} <= {item.label for item in offered.items}
    outline = await client.text_document_document_symbol_async(types.DocumentSymbolParams(spec.id))
    assert [entry.name for entry in outline or []][:3] == ["width", "rows", "layers"]


@pytest.mark.asyncio
async def test_changes_of_the_text(client: LanguageClient, tmp_path: Path) -> None:
    spec = OpenSpec(client, SPEC.replace("two of them", "𝄞 two"), tmp_path / "net.toml")
    place = spec.at('["conv')
    await client.text_document_prepare_rename_async(types.PrepareRenameParams(spec.id, place))
    renamed = await client.text_document_rename_async(types.RenameParams(spec.id, place, "second"))
    assert renamed
    assert renamed.changes
    assert len(renamed.changes[spec.uri]) == 2
    with pytest.raises(JsonRpcException, match="in use"):
        await client.text_document_rename_async(types.RenameParams(spec.id, place, "conv1"))
    options = types.FormattingOptions(tab_size=2, insert_spaces=True)
    edits = await client.text_document_formatting_async(
        types.DocumentFormattingParams(spec.id, options)
    )
    assert edits
    assert all(not edit.new_text.startswith("\n") for edit in edits)


@pytest.mark.asyncio
async def test_another_variant_is_shown_on_request(client: LanguageClient, tmp_path: Path) -> None:
    spec = OpenSpec(client, SPEC, tmp_path / "net.toml")
    assert (await spec.hints())[0].startswith("small: ")
    place = spec.at("[variants.wi")
    params = types.CodeActionParams(spec.id, types.Range(place, place), types.CodeActionContext([]))
    (action,) = await client.text_document_code_action_async(params) or []
    assert action.title == "show the numbers of wide"
    await client.workspace_execute_command_async(
        types.ExecuteCommandParams(SHOW_VARIANT, [spec.uri, "wide"])
    )
    assert (await spec.hints())[0].startswith("wide: ")
    spec.replace("[3, 32, 32]", "[3, 16, 16]")
    assert (await spec.hints())[1].startswith("32x16x16")


@pytest.mark.asyncio
async def test_other_toml_files_are_left_alone(client: LanguageClient, tmp_path: Path) -> None:
    project = OpenSpec(client, '[project]\nname = "x"\n', tmp_path / "pyproject.toml")
    assert await project.findings() == []
    assert await project.hints() == []


def test_an_end_of_input_ends_the_server() -> None:
    done = subprocess.run(
        COMMAND, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT, check=False
    )
    assert (done.returncode, done.stdout) == (0, b"")


def test_without_pygls_it_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['pygls'] = None; sys.argv = ['cnnspec', 'lsp'];"
        "from cnnspec.__main__ import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert "pip install 'cnnspec[editor]'" in done.stderr
    assert "Traceback" not in done.stderr
