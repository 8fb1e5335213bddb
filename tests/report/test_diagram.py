"""Pictures of networks, read back from their SVG: nothing overlaps, nothing is lost, nothing leaves the page."""

import subprocess
import sys
from collections.abc import Iterable
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pictures import SVG, Picture, Rect
from support import graph_of

import cnnspec
from cnnspec.api import Network, networks
from cnnspec.graph.model import Node
from cnnspec.report.diagram.fold import Folder
from cnnspec.report.diagram.metrics import LARGE, width
from cnnspec.report.diagram.picture import MOST, contents, leaves
from cnnspec.report.diagram.route import Across, tracks
from cnnspec.report.diagram.wires import branch

ZOO = [name for names in networks().values() for name in names]
SHOWN = ["lenet5", "resnet50", "googlenet", "unet", "retinanet_resnet50_fpn", "ssd300_vgg16", "densenet121", "siamese",
         "nasnetalarge", "segnet"]


def owner(node: Node, drawn: set[str]) -> str | None:
    """The box in which a node is; None where it is one of several that a box stands for, and not the first."""
    names = [node.row, *(".".join(node.call.trail[:i]) for i in range(len(node.call.trail), 0, -1))]
    return next((name for name in names if name in drawn), None)


def overlaps(picture: Picture) -> list[tuple[str, str]]:
    """What lies over each other: boxes, labels, and wires that go through a box or a label."""
    found = [(a, b) for (a, r), (b, s) in combinations([*picture.boxes, *picture.labels], 2) if r.meets(s)]
    for wire in picture.wires:
        for (x1, y1), (x2, y2) in wire.ways:
            # as a line has no width, it is taken for one pixel wide
            line = Rect(min(x1, x2), min(y1, y2), max(x1, x2) + (x1 == x2), max(y1, y2) + (y1 == y2))
            through = [name for name, r in [*picture.boxes, *picture.labels] if r.meets(line)]
            found += [(wire.part, name) for name in through]
    return found


def along(picture: Picture) -> list[tuple[str, str]]:
    """The wires of two values that run along each other, so that they look like one."""
    found = []
    for a, b in combinations(picture.wires, 2):
        for across in (0, 1):
            lines = [[(min(p[1 - across], q[1 - across]), max(p[1 - across], q[1 - across]), p[across])
                      for p, q in wire.ways if p[across] == q[across]] for wire in (a, b)]
            if a.values != b.values and any(m[2] == n[2] and m[0] < n[1] and n[0] < m[1]
                                            for m in lines[0] for n in lines[1]):
                found.append((a.values[0], b.values[0]))
    return found


def missing(nodes: Iterable[Node], drawn: set[str], picture: Picture) -> list[tuple[str, str]]:
    """The edges to nodes that are neither drawn nor inside a box, of those that are ``drawn`` on one sheet."""
    assert drawn <= {name for name, _ in picture.boxes}
    there = {(value, wire.part) for wire in picture.wires for value in wire.values}
    found = []
    for node in nodes:
        target = owner(node, drawn)
        for read in node.inputs:
            if target is not None and owner(read, drawn) != target and (read.name, target) not in there:
                found.append((read.name, target))
    return found


def outside(picture: Picture) -> list[str]:
    page = Rect(0, 0, picture.width, picture.height)
    everything = [*picture.boxes, *picture.frames, *picture.labels]
    found = [name for name, r in everything if r.x < 0 or r.y < 0 or r.right > page.right or r.bottom > page.bottom]
    points = [p for wire in picture.wires for way in wire.ways for p in way]
    return found + [str(p) for p in points if not (0 <= p[0] <= page.right and 0 <= p[1] <= page.bottom)]


def arrive(picture: Picture) -> list[str]:
    """The wires that do not end at the border of their box or frame."""
    tops: dict[str, list[Rect]] = {}
    for name, r in [*picture.boxes, *picture.frames]:
        tops.setdefault(name, []).append(r)
    ends = [(wire.part, wire.ways[-1][1]) for wire in picture.wires if wire.part]
    return [part for part, (x, y) in ends
            if not any(r.x < x < r.right and r.y - y in (0, 8) for r in tops[part])]


