"""The scanner of broken TOML: it agrees with tomllib and the other scanner, and never fails."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnspec.editor.positions import Position, TextLines
from cnnspec.editor.syntax import Syntax
from cnnspec.spec.positions import find_positions
from cnnspec.spec.zoo import zoo_files

PIECES = ['"', "'", "[", "]", "{", "}", "=", ",", ".", "#", "\n", " ", "a", "1", "\\", '"""', "é𝄞"]


@pytest.mark.parametrize("path", zoo_files(), ids=lambda path: Path(path).stem)
def test_items_are_where_the_scanner_of_valid_texts_finds_them(path: str) -> None:
    text = Path(path).read_text(encoding="utf-8")
    syntax, lines = Syntax(text), TextLines(text)
    positions = find_positions(text)
    for item in syntax.items:
        assert positions[item.path] == (
            lines.position(item.span[0]).line + 1,
            item.span[0] - lines.starts[lines.position(item.span[0]).line] + 1,
        )
    leaves = {path for path in positions if path and path[-1] is not None}
    assert {item.path for item in syntax.items} <= leaves


@pytest.mark.parametrize("path", zoo_files()[::8], ids=lambda path: Path(path).stem)
def test_the_text_of_an_item_is_its_value(path: str) -> None:
    text = Path(path).read_text(encoding="utf-8")
    syntax, data = Syntax(text), tomllib.loads(text)
    for item in syntax.items:
        value = data
        for key in item.path:
            value = value[key]  # type: ignore[index]
        if item.kind == "text":
            assert syntax.value_of(item) == value
        elif item.kind != "header":
            assert tomllib.loads(f"v = {syntax.source_of(item)}")["v"] == value


@given(st.lists(st.sampled_from(PIECES), max_size=60).map("".join))
def test_any_text_is_read(text: str) -> None:
    syntax = Syntax(text)
    for item in syntax.items:
        assert 0 <= item.span[0] <= item.span[1] <= len(text)
    for offset in range(len(text) + 1):
        syntax.around(offset)


@pytest.mark.parametrize("text", ["[" * 20_000, "{a=" * 20_000, "a = [\n" * 5_000, "a." * 20_000])
def test_deep_texts_are_read(text: str) -> None:
    assert len(Syntax(text).items) < 6_000


def test_what_is_open_ends_where_the_next_table_begins() -> None:
    text = 'layers = [\n  { name = "a", op = "co\n  { name = "b" },\n\n[blocks.c]\nop = "relu"\n'
    syntax = Syntax(text)
    assert syntax.string_at(("layers", 0, "op")) == "co"
    assert syntax.string_at(("layers", 1, "name")) == "b"
    assert syntax.string_at(("blocks", "c", "op")) == "relu"


@given(st.text(alphabet="aé𝄞\n", max_size=30))
def test_positions_count_utf_16(text: str) -> None:
    lines = TextLines(text)
    for offset in range(len(text) + 1):
        position = lines.position(offset)
        before = text[:offset].rpartition("\n")[2]
        assert position == Position(text[:offset].count("\n"), len(before.encode("utf-16-le")) // 2)
        assert lines.offset(position) == offset
