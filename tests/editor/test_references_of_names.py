"""Go to definition, references and renames, across included files."""

from pathlib import Path

import pytest

from cnnspec.editor.diagnostics import find_diagnostics
from cnnspec.editor.document import Document
from cnnspec.editor.fixes import apply_edits
from cnnspec.editor.inlay_hints import find_inlay_hints
from cnnspec.editor.references import (
    find_definition,
    find_references,
    find_renamed,
    rename_layer,
)
from cnnspec.gate.config import Config
from cnnspec.problems import RequestError
from tests.editor.marked import SPEC, at, marked, texts_at


def line_of(text: str) -> int:
    """The line of SPEC, from 1, on which a text is."""
    assert SPEC.count(text) == 1
    return SPEC[: SPEC.index(text)].count("\n") + 1


@pytest.mark.parametrize(
    ("place", "name", "declared"),
    [
        ('op = "un^it"', "unit", "[blocks.unit]"),
        ('op = "proj^ect"', "project", "[blocks.project]"),
        ('["con^v2", "short"]', "conv2", 'name = "conv2"'),
        ('"conv2", "sho^rt"', "short", 'name = "short"'),
        ('each = "{ro^ws}"', "rows", "args.rows"),
        ('"{inn^er}"', "inner", "inner ="),
        ('"{o^ut * 2}"', "out", 'args     = ["out"'),
        ("wid^th = 32", "width", "args.width"),
    ],
)
def test_a_name_leads_to_its_declaration(place: str, name: str, declared: str) -> None:
    document, position = at(place)
    assert texts_at(document, find_definition(document, position)) == [(line_of(declared), name)]


def test_a_path_into_a_block_leads_to_the_line_of_the_block() -> None:
    text = SPEC.replace("keepdim = false", 'keepdim = false, from = "unit1.conv^2"')
    document, position = marked(text)
    found = texts_at(document, find_definition(document, position))
    assert found == [(line_of('name = "conv2"'), "conv2")]
    first = Document(document.text, "net.toml")
    before = first.lines.position(first.offset(position) - len(".conv"))
    assert texts_at(first, find_definition(first, before))[0][1] == "unit{i}"


@pytest.mark.parametrize(
    ("place", "lines"),
    [
        ('name = "con^v2"', ['name = "conv2"', '["conv2", "short"]']),
        (
            "[blocks.conv^_bn]",
            ["[blocks.conv_bn]", 'name = "conv1"', 'name = "conv2"', 'op          = "conv_bn"'],
        ),
        ("args.wi^dth", ["args.width", '"{width}"', "width = 32"]),
        ('"{out^ * 2}"', ['args     = ["out"', "defaults", 'name = "conv2"', 'name = "short"']),
    ],
)
def test_references_are_found(place: str, lines: list[str]) -> None:
    document, position = at(place)
    found = {line for line, _ in texts_at(document, find_references(document, position))}
    assert found == {line_of(line) for line in lines}


def test_a_rename_changes_every_use_and_nothing_else() -> None:
    text = SPEC.replace("keepdim = false", 'keepdim = false, from = "unit1.conv2"')
    text = text.replace("[blocks.conv_bn]", "[blocks.conv_bn]   # conv2")
    document, position = marked(text.replace('name = "conv2"', 'name = "co^nv2"'))
    edits = rename_layer(document, position, "second")
    renamed = apply_edits(document.text, edits)
    assert renamed == (text.replace('"conv2"', '"second"').replace("unit1.conv2", "unit1.second"))
    old, new = (find_inlay_hints(Document(t, "net.toml")) for t in (text, renamed))
    assert [hint.label for hint in old] == [hint.label for hint in new]
    codes = [d.code for d in find_diagnostics(Document(text, "net.toml"), Config())]
    assert [d.code for d in find_diagnostics(Document(renamed, "net.toml"), Config())] == codes


@pytest.mark.parametrize(
    ("place", "name", "says"),
    [
        ('"co^nv1"', "conv2", "in use"),
        ('"co^nv1"', "a.b", "contains"),
        ('"co^nv1"', "input", "reserved"),
        ('"co^nv1"', "{i}", "expression"),
        ('"unit{^i}"', "x", "has an expression"),
        ("args.wi^dth", "x", "only layers"),
        ('"fi^rst"', "unit7", "in use"),
    ],
)
def test_a_rename_that_would_break_the_spec_is_refused(place: str, name: str, says: str) -> None:
    with pytest.raises(RequestError, match=says):
        rename_layer(*at(place), name)


def test_the_range_of_a_rename_is_the_name() -> None:
    document, position = at('["con^v2", "short"]')
    found = find_renamed(document, position)
    assert document.text[document.offset(found.start) : document.offset(found.end)] == "conv2"


def test_included_files_are_followed(tmp_path: Path) -> None:
    block = '[blocks.b]\nargs = ["n"]\nlayers = [\n  { name = "a", op = "relu" },\n]\n'
    (tmp_path / "b.toml").write_text(block, encoding="utf-8")
    text = (
        'include = ["b.toml"]\nname = "n"\ninput = [3, 8, 8]\nlayers = [\n'
        '  { name = "x", op = "b", n = 1 },\n  { name = "y", op = "relu", from = "x.a" },\n]\n'
    )
    document = Document(text, str(tmp_path / "net.toml"))
    places = {'"b"': 0, "n = 1": 0, 'a" }': 3, "b.toml": 0}
    for place, line in places.items():
        offset = text.index(place) + (place == '"b"')
        (found,) = find_definition(document, document.lines.position(offset))
        expected = {"n = 1": 1}.get(place, line)
        assert (Path(found.path).name, found.range.start.line) == ("b.toml", expected)
    uses = find_references(document, document.lines.position(text.index('"b"') + 1))
    assert [Path(use.path).name for use in uses] == ["b.toml", "net.toml"]
    with pytest.raises(RequestError, match="rename it there"):
        find_renamed(document, document.lines.position(text.index('a" }')))
