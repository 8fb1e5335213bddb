"""Which nodes of a network are drawn as one part, and which parts are opened."""

import pytest

import cnnspec
from cnnspec.report.diagram.contents import choose_contents, iterate_boxes
from cnnspec.report.diagram.fold import Folder
from tests.pictures import SHOWN
from tests.support import graph_of


@pytest.mark.parametrize("name", SHOWN)
def test_a_node_is_in_one_part(name: str) -> None:
    folder = Folder(cnnspec.load(name).graph)
    found = [n.index for part in iterate_boxes(folder.parts(folder.nodes)) for n in part.nodes]
    assert sorted(found) == [n.index for n in folder.nodes]


def test_equal_blocks_in_a_row_are_folded() -> None:
    folder = Folder(cnnspec.load("resnet50").graph)
    parts = list(iterate_boxes(folder.parts(folder.nodes, 0, 2)))
    assert [(p.name, p.times) for p in parts if p.block] == [
        ("layer1.0", 1),
        ("layer1.1", 2),
        ("layer2.0", 1),
        ("layer2.1", 3),
        ("layer3.0", 1),
        ("layer3.1", 5),
        ("layer4.0", 1),
        ("layer4.1", 2),
    ]  # table 1: 3, 4, 6 and 3 blocks, the first with a projection


def test_heads_with_the_same_parameters_are_one() -> None:
    folder = Folder(cnnspec.load("retinanet_resnet50_fpn").graph)
    assert {p.name: p.together for p in folder.parts(folder.nodes) if p.together > 1} == {
        "cls_p3": 5,
        "bbox_p3": 5,
    }


def test_two_towers_are_two() -> None:
    folder = Folder(cnnspec.load("siamese").graph)
    assert all(part.together == 1 for part in folder.parts(folder.nodes))


def test_what_is_read_from_between_is_not_folded() -> None:
    lines = "".join(f'{{ name = "r{i}", op = "relu" }},\n' for i in range(4))
    folder = Folder(
        graph_of(f'layers = [\n{lines}{{ name = "s", op = "add", from = ["r3", "r1"] }},\n]')
    )
    assert [(p.name, p.times) for p in folder.parts(folder.nodes)] == [
        ("input", 1),
        ("r0", 2),
        ("r2", 2),
        ("s", 1),
    ]


def test_stages_are_opened_where_other_blocks_stay_folded() -> None:
    shown = choose_contents(cnnspec.load("deeplabv3_resnet50"), None)
    assert [part.name for part in shown.parts if part.inner] == [
        "layer1",
        "layer2",
        "layer3",
        "layer4",
    ]
    assert [panel.part.block for panel in shown.panels] == [
        "resnet_bottleneck",
        "resnet_bottleneck",
        "aspp",
    ]


def test_dropout_of_another_rate_is_the_same_at_inference() -> None:
    parts = iterate_boxes(choose_contents(cnnspec.load("convnext_tiny"), None).parts)
    assert [p.times for p in parts if p.block == "cn_block"] == [3, 3, 9, 3]  # section 2.2: depths
