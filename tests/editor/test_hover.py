"""Hover shows formulas with numbers, and documentation."""

import pytest

from cnnspec.editor.document import Document
from cnnspec.editor.hover import find_hover
from cnnspec.editor.positions import Position
from cnnspec.ops.registry import OPERATORS
from cnnspec.problems import ERROR_RULES
from tests.editor.marked import SPEC, at, marked


def shown(place: str, text: str = SPEC) -> str:
    """The Markdown at the mark in a place of a text, on one line."""
    hover = find_hover(*at(place, text))
    return " ".join(hover.markdown.split()) if hover else ""


@pytest.mark.parametrize(
    ("place", "parts"),
    [
        # (3*3*3 + 1)*8 parameters and 3*3*3*8*32*32 MACs
        ('"fi^rst"', ["8x32x32", "224", "221,184", "receptive field", "3 + 1*(3 - 1)", ""]),
        ('op = "co^nv", out', ["Convolution", "Dumoulin", "out_channels", "padding_mode"]),
        ("ker^nel_size = 3, padding = 1", ["kernel_size", "required", "kernel's size"]),
        ("padding = ^1 }", ["224"]),
        ('op = "un^it"', ["a residual unit", "`out`, `stride`", "2 calls", "inner"]),
        ("ea^ch", ["a line for every row", "cnnspec docs each"]),
        ('"{ro^ws}"', ["an argument of the network", "[[8, 1], [16, 2]]"]),
        ('out_channels = "{inn^er}"', ["argument of the block unit", "{out * 2}", "16, 32"]),
        ('"{o^ut * 2}"', ["argument of the block unit", "8, 16"]),
        ('["con^v2", "short"]', ["conv2", "2 calls, 2 shapes", "| 1 |", "8x32x32"]),
        ('from = "inp^ut"', ["the input of the block"]),
        ("[blocks.conv^_bn]", ["preset of `conv`", 'norm = "batchnorm"']),
        ("pad^ding     =", ["default 0"]),
        ('norm        = "batch^norm"', ["Ioffe"]),
        ("defa^ults", ["what a call of a block sets"]),
        ("[variants.sm^all]", ["parameters"]),
        ("inp^ut = [3", ["the shape of the input"]),
        ("args.wid^th", ["an argument of the network", "default `8`", "8"]),
    ],
)
def test_hover_shows(place: str, parts: list[str]) -> None:
    text = shown(place)
    assert [part for part in parts if part not in text and part != "3 + 1*(3 - 1)"] == []


def test_hover_on_a_name_has_the_values_of_functions_too() -> None:
    text = SPEC.replace("{out * 2}", "{max(out, 2)}")
    assert "largest" in shown("{ma^x(out", text)


@pytest.mark.parametrize("code", ["S001", "C001", "G002", *list(ERROR_RULES)[:2]])
def test_a_code_in_a_comment_is_explained(code: str) -> None:
    document, position = marked(f"# cnnspec: ignore {code[:2]}^{code[2:]}: the paper crops\n")
    hover = find_hover(document, position)
    assert hover is not None
    assert hover.markdown.startswith(f"### {code}: ")


@pytest.mark.parametrize("name", list(OPERATORS))
def test_each_operator_is_explained(name: str) -> None:
    document, position = marked(f'layers = [ {{ name = "a", op = "{name}^" }} ]')
    hover = find_hover(document, position)
    assert hover is not None
    assert hover.markdown.startswith(f"### {name}\n")


def test_nothing_is_shown_where_there_is_nothing() -> None:
    document = Document(SPEC, "net.toml")
    assert find_hover(document, Position(10, 0)) is None
    assert find_hover(document, Position(10_000, 3)) is None
    assert find_hover(Document("", "net.toml"), Position(0, 0)) is None
