"""cnnspec draw: where the picture is written, and which requests are refused."""

from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

import cnnspec
from cnnspec.cli import cli


def test_a_picture_is_printed_or_written(tmp_path: Path) -> None:
    printed = CliRunner().invoke(cli, ["draw", "lenet5"])
    assert printed.exit_code == 0
    assert ElementTree.fromstring(printed.output).tag.endswith("svg")
    written = CliRunner().invoke(cli, ["draw", "lenet5", "--output", str(tmp_path / "a.svg")])
    assert (written.exit_code, written.stderr) == (0, f"{tmp_path}/a.svg written\n")
    assert written.stdout == ""
    assert (tmp_path / "a.svg").read_text(encoding="utf-8") == printed.output


@pytest.mark.parametrize(
    ("file", "beginning"),
    [
        ("a.mmd", "%% LeNet-5 (lenet5)"),
        ("a.DOT", "digraph {"),
        ("a.tex", "% LeNet-5 (lenet5); it needs"),
        ("a.svg", "<svg "),
    ],
)
def test_the_name_of_the_file_says_the_language(file: str, beginning: str, tmp_path: Path) -> None:
    CliRunner().invoke(cli, ["draw", "lenet5", "--output", str(tmp_path / file)])
    assert (tmp_path / file).read_text(encoding="utf-8").startswith(beginning)
    other = ["draw", "lenet5", "--format", "dot", "--output", str(tmp_path / file)]
    CliRunner().invoke(cli, other)
    assert (tmp_path / file).read_text(encoding="utf-8").startswith("digraph {")


def test_depth_and_settings_reach_the_picture() -> None:
    one, two = (
        CliRunner().invoke(cli, ["draw", "resnet18", "--depth", n, "--set", "classes=7"]).output
        for n in "12"
    )
    assert ">layer1<" in one
    assert "bottleneck" not in one
    assert ">7<" in one
    assert 'data-part="layer1.0"' in two
    assert 'data-part="layer1.0"' not in one


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["lenet5", "--output", "lenet5.png"], "writes .svg, .mmd, .dot or .tex, not 'lenet5.png'"),
        (["lenet5", "--output", "no/such/folder/a.svg"], "cannot be written"),
        (["nasnetalarge", "--depth", "9"], "a picture at most 600 and 1,500; --depth 3 has"),
    ],
)
def test_what_cannot_be_drawn_is_said(arguments: list[str], message: str) -> None:
    with pytest.raises(cnnspec.RequestError, match=message):
        CliRunner().invoke(cli, ["draw", *arguments], catch_exceptions=False)
