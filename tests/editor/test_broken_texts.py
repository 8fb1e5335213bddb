"""No function fails on a text that breaks off anywhere, as texts do while they are written."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnspec.editor.actions import find_code_actions
from cnnspec.editor.completion import find_completions
from cnnspec.editor.diagnostics import find_diagnostics
from cnnspec.editor.document import Document
from cnnspec.editor.formatting import format_document
from cnnspec.editor.hover import find_hover
from cnnspec.editor.inlay_hints import find_inlay_hints
from cnnspec.editor.positions import Position, Range, to_data
from cnnspec.editor.references import (
    find_definition,
    find_references,
    find_renamed,
    rename_layer,
)
from cnnspec.editor.symbols import find_symbols
from cnnspec.gate.config import Config
from cnnspec.problems import RequestError
from cnnspec.spec.zoo import zoo_files
from tests.editor.marked import SPEC

PIECES = ["[", "]", "{", "}", '"', "=", ",", ".", "#", "\n", "layers", "blocks", "name", "op", " 1"]


def use_all(document: Document, position: Position) -> None:
    """Call every function of the editor; each result is plain data."""
    for found in (
        find_inlay_hints(document),
        find_hover(document, position),
        find_completions(document, position),
        find_definition(document, position),
        find_references(document, position),
        find_symbols(document),
        format_document(document),
    ):
        to_data(found)
    for change in (find_renamed, rename_to_z):
        with suppress(RequestError):
            change(document, position)


def rename_to_z(document: Document, position: Position) -> None:
    """Rename the layer at a position."""
    rename_layer(document, position, "z")


def test_every_prefix_is_answered() -> None:
    before = Document(SPEC, "net.toml")
    assert before.network
    for end in range(len(SPEC) + 1):
        document = Document(SPEC[:end], "net.toml", before=before)
        use_all(document, document.lines.position(end))


def test_every_prefix_has_its_findings() -> None:
    for end in range(0, len(SPEC) + 1, 5):
        document = Document(SPEC[:end], "net.toml")
        found = find_diagnostics(document, Config())
        shown = document.lines.range((0, end))
        find_code_actions(document, shown, found)
        assert found or end == len(SPEC)


@pytest.mark.parametrize("path", zoo_files()[::5], ids=lambda path: Path(path).stem)
def test_prefixes_of_published_networks_are_answered(path: str) -> None:
    text = Path(path).read_text(encoding="utf-8")
    before = Document(text, path)
    assert before.network
    for end in range(0, len(text), len(text) // 20):
        document = Document(text[:end], path, before=before)
        use_all(document, document.lines.position(end))


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, len(SPEC)),
    st.integers(0, 30),
    st.lists(st.sampled_from(PIECES), max_size=4).map("".join),
    st.integers(0, len(SPEC)),
)
def test_texts_with_a_change_anywhere_are_answered(
    start: int, length: int, new: str, cursor: int
) -> None:
    text = SPEC[:start] + new + SPEC[start + length :]
    document = Document(text, "net.toml")
    position = document.lines.position(cursor)
    use_all(document, position)
    found = find_diagnostics(document, Config())
    find_code_actions(document, Range(position, position), found, "why")


@pytest.mark.parametrize(
    "text", ["\x00", "\ufeff", "a\r\nb\r\n", "é𝄞 = 1", "[" * 9999, "x" * 2**20]
)
def test_strange_texts_are_answered(text: str) -> None:
    document = Document(text, "net.toml")
    use_all(document, Position(0, 5))
    assert find_diagnostics(document, Config())
