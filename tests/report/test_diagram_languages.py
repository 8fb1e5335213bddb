"""Pictures in Mermaid, DOT and TikZ have the boxes and arrows of the SVG, and tools read them."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import cnnspec
from cnnspec.analyses.network_costs import NetworkCosts
from cnnspec.api import Network
from cnnspec.report.diagram import draw
from cnnspec.report.diagram.contents import choose_contents, iterate_boxes
from cnnspec.report.diagram.draw import LANGUAGES
from cnnspec.report.diagram.outline import PORT, iterate_members, outline_picture
from tests.pictures import SHOWN, Picture
from tests.support import graph_of

EVIL = r"""
title = "100% {~^"
layers = [
  { name = "<b>&; $", op = "relu" },
  { name = "|#35;[}}", op = "unit" },
]
[blocks.unit]
layers = [{ name = "a_b", op = "relu" }, { name = "end", op = "tanh" }]
"""
NETWORKS = ["resnet50", "unet", "retinanet_resnet50_fpn", "siamese"]


def draw_as(net: NetworkCosts, language: str, depth: int | None = None) -> str:
    """Return the drawing in a language of text."""
    drawn = draw.draw_as(net, language, depth)
    assert isinstance(drawn, str)
    return drawn


@pytest.mark.parametrize("name", SHOWN)
def test_charts_have_the_boxes_of_the_picture(name: str) -> None:
    shown = choose_contents(cnnspec.load(name), None)
    for chart, parts in zip(
        outline_picture(shown), [shown.parts, *(p.parts for p in shown.panels)], strict=True
    ):
        boxes = [box for box in iterate_members(chart.root) if box.role != PORT]
        drawn = list(iterate_boxes(parts))
        assert len(boxes) == len(drawn)
        ids = {box.id for box in iterate_members(chart.root)}
        assert {id_ for a in chart.arrows for id_ in (a.source, a.target)} <= ids


@pytest.mark.parametrize("name", SHOWN)
def test_charts_have_the_arrows_of_the_picture(name: str) -> None:
    net = cnnspec.load(name)
    shown = choose_contents(net, None)
    charts = outline_picture(shown)
    into = {
        box.lines[0].partition(" (")[0]: sum(a.target == box.id for a in charts[0].arrows)
        for box in iterate_members(charts[0].root)
    }
    picture = Picture(net.draw())
    for part in shown.parts:
        if not part.inner and part.together == 1 and part.times == 1:
            wires = [w for w in picture.wires if w.part == part.name]
            assert into[part.label] == len(wires), part.name


def test_a_mermaid_chart_of_two_layers() -> None:
    text = (
        'layers = [{ name = "c", op = "relu" }, { name = "s", op = "add", from = ["c", "input"] }]'
    )
    assert draw_as(Network(graph_of(text)), "mermaid").splitlines()[:10] == [
        "%% net (net)",
        "flowchart TD",
        '  n0["<b>input</b>"]',
        '  n1["<b>c</b><br/>relu"]',
        '  n2["<b>s</b><br/>add"]',
        '  n3["output"]',
        '  n0 -->|"3x8x8"| n1',
        '  n1 -->|"3x8x8"| n2',
        '  n0 -->|"3x8x8"| n2',
        '  n2 -->|"3x8x8"| n3',
    ]


def test_names_with_signs_of_mermaid_are_escaped() -> None:
    drawn = draw_as(Network(graph_of(EVIL)), "mermaid")
    labels = re.findall(r'\["(.*)"\]$', drawn, re.M)
    assert labels
    assert not [text for text in labels if re.search(r'["`|]', text)]
    assert "#60;b#62;#38;; $" in drawn


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
@pytest.mark.parametrize("name", [*NETWORKS, EVIL])
def test_graphviz_reads_dot(name: str) -> None:
    net = cnnspec.load(name) if name in NETWORKS else Network(graph_of(name))
    made = subprocess.run(
        ["dot", "-Tplain"], input=draw_as(net, "dot").encode(), capture_output=True, check=True
    )
    assert made.stderr == b""
    boxes = [line.split()[1] for line in made.stdout.decode().splitlines() if line[:5] == "node "]
    charts = outline_picture(choose_contents(net, None))
    assert sorted(boxes) == sorted(b.id for c in charts for b in iterate_members(c.root))


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
@pytest.mark.parametrize("name", [*NETWORKS, EVIL])
def test_latex_compiles_tikz(name: str, tmp_path: Path) -> None:
    net = cnnspec.load(name) if name in NETWORKS else Network(graph_of(name))
    (tmp_path / "picture.tex").write_text(draw_as(net, "tikz"), encoding="utf-8")
    (tmp_path / "page.tex").write_text(
        r"\documentclass{article}\usepackage{tikz}\begin{document}\input{picture}\end{document}"
    )
    if subprocess.run(["kpsewhich", "tikz.sty"], capture_output=True).returncode:
        pytest.skip("the LaTeX package tikz is not installed")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "page.tex"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True)
    assert ran.returncode == 0, ran.stdout[-2000:]
    assert (tmp_path / "page.pdf").stat().st_size > 1000


def test_tikz_has_the_texts_of_the_picture() -> None:
    net = cnnspec.load("lenet5")
    texts = re.findall(r"\{([^{}]*)\};", draw_as(net, "tikz"))
    boxes = [part.label for part in iterate_boxes(choose_contents(net, None).parts)]
    assert set(boxes) <= set(texts)


@pytest.mark.parametrize("language", [name for name in LANGUAGES if name != "png"])
def test_a_language_draws_a_depth(language: str) -> None:
    net = cnnspec.load("resnet18")
    assert "bottleneck" not in draw_as(net, language, 1)
    assert draw_as(net, language, 1) != draw_as(net, language, 2)
    with pytest.raises(cnnspec.RequestError, match="a picture at most 600"):
        draw_as(cnnspec.load("nasnetalarge"), language, 9)
