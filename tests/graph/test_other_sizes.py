"""Networks at other input sizes: a linear layer after a flatten takes one size only."""

import pytest

import cnnspec
from cnnspec import SpecError


@pytest.mark.parametrize("side", [32, 97, 160, 300])
def test_global_pooling_takes_any_size(side: int) -> None:
    net, native = cnnspec.load("resnet18", input=(3, side, side)), cnnspec.load("resnet18")
    assert net.totals.params == native.totals.params
    assert net.graph.outputs[0].output == (1000,)


@pytest.mark.parametrize(
    ("name", "shape", "message"),
    [
        (
            "alexnet",
            (3, 259, 259),
            "fc6: its weight is 4096x9216 at an input of 3x227x227, but at 3x259x259",
        ),
        (
            "vgg16",
            (3, 256, 256),
            "fc1: its weight is 4096x25088 at an input of 3x224x224, but at 3x256x256",
        ),
        ("sam_vit_b", (3, 512, 512), "pos_embed: its weight is 768x64x64"),
    ],
)
def test_layer_that_refuses_is_named(name: str, shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(SpecError) as caught:
        cnnspec.load(name, input=shape, strict_input=True)
    problem = caught.value.problems[0]
    assert problem.rule == "D008"
    assert problem.message.startswith(message)


def test_size_that_changes_nothing_is_taken() -> None:
    assert (
        cnnspec.load("alexnet", input=(3, 228, 228)).totals.params
        == cnnspec.load("alexnet").totals.params
    )


def test_other_channels_make_another_network() -> None:
    net = cnnspec.load("lenet5", input=(3, 40, 40))
    assert net.layers[0].tensors["weight"] == (6, 3, 5, 5)
