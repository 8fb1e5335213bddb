"""cnnspec draw: where the picture is written, and which requests are refused."""

import sys
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
        (
            ["lenet5", "--output", "lenet5.gif"],
            "writes .svg, .mmd, .dot, .tex or .png",
        ),
        (["lenet5", "--format", "png"], "a PNG is no text: name a file with --output"),
        (["lenet5", "--output", "no/such/folder/a.svg"], "cannot be written"),
        (["nasnetalarge", "--depth", "9"], "a picture at most 600 and 1,500; --depth 3 has"),
    ],
)
def test_what_cannot_be_drawn_is_said(arguments: list[str], message: str) -> None:
    with pytest.raises(cnnspec.RequestError, match=message):
        CliRunner().invoke(cli, ["draw", *arguments], catch_exceptions=False)


def test_a_png_is_twice_as_large_as_the_svg(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cnnspec.report.diagram.rasterize.find_font", lambda _: "Arial")
    file = tmp_path / "a.png"
    assert CliRunner().invoke(cli, ["draw", "lenet5", "--output", str(file)]).exit_code == 0
    data = file.read_bytes()
    assert data.startswith(b"\x89PNG")
    svg = ElementTree.fromstring(str(cnnspec.load("lenet5").draw()))
    sizes = [int.from_bytes(data[i : i + 4], "big") for i in (16, 20)]
    assert sizes == [2 * int(svg.attrib[name]) for name in ("width", "height")]


def test_a_png_without_fonts_or_the_package_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ["draw", "lenet5", "--output", str(tmp_path / "a.png")]
    monkeypatch.setattr("cnnspec.report.diagram.rasterize.find_font", lambda _: "")
    assert "no font is found" in str(CliRunner().invoke(cli, asked).exception)
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    assert "pip install 'cnnspec[png]'" in str(CliRunner().invoke(cli, asked).exception)
    assert not (tmp_path / "a.png").exists()
