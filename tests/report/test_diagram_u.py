"""Encoder-decoders are drawn as a U: pairs at one height, one side down, the other up."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cnnspec
from cnnspec.api import Network
from cnnspec.report.diagram.contents import choose_contents, iterate_boxes
from cnnspec.report.diagram.fold import Folder
from cnnspec.report.diagram.u_shape import find_u_shape
from tests.pictures import Picture, along, arrive, missing, outside, overlaps, unfit
from tests.support import graph_of


def find_rows(net: Network) -> list[tuple[str, str]] | None:
    """The names of both parts in each row of a network's U, or None if it has none."""
    folder = Folder(net.graph)
    shape = find_u_shape(folder, folder.parts(folder.nodes))
    if shape is None:
        return None
    return [(a.name if a else "", b.name if b else "") for a, b in shape.rows]


def test_the_u_of_unet_is_that_of_its_figure_1() -> None:
    assert find_rows(cnnspec.load("unet")) == [
        ("input", "score"),
        ("down1", "up1"),
        ("down2", "up2"),
        ("down3", "up3"),
        ("down4", "up4"),
    ]


@pytest.mark.parametrize(("name", "rows"), [("segnet", 6), ("deconvnet", 7)])
def test_encoder_decoders_of_the_zoo_are_us(name: str, rows: int) -> None:
    assert len(find_rows(cnnspec.load(name)) or []) == rows


@pytest.mark.parametrize("name", ["resnet50", "conv_autoencoder", "siamese", "densenet121"])
def test_other_networks_are_not(name: str) -> None:
    assert find_rows(cnnspec.load(name)) is None


@pytest.mark.parametrize("name", ["unet", "segnet", "deconvnet"])
def test_pairs_are_side_by_side(name: str) -> None:
    net = cnnspec.load(name)
    boxes = dict(Picture(net.draw()).boxes)
    for left, right in find_rows(net) or []:
        if left and right:
            a, b = boxes[left], boxes[right]
            assert a.right < b.x
            assert abs((a.y + a.bottom) - (b.y + b.bottom)) <= 1


@st.composite
def encoder_decoders(draw: st.DrawFn) -> tuple[str, bool]:
    """A network of chained layers with nested skips, or with two skips that cross."""
    depth = draw(st.integers(2, 5))
    lines, names, skips = [], ["input"], []
    for i in range(depth):
        for j in range(draw(st.integers(1, 3))):
            lines.append(f'{{ name = "e{i}{"x" * j}", op = "relu" }}')
            names.append(f"e{i}{'x' * j}")
        skips.append(names[-1])
    for i in range(draw(st.integers(0, 3))):
        lines.append(f'{{ name = "b{i}", op = "tanh" }}')
    crossed = depth > 1 and draw(st.booleans())
    order = skips[::-1] if not crossed else [skips[0], *skips[:0:-1]]
    last = f"b{i}" if lines[-1].startswith('{ name = "b') else names[-1]
    for i, skip in enumerate(order):
        if skip == last:
            lines.append(f'{{ name = "t{i}", op = "sigmoid" }}')
            last = f"t{i}"
        lines.append(f'{{ name = "d{i}", op = "add", from = ["{last}", "{skip}"] }}')
        last = f"d{i}"
        for j in range(draw(st.integers(0, 2))):
            last = f"d{i}{'x' * (j + 1)}"
            lines.append(f'{{ name = "{last}", op = "relu" }}')
    return "layers = [\n" + ",\n".join(lines) + ",\n]", crossed


@settings(deadline=None)
@given(encoder_decoders())
def test_any_u_is_sound(made: tuple[str, bool]) -> None:
    text, crossed = made
    net = Network(graph_of(text))
    picture = Picture(net.draw(9))
    folder = Folder(net.graph)
    parts = choose_contents(net, 9).parts
    if crossed:
        assert find_u_shape(folder, parts) is None
    assert not overlaps(picture)
    assert not along(picture)
    assert not missing(net.graph.layers(), {part.name for part in iterate_boxes(parts)}, picture)
    assert not outside(picture)
    assert not arrive(picture)
    assert not unfit(picture)


def test_a_pool_and_its_switches_are_two_arrows() -> None:
    wires = Picture(cnnspec.load("segnet").draw()).wires
    across = [wire.values for wire in wires if wire.part == "decoder5"]
    assert across == [("encoder5.pool",)] * 2
