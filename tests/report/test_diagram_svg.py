"""The SVG of a picture: its contents with any name, without CSS, and in a notebook."""

import subprocess
import sys

import pytest

import cnnspec
from cnnspec.api import Network
from tests.pictures import SVG, Picture
from tests.support import graph_of


def test_a_size_alone_is_a_dashed_arrow() -> None:
    root = Picture(cnnspec.load("unet").draw(2)).root
    dashed = [e for e in root.iter(f"{SVG}path") if e.get("stroke-dasharray")]
    assert {e.get("data-to") for e in dashed} == {f"up{i}.crop" for i in (1, 2, 3, 4)}


def test_hostile_names_are_escaped() -> None:
    evil = '<script>alert(1)</script>&\\"\\u001b[31m\\u202e'
    text = f"""
title = "{evil}"
layers = [
  {{ name = "<b>&; $", op = "relu" }},
  {{ name = "]]><x>", op = "unit" }},
]
[blocks.unit]
layers = [{{ name = "a", op = "relu" }}]
"""
    drawn = Network(graph_of(text)).draw()
    picture = Picture(drawn)  # or it is no XML
    tags = {e.tag.removeprefix(SVG) for e in picture.root.iter()}
    assert tags <= {"svg", "title", "desc", "style", "rect", "g", "text", "path", "circle"}
    assert drawn.replace("\n", "").isprintable()
    assert "<b>&; $" in {name for name, _ in picture.boxes}


@pytest.mark.parametrize("name", ["resnet50", "sam_vit_h"])
def test_a_picture_needs_nothing_from_elsewhere_and_has_words_for_who_cannot_see_it(
    name: str,
) -> None:
    drawn = cnnspec.load(name).draw()
    assert drawn.count("http") == 1  # the name of the language
    assert not any(
        word in drawn for word in ("href", "url(", "@import", "<script", "<image", "onload")
    )
    root = Picture(drawn).root
    assert [e.tag.removeprefix(SVG) for e in root][:2] == ["title", "desc"]
    assert "without the batch" in (root[1].text or "")
    boxes = [group for group in root.iter(f"{SVG}g") if group.get("class") == "cnn-box"]
    assert all("parameters" in (group.findtext(f"{SVG}title") or "") for group in boxes)


def test_colours_are_there_without_the_style_sheet_and_in_the_dark() -> None:
    drawn = cnnspec.load("resnet50").draw()
    assert "@media (prefers-color-scheme: dark)" in drawn
    root = Picture(drawn).root
    for element in root.iter():
        name = element.tag.removeprefix(SVG)
        if name in ("rect", "text", "path", "circle"):
            assert "fill" in element.attrib or "stroke" in element.attrib
            assert f".{element.attrib['class']} " in drawn


def test_the_same_bytes_each_time() -> None:
    code = "import cnnspec, sys; sys.stdout.write(cnnspec.load('googlenet').draw())"
    pages = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(pages) == 1
    assert Picture(pages.pop().decode()).boxes


def test_a_notebook_shows_it() -> None:
    drawn = cnnspec.load("lenet5").draw()
    assert drawn._repr_svg_() == drawn
