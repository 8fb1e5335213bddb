"""Input sizes, compared with networks built at each size, with torchvision, and with papers."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnspec.analyses.input_sizes import InputSizes, find_input_sizes
from cnnspec.graph.build import load_graph
from cnnspec.problems import RequestError, SpecError
from cnnspec.rules.registry import lint_graph
from tests.written import network


def sizes(layers: str, shape: list[int], **options: Any) -> InputSizes:
    return find_input_sizes(network(layers, shape).graph, **options)


@pytest.mark.parametrize(
    ("name", "tried"),
    [
        ("alexnet", [1, 2, 66, 67, 224, 226, 227, 228, 258, 259]),
        ("lenet5", [*range(1, 40)]),
        ("unet", [1, 139, 140, 187, 188, 189, 203]),
        ("squeezenet1_1", [*range(1, 24)]),
        ("inception_v3", [74, 75, 298, 299]),
        ("fcn8s", [1, 2, 32, 100]),
        ("segnet", [1, 5, 32]),
        ("sam_vit_b", [16, 1023, 1024]),
        ("conv_autoencoder", [*range(1, 33)]),
        ("siamese", [63, 64, 65, 104, 105, 112, 113]),
        ("deconvnet", [223, 224, 225]),
    ],
)
def test_a_size_is_accepted_where_the_network_can_be_built_at_it(
    name: str, tried: list[int]
) -> None:
    graph = load_graph(name)
    found = find_input_sizes(graph, bound=max(tried))
    channels, *spatial = graph.inputs[0].output
    for n in tried:
        refused: list[str] = []
        try:
            shape = (channels, *[n] * len(spatial))
            at = load_graph(name, input_shape=shape, strict_input=True)
        except SpecError as error:
            refused = [p.rule for p in error.problems]
        assert (n in found.accepted) == (not refused), (n, refused)
        assert (n in found.valid) == (not {*refused} - {"D008"}), (n, refused)
        if not refused and any(node.training_only for node in graph.nodes):
            assert (n in (found.valid if found.training is None else found.training)) == (
                not at.unfit
            )


def test_the_layer_that_refuses_is_the_one_that_a_diagnostic_names() -> None:
    found = find_input_sizes(load_graph("alexnet"))
    assert found.below
    assert found.keeper
    with pytest.raises(SpecError) as error:
        load_graph("alexnet", input_shape=(3, 66, 66))
    assert f"D002 maxpool: {found.below.message}" in str(error.value)
    assert (found.below.size, found.below.layer) == (66, "pool5")
    assert (found.keeper.size, found.keeper.layer) == (226, "fc6")
    with pytest.raises(SpecError) as error:
        load_graph("alexnet", input_shape=(3, 226, 226), strict_input=True)
    assert "D008 fc6: its weight is 4096x9216 " in str(error.value)
    assert (
        found.keeper.message
        == "its weight is 4096x9216; an input of 3x226x226 would need 4096x6400"
    )


def test_alexnet_wants_227() -> None:
    # (227 - 11)/4 + 1 = 55, and (55 - 3)/2 + 1 = 27, 13, 6: the strides multiply to 32
    found = find_input_sizes(load_graph("alexnet"))
    assert found.accepted == [*range(227, 259)]
    assert found.whole == [*range(67, 512, 32)]
    assert [n for n in found.whole if n in found.accepted] == [227]
    assert found.unread == {}
    wide = find_input_sizes(load_graph("alexnet", input_shape=(3, 228, 229)))
    assert wide.unread["conv1"] == (1, 2)


def test_unet_takes_every_sixteenth_size_as_its_paper_says() -> None:
    """Ronneberger, Fischer & Brox (2015), section 2: every 2x2 max-pooling reads an even size."""
    found = find_input_sizes(load_graph("unet"))
    assert found.whole == [*range(188, 573, 16)]
    assert found.accepted == found.valid == [*range(188, 573)]


def test_a_head_that_is_there_in_training_only_asks_for_more() -> None:
    found = find_input_sizes(load_graph("inception_v3"), bound=310)
    assert found.valid[0] == 75
    assert found.training == [*range(299, 311)]
    assert found.below_training
    assert (found.below_training.size, found.below_training.layer) == (298, "AuxLogits.conv1")


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("alexnet_torchvision", 63),
        ("squeezenet1_0", 21),
        ("squeezenet1_1", 17),
        ("densenet121", 29),
        ("vgg11", 32),
        ("googlenet_torchvision", 15),
        ("inception_v3", 75),
        ("convnext_tiny", 32),
        ("mobilenet_v2", 1),
        ("resnet18", 1),
    ],
)
def test_smallest_sizes_are_those_that_torchvision_states(name: str, least: int) -> None:
    """``min_size`` of torchvision's weights."""
    assert find_input_sizes(load_graph(name), bound=76).valid[0] == least


@pytest.mark.long
def test_torchvision_states_the_same_for_all_networks_that_it_has() -> None:
    from tests import support  # imports PyTorch

    models = support.import_torchvision().models
    found = [
        r
        for r in support.references()
        if r.library == "torchvision" and not r.model.startswith("ssd")
    ]
    assert len(found) > 40  # SSD resizes what it is given
    for r in found:
        least = {w.meta["min_size"] for w in models.get_model_weights(r.model)}
        assert least == {(find_input_sizes(load_graph(r.path), bound=76).valid[0],) * 2}, r.model