def unfit(picture: Picture) -> list[str]:
    """The texts that are wider than their box."""
    found = []
    for group in picture.root.iter(f"{SVG}g"):
        wide = int(next(group.iter(f"{SVG}rect")).attrib["width"])
        for text in group.iter(f"{SVG}text"):
            bold, size = "font-weight" in text.attrib, LARGE if "font-size" in text.attrib else 11
            if text.get("class") != "cnn-letter" and width(text.text or "", size, bold) > wide:
                found.append(text.text or "")
    return found


def check(net: Network, depth: int | None) -> None:
    picture = Picture(net.draw(depth))
    assert not overlaps(picture)
    assert not along(picture)
    shown = contents(net, depth)
    assert not missing(net.graph.layers(), {part.name for part in leaves(shown.parts)}, picture)
    for panel in shown.panels:
        assert not missing(panel.part.first, {part.name for part in leaves(panel.parts)}, picture)
    assert not outside(picture)
    assert not arrive(picture)
    assert not unfit(picture)


@pytest.mark.parametrize("name", SHOWN)
def test_pictures_are_sound(name: str) -> None:
    check(cnnspec.load(name), None)


@pytest.mark.parametrize(("name", "depth"), [("resnet50", 3), ("googlenet", 3), ("unet", 3), ("yolox_s", 2),
                                             ("retinanet_resnet50_fpn", 2), ("shufflenet_v2_x1_0", 3)])
def test_opened_pictures_are_sound(name: str, depth: int) -> None:
    check(cnnspec.load(name), depth)


@pytest.mark.long
@pytest.mark.parametrize("name", ZOO)
def test_all_pictures_of_the_zoo_are_sound(name: str) -> None:
    net = cnnspec.load(name)
    folder = Folder(net.graph)
    for depth in (None, 1, 2, 3, 9):
        if len(list(leaves(folder.parts(folder.nodes, 0, depth or 1)))) <= MOST:
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


@pytest.mark.parametrize("name", SHOWN)
def test_a_node_is_in_one_part(name: str) -> None:
    folder = Folder(cnnspec.load(name).graph)
    found = [n.index for part in leaves(folder.parts(folder.nodes)) for n in part.nodes]
    assert sorted(found) == [n.index for n in folder.nodes]


def test_equal_blocks_in_a_row_are_folded() -> None:
    folder = Folder(cnnspec.load("resnet50").graph)
    parts = list(leaves(folder.parts(folder.nodes, 0, 2)))
    assert [(p.name, p.times) for p in parts if p.block] == [
        ("layer1.0", 1), ("layer1.1", 2), ("layer2.0", 1), ("layer2.1", 3), ("layer3.0", 1), ("layer3.1", 5),
        ("layer4.0", 1), ("layer4.1", 2)]  # table 1: 3, 4, 6 and 3 blocks, the first with a projection


def test_heads_with_the_same_parameters_are_one() -> None:
    folder = Folder(cnnspec.load("retinanet_resnet50_fpn").graph)
    assert {p.name: p.together for p in folder.parts(folder.nodes) if p.together > 1} == {"cls_p3": 5, "bbox_p3": 5}


def test_two_towers_are_two() -> None:
    folder = Folder(cnnspec.load("siamese").graph)
    assert all(part.together == 1 for part in folder.parts(folder.nodes))


def test_what_is_read_from_between_is_not_folded() -> None:
    lines = "".join(f'{{ name = "r{i}", op = "relu" }},\n' for i in range(4))
    folder = Folder(graph_of(f'layers = [\n{lines}{{ name = "s", op = "add", from = ["r3", "r1"] }},\n]'))
    assert [(p.name, p.times) for p in folder.parts(folder.nodes)] == [
        ("input", 1), ("r0", 2), ("r2", 2), ("s", 1)]


def test_a_size_alone_is_a_dashed_arrow() -> None:
    root = Picture(cnnspec.load("unet").draw(2)).root
    dashed = [e for e in root.iter(f"{SVG}path") if e.get("stroke-dasharray")]
    assert {e.get("data-to") for e in dashed} == {f"up{i}.crop" for i in (1, 2, 3, 4)}


