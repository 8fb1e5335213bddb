"""What distinguishes blocks with the same letter, and values that a box reads twice."""

import pytest

import cnnspec
from cnnspec.api import Network
from cnnspec.report.diagram.contents import choose_contents, iterate_boxes
from cnnspec.report.diagram.differences import find_differences
from cnnspec.report.diagram.fold import Folder
from tests.pictures import Picture, along, outside, overlaps
from tests.support import graph_of


def differences(name: str) -> dict[str, str]:
    """The differences of the blocks in the picture of a network, by their names."""
    shown = choose_contents(cnnspec.load(name), None)
    return {part.name: part.differences for part in iterate_boxes(shown.parts) if part.block}


def test_efficientnet_shows_the_kernels_and_strides_of_table_1() -> None:
    found = differences("efficientnet_b0")
    # Tan & Le (2019), table 1: operators k3x3 and k5x5; the first block of a stage has its stride
    assert {name: found[f"{name}.0"] for name in (f"stage{i}" for i in range(3, 9))} == {
        "stage3": "3×3, stride 2",
        "stage4": "5×5, stride 2",
        "stage5": "3×3, stride 2",
        "stage6": "5×5",
        "stage7": "5×5, stride 2",
        "stage8": "3×3",
    }


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        ("resnet50", {"layer1.0": "", "layer2.0": "stride 2", "layer4.0": "stride 2"}),
        ("sam_vit_b", {"blocks.0": "window size 14", "blocks.2": "no window size"}),
    ],
)
def test_blocks_that_differ_say_how(network: str, expected: dict[str, str]) -> None:
    found = differences(network)
    assert {name: found[name] for name in expected} == expected


SPEC = """
layers = [
  { name = "a", op = "unit", channels = 4, slope = 0.1 },
  { name = "b", op = "unit", channels = 8, slope = 0.2 },
  { name = "c", op = "unit", channels = 8, slope = 0.2, stride = 2 },
]
[blocks.unit]
args = ["channels", "slope"]
defaults = { stride = 1 }
layers = [
  { name = "conv", op = "conv3", out_channels = "{channels}", stride = "{stride}" },
  { name = "act", op = "leaky_relu", negative_slope = "{slope}" },
]
[blocks.conv3]
op = "conv"
kernel_size = 3
"""


def test_channels_and_sizes_are_left_to_the_arrows() -> None:
    folder = Folder(graph_of(SPEC))
    blocks = [part for part in folder.parts(folder.nodes) if part.block]
    assert find_differences(blocks) == {
        "a": "negative slope 0.1",
        "b": "negative slope 0.2",
        "c": "stride 2, negative slope 0.2",
    }


def test_a_value_that_is_read_twice_has_two_arrows() -> None:
    text = """
layers = [
  { name = "cat", op = "relu" },
  { name = "sum", op = "add", from = ["cat", "cat"] },
  { name = "product", op = "mul", from = ["sum", "sum", "cat"] },
]
"""
    drawn = Network(graph_of(text)).draw()
    picture = Picture(drawn)
    ends = [wire.part for wire in picture.wires]
    assert (ends.count("sum"), ends.count("product")) == (2, 3)
    assert not overlaps(picture)
    assert not along(picture)
    assert not outside(picture)
