"""Inlay hints agree with the table of the network, and stay while the text is broken."""

from pathlib import Path

import pytest

from cnnspec.api import load
from cnnspec.editor.document import Document, find_line_items
from cnnspec.editor.inlay_hints import InlayHint, find_inlay_hints
from cnnspec.spec.zoo import zoo_files
from tests.editor.marked import SPEC


def hints_by_line(document: Document) -> dict[str, InlayHint]:
    """The hints of the network's own lines, by the name that is written there."""
    own = {
        document.lines.position(item.span[1]).line: document.syntax.string_at((*item.path, "name"))
        for item in find_line_items(document.syntax)
        if item.path[0] == "layers"
    }
    found = [(own.get(hint.position.line), hint) for hint in find_inlay_hints(document)]
    return {name: hint for name, hint in found if name is not None}


@pytest.mark.parametrize("path", zoo_files(), ids=lambda path: Path(path).stem)
def test_hints_agree_with_the_table(path: str) -> None:
    document = Document(Path(path).read_text(encoding="utf-8"), path)
    net = load(path)
    total, *others = find_inlay_hints(document)
    assert (total.params, total.macs) == (net.totals.params, net.totals.macs)
    assert total.shapes == tuple(node.output for node in net.graph.outputs)
    own = hints_by_line(document)
    counted = [hint for hint in own.values() if "training only" not in hint.label]
    assert sum(hint.params for hint in counted) == net.totals.params
    assert sum(hint.macs for hint in counted) == net.totals.macs
    rows = {row.name: row for row in net.layers}
    for name, hint in own.items():
        if name in rows and hint.calls == 1:
            assert hint.shapes == (rows[name].output,)
            assert (hint.params, hint.macs) == (rows[name].params, rows[name].macs)
    assert all(not hint.stale for hint in others)


def test_a_line_that_is_expanded_often_counts_its_calls_and_shapes() -> None:
    hints = find_inlay_hints(Document(SPEC, "net.toml"))
    labels = [hint.label for hint in hints]
    # 3*8*9 + 8 = 224 and 224 - 8 weights at 32x32
    assert labels[1] == "8x32x32, 224 params, 221.2k MACs"
    assert labels[2].startswith("2 calls, 2 shapes, ")
    assert hints[2].shapes == ((8, 32, 32), (16, 16, 16))
    assert labels[5].startswith("2 calls, 2 shapes, ")
    assert labels[8] == "2 calls, 2 shapes"


def test_hints_stand_at_the_end_of_their_line_behind_a_comment() -> None:
    document = Document(SPEC, "net.toml")
    hint = find_inlay_hints(document)[2]
    assert document.lines.line(hint.position.line).endswith("# two of them")
    assert hint.position.character == len(document.lines.line(hint.position.line))


def test_another_variant_has_its_own_numbers() -> None:
    wide = find_inlay_hints(Document(SPEC, "net.toml", "wide"))
    assert wide[0].label.startswith("wide: ")
    assert wide[1].shapes == ((32, 32, 32),)


def test_the_last_good_network_answers_while_the_text_is_broken() -> None:
    good = Document(SPEC, "net.toml")
    before = find_inlay_hints(good)
    assert not before[1].stale
    added = SPEC.replace("layers = [\n", 'layers = [\n  { name = "new", op = "co\n', 1)
    broken = Document(added, "net.toml", before=good)
    hints = find_inlay_hints(broken)
    assert [hint.label for hint in hints] == [hint.label for hint in before]
    assert all(hint.stale for hint in hints)
    assert [hint.position.line for hint in hints[1:]] == [h.position.line + 1 for h in before[1:]]
    again = Document(added + "#", "net.toml", before=broken)
    assert len(find_inlay_hints(again)) == len(before)


def test_only_the_lines_that_are_asked_for_have_hints() -> None:
    hints = find_inlay_hints(Document(SPEC, "net.toml"), 5, 6)
    assert [hint.position.line for hint in hints] == [5, 6]


def test_a_line_with_share_has_the_numbers_of_its_own_call() -> None:
    text = """name = "net"
input = [8, 8, 8]
layers = [
  { name = "a", op = "conv", out_channels = 8, kernel_size = 1 },
  { name = "b", share = "a" },
  { name = "c", share = "a" },
]
"""
    total, a, b, c = find_inlay_hints(Document(text, "net.toml"))
    assert [hint.params for hint in (total, a, b, c)] == [72, 72, 0, 0]
    assert [hint.calls for hint in (a, b, c)] == [1, 1, 1]
    assert b.macs == 8 * 8 * 64
