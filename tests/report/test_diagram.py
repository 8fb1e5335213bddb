"""Pictures of networks, read from their SVG: nothing overlaps, is missing, or leaves the page."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cnnspec
from cnnspec.api import Network, networks
from cnnspec.report.diagram.contents import MOST, choose_contents, iterate_boxes
from cnnspec.report.diagram.fold import Folder
from tests.pictures import SHOWN, Picture, along, arrive, missing, outside, overlaps, unfit
from tests.support import graph_of

ZOO = [name for names in networks().values() for name in names]


def check(net: Network, depth: int | None) -> None:
    picture = Picture(net.draw(depth))
    assert not overlaps(picture)
    assert not along(picture)
    shown = choose_contents(net, depth)
    assert not missing(
        net.graph.layers(), {part.name for part in iterate_boxes(shown.parts)}, picture
    )
    for panel in shown.panels:
        assert not missing(
            panel.part.first, {part.name for part in iterate_boxes(panel.parts)}, picture
        )
    assert not outside(picture)
    assert not arrive(picture)
    assert not unfit(picture)


@pytest.mark.parametrize("name", SHOWN)
def test_pictures_are_sound(name: str) -> None:
    check(cnnspec.load(name), None)


@pytest.mark.parametrize(
    ("name", "depth"),
    [
        ("resnet50", 3),
        ("googlenet", 3),
        ("unet", 3),
        ("yolox_s", 2),
        ("retinanet_resnet50_fpn", 2),
        ("shufflenet_v2_x1_0", 3),
    ],
)
def test_opened_pictures_are_sound(name: str, depth: int) -> None:
    check(cnnspec.load(name), depth)


@pytest.mark.long
@pytest.mark.parametrize("name", ZOO)
def test_all_pictures_of_the_zoo_are_sound(name: str) -> None:
    net = cnnspec.load(name)
    folder = Folder(net.graph)
    for depth in (None, 1, 2, 3, 9):
        if len(list(iterate_boxes(folder.parts(folder.nodes, 0, depth or 1)))) <= MOST:
            check(net, depth)


UNIT = """
[blocks.unit]
layers = [
  { name = "a", op = "relu" },
  { name = "b", op = "pad", padding = 0 },
  { name = "sum", op = "add", from = ["b", "input"] },
]
[blocks.pair]
inputs = ["x", "y"]
layers = [
  { name = "u", op = "unit", from = "x" },
  { name = "sum", op = "add", from = ["u", "y", "x"] },
]
"""


@st.composite
def specs(draw: st.DrawFn) -> str:
    """A network of lines and blocks that read anything above them."""
    names, lines, unread = ["input"], [], {"input"}
    for i in range(draw(st.integers(1, 14))):
        op = draw(st.sampled_from(["relu", "add", "unit", "pair"]))
        few, most = {"relu": (1, 1), "unit": (1, 1), "pair": (2, 2), "add": (2, 4)}[op]
        read = draw(st.lists(st.sampled_from(names), min_size=few, max_size=most))
        lines.append(f'{{ name = "n{i}", op = "{op}", from = {read} }},'.replace("'", '"'))
        names.append(f"n{i}")
        unread = (unread | {f"n{i}"}) - set(read)
    rest = sorted(unread, key=names.index)
    lines.append(f'{{ name = "end", op = "add", from = {[*rest, rest[0]]} }},'.replace("'", '"'))
    return "layers = [\n" + "\n".join(lines) + "\n]\n" + UNIT


@settings(deadline=None, max_examples=40)
@given(specs(), st.sampled_from([None, 1, 2, 3]))
def test_pictures_of_any_graph_are_sound(text: str, depth: int | None) -> None:
    check(Network(graph_of(text)), depth)


@pytest.mark.long
@settings(deadline=None, max_examples=800)
@given(specs(), st.sampled_from([None, 1, 2, 3]))
def test_pictures_of_many_graphs_are_sound(text: str, depth: int | None) -> None:
    check(Network(graph_of(text)), depth)


def test_too_many_boxes_are_refused_with_what_would_do() -> None:
    wanted = (
        "982 boxes and 1,201 arrows at a depth of 9, and a picture at most 600 and 1,500; --depth 3"
        " has 424 boxes"
    )
    with pytest.raises(cnnspec.RequestError, match=wanted):
        cnnspec.load("nasnetalarge").draw(9)


def test_pictures_that_nobody_could_read_are_refused() -> None:
    many = "".join(f'{{ name = "a{i}", op = "{("relu", "gelu")[i % 2]}" }},' for i in range(700))
    names = ["input", *(f"a{i}" for i in range(90))]
    dense = "".join(
        f'{{ name = "a{i}", op = "add", from = {[*names[max(0, i - 40) : i + 1], "input"]} }},'
        for i in range(90)
    ).replace("'", '"')
    for text in (many, dense):
        with pytest.raises(
            cnnspec.RequestError, match="a picture at most 600 and 1,500; blocks in the spec"
        ):
            Network(graph_of(f"layers = [{text}]")).draw()