def test_one_dimension_may_vary_alone() -> None:
    conv = '{ name = "c", op = "conv", out_channels = 2, kernel_size = [3, 5], stride = [1, 2] },'
    both, high, wide = (
        sizes(conv, [3, 8, 9], varied=v, bound=20) for v in (None, (3, None, 9), (3, 8, None))
    )
    assert (both.valid[0], high.valid[0], wide.valid[0]) == (5, 3, 5)
    assert (both.own, high.own, wide.own) == (None, 8, 9)
    assert both.whole == [*range(5, 20, 2)] == wide.whole
    assert high.whole == [*range(3, 21)]


@pytest.mark.parametrize(
    ("fields", "whole"),
    [
        ("kernel_size = 2, stride = 2", [2, 4, 6, 8]),
        ("kernel_size = 3, stride = 2, padding = 1", [*range(1, 9)]),
        (
            "kernel_size = 1, stride = 2",
            [*range(1, 9)],
        ),  # what it leaves at the end it leaves everywhere
        ("kernel_size = 1, stride = 4", [*range(1, 9)]),
        ("kernel_size = 3, stride = 3, padding = [[1, 0], [1, 0]]", [2, 5, 8]),
        ("kernel_size = 2, stride = 2, dilation = 3", [4, 6, 8]),
        ('kernel_size = 2, stride = 2, padding = "same"', [*range(1, 9)]),
        ("kernel_size = 3", [*range(3, 9)]),
    ],
)
def test_sizes_that_a_stride_reads_whole(fields: str, whole: list[int]) -> None:
    found = sizes(
        '{ name = "c", op = "conv", out_channels = 2, ' + fields + " },", [1, 8, 8], bound=8
    )
    assert found.whole == whole


@settings(deadline=None)
@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 2), st.integers(1, 3))
def test_read_whole_means_that_the_last_position_is_read(
    kernel: int, stride: int, padding: int, dilation: int
) -> None:
    fields = (
        f"kernel_size = {kernel}, stride = {stride}, padding = {padding}, dilation = {dilation}"
    )
    found = sizes(
        '{ name = "c", op = "conv", out_channels = 1, ' + fields + " },", [1, 40], bound=24
    )
    for n in found.valid:
        starts = range(-padding, n + padding - dilation * (kernel - 1), stride)
        end = starts[-1] + dilation * (kernel - 1)  # the last position that is read
        gap = max(0, stride - dilation * (kernel - 1) - 1)  # between two windows
        assert (n in found.whole) == (n - 1 - end <= gap or stride == 1), n


def test_what_is_read_whole_has_no_warning_of_unread_pixels() -> None:
    whole, warned = find_input_sizes(load_graph("alexnet_torchvision"), bound=240).whole, set()
    for n in range(205, 240):
        if lint_graph(load_graph("alexnet_torchvision", input_shape=(3, n, n)), ["S001"]):
            warned.add(n)
    assert warned == {*range(205, 240)} - {*whole}  # nothing else reads its maps


def test_sizes_at_which_shapes_do_not_join_are_not_valid() -> None:
    lines = """{ name = "half", op = "maxpool", kernel_size = 2 },
               { name = "up", op = "upsample", scale_factor = 2 },
               { name = "sum", op = "add", from = ["up", "input"] },"""
    found = sizes(lines, [1, 8, 8], bound=9)
    assert found.valid == found.accepted == [2, 4, 6, 8]
    assert found.below
    assert found.below.layer == "half"


def test_a_network_that_fits_no_size_tried_says_why_at_the_largest() -> None:
    found = sizes(
        '{ name = "c", op = "conv", out_channels = 1, kernel_size = 9 },', [1, 16, 16], bound=8
    )
    assert found.valid == found.whole == []
    assert found.below
    assert found.below.message == "a window of 9 does not fit into 8: the output would be empty"


@pytest.mark.parametrize(
    ("shape", "varied", "message"),
    [
        ([4], None, "net takes a vector of 4: it has no height or width to vary"),
        (
            [1, 8, 8],
            (1, 8, 8),
            "--input needs a * for each size that varies, but not for the channels:"
            " for example 1,*,*",
        ),
        (
            [1, 8, 8],
            (None, 8, None),
            "--input needs a * for each size that varies, but not for the channels:"
            " for example 1,*,*",
        ),
        ([1, 8, 8], (1, None), "net takes 1x8x8, so --input needs 3 sizes, not 2"),
    ],
)
def test_what_cannot_vary_is_said(shape: list[int], varied: Any, message: str) -> None:
    with pytest.raises(RequestError) as error:
        sizes('{ name = "r", op = "relu" },', shape, varied=varied)
    assert str(error.value) == message


def test_deep_networks_take_no_minute() -> None:
    graph = load_graph("resnet152")
    build = least_seconds(lambda: load_graph("resnet152"))
    # A size costs a fraction of building the network.
    assert least_seconds(lambda: find_input_sizes(graph, bound=128)) < 40 * build


def least_seconds(run: Callable[[], object]) -> float:
    """Return the least CPU time of three runs, which other processes disturb least."""
    found = []
    for _ in range(3):
        start = time.process_time()
        run()
        found.append(time.process_time() - start)
    return min(found)
