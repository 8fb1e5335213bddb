"""Formatting puts tables in columns, and changes nothing but blanks."""

import tomllib
from pathlib import Path

import pytest

from cnnspec.editor.document import Document
from cnnspec.editor.fixes import apply_edits
from cnnspec.editor.formatting import format_document
from cnnspec.spec.positions import find_comments
from cnnspec.spec.zoo import zoo_files

LOOSE = """name = "net"
input=[3, 32, 32]
args.w   = 8
args.depth = 3
args.rows = [
  # out s
  [8, 1],
  [ 160, 20 ],  # two
]
layers = [
  { name = "first", op = "conv", out_channels = "{w}", kernel_size = 3 },
  { name = "b{i}",  op = "linear", each = "{rows}" }, # rows
  { op = "relu", name = "c" },
  { name = "dd", op = "relu" },
]
"""
FORMATTED = """name  = "net"
input = [3, 32, 32]
args.w     = 8
args.depth = 3
args.rows  = [
  # out   s
  [   8,  1 ],
  [ 160, 20 ],  # two
]
layers = [
  { name = "first", op = "conv",   out_channels = "{w}", kernel_size = 3 },
  { name = "b{i}",  op = "linear", each = "{rows}" }, # rows
  { op = "relu", name = "c" },
  { name = "dd",    op = "relu" },
]
"""


def formatted(text: str, path: str = "net.toml") -> str:
    """The formatted text."""
    return apply_edits(text, tuple(format_document(Document(text, path))))


def test_tables_are_put_in_columns() -> None:
    assert formatted(LOOSE) == FORMATTED


def test_a_text_in_columns_is_left_as_it_is() -> None:
    assert formatted(FORMATTED) == FORMATTED


@pytest.mark.parametrize("path", zoo_files(), ids=lambda path: Path(path).stem)
@pytest.mark.parametrize("squeezed", [False, True])
def test_data_and_comments_stay(path: str, squeezed: bool) -> None:
    text = Path(path).read_text(encoding="utf-8")
    if squeezed:
        text = "\n".join(" ".join(line.split()) for line in text.split("\n"))
    new = formatted(text, path)
    assert tomllib.loads(new) == tomllib.loads(text)
    assert formatted(new, path) == new
    assert words_of_comments(new) == words_of_comments(text)
    assert "".join(new.split()) == "".join(text.split())


def words_of_comments(text: str) -> list[list[str]]:
    """The words of each comment."""
    return [comment.split() for _, _, comment in find_comments(text)]


def test_a_broken_text_is_not_formatted() -> None:
    assert format_document(Document(LOOSE + "[", "net.toml")) == []


@pytest.mark.parametrize(
    "line",
    [
        '{ name = "b", op = "relu", a.b = 1, from = "input" },',
        '{ name = "b", a.b = 1, op = "relu", from = "input" },',
        '{ a.b = 1, name = "b", op = "relu" },',
        '{ name = "b", op = "relu", a.b = 1 },',
    ],
)
def test_keys_with_dots_stay(line: str) -> None:
    lines = f'  {{ name = "long name", op = "conv", kernel_size = 3 }},\n  {line}'
    document = Document(f"layers = [\n{lines}\n]\n")
    formatted = apply_edits(document.text, tuple(format_document(document)))
    assert tomllib.loads(formatted) == tomllib.loads(document.text)
    again = Document(formatted)
    assert not format_document(again)