def test_hostile_names_are_escaped() -> None:
    evil = '<script>alert(1)</script>&\\"\\u001b[31m\\u202e'
    text = f'title = "{evil}"\nlayers = [{{ name = "<b>&; $", op = "relu" }}, {{ name = "]]><x>", op = "unit" }}]\n'
    drawn = Network(graph_of(text + UNIT)).draw()
    picture = Picture(drawn)  # or it is no XML
    tags = {e.tag.removeprefix(SVG) for e in picture.root.iter()}
    assert tags <= {"svg", "title", "desc", "style", "rect", "g", "text", "path", "circle"}
    assert drawn.replace("\n", "").isprintable()
    assert "<b>&; $" in {name for name, _ in picture.boxes}


@pytest.mark.parametrize("name", ["resnet50", "sam_vit_h"])
def test_a_picture_needs_nothing_from_elsewhere_and_has_words_for_who_cannot_see_it(name: str) -> None:
    drawn = cnnspec.load(name).draw()
    assert drawn.count("http") == 1  # the name of the language
    assert not any(word in drawn for word in ("href", "url(", "@import", "<script", "<image", "onload"))
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
    pages = {subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, env={"PYTHONHASHSEED": seed,
                            "PYTHONPATH": ":".join(sys.path)}).stdout for seed in ("1", "2")}
    assert len(pages) == 1
    assert Picture(pages.pop().decode()).boxes


def test_too_many_boxes_are_refused_with_what_would_do() -> None:
    wanted = "982 boxes and 1,201 arrows at a depth of 9, and a picture at most 600 and 1,500; --depth 3 has 424 boxes"
    with pytest.raises(cnnspec.RequestError, match=wanted):
        cnnspec.load("nasnetalarge").draw(9)


def test_a_notebook_shows_it() -> None:
    drawn = cnnspec.load("lenet5").draw()
    assert drawn._repr_svg_() == drawn


def test_a_wire_that_begins_where_another_ends_goes_across_above_it() -> None:
    found = tracks([Across(0, 50, (100,)), Across(1, 0, (50,))])
    assert found[0] < found[1]
    found = tracks([Across(0, 0, (50,)), Across(1, 50, (100,))])
    assert found[1] < found[0]


@given(st.lists(st.sampled_from([-60, -20, -3, 0, 30, 90]), min_size=2, max_size=2, unique=True), st.integers(3, 30))
def test_a_branch_begins_on_its_trunk_and_ends_at_its_end(goals: list[int], low: int) -> None:
    trunk, corners = ([(0, 0), (0, low), (x, low), (x, 60)] if x else [(0, 0), (0, 60)] for x in goals)
    own = branch(trunk, corners)
    (x, y), lower = own[0], own[-1]
    assert lower == corners[-1]
    assert any(min(a[0], b[0]) <= x <= max(a[0], b[0]) and min(a[1], b[1]) <= y <= max(a[1], b[1])
               for a, b in pairwise(trunk))


def test_stages_are_opened_where_other_blocks_stay_folded() -> None:
    shown = contents(cnnspec.load("deeplabv3_resnet50"), None)
    assert [part.name for part in shown.parts if part.inner] == ["layer1", "layer2", "layer3", "layer4"]
    assert [panel.part.block for panel in shown.panels] == ["resnet_bottleneck", "resnet_bottleneck", "aspp"]


def test_dropout_of_another_rate_is_the_same_at_inference() -> None:
    parts = leaves(contents(cnnspec.load("convnext_tiny"), None).parts)
    assert [p.times for p in parts if p.block == "cn_block"] == [3, 3, 9, 3]  # section 2.2: depths


def test_pictures_that_nobody_could_read_are_refused() -> None:
    many = "".join(f'{{ name = "a{i}", op = "{("relu", "gelu")[i % 2]}" }},' for i in range(700))
    names = ["input", *(f"a{i}" for i in range(90))]
    dense = "".join(f'{{ name = "a{i}", op = "add", from = {[*names[max(0, i - 40):i + 1], "input"]} }},'
                    for i in range(90)).replace("'", '"')
    for text in (many, dense):
        with pytest.raises(cnnspec.RequestError, match="a picture at most 600 and 1,500; blocks in the spec"):
            Network(graph_of(f"layers = [{text}]")).draw()
