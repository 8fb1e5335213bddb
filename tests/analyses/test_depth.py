"""Depth as papers count it, which is in the networks' own names and titles."""

import pytest

from cnnspec import load
from cnnspec.analyses.architecture import count_depth, find_longest_path, is_weighted_or_pool

NAMED = {
    "lenet5_original": 7,  # LeCun et al. (1998), section II.B: 7 layers, not counting the input
    "alexnet": 8,  # Krizhevsky et al. (2012), section 3.5: eight layers with weights
    "vgg11": 11,
    "vgg13": 13,
    "vgg16": 16,
    "vgg19": 19,
    "googlenet": 22,  # Szegedy et al. (2014), section 5: 22 layers deep, or 27 with pooling
    "resnet18": 18,
    "resnet34": 34,
    "resnet50": 50,
    "resnet101": 101,
    "resnet152": 152,
    "se_resnet50": 50,
    "senet154": 154,
    "resnet20_cifar": 20,
    "resnet110_cifar": 110,
    "preact_resnet164": 164,
    "densenet121": 121,
    "densenet161": 161,
    "densenet_40_12": 40,
    "densenet_bc_100_12": 100,
    "inception_v3": 48,
    "squeezenet1_0": 18,
    "unet": 23,  # Ronneberger et al. (2015), section 2: 23 convolutional layers
    "convnext_tiny": (
        59
    ),  # 4 in stem and downsampling, 3 in each of 18 blocks, 1 in the head: no layer scale
    "mobilenet_v1": 28,  # Howard et al. (2017), section 3.2: 28 layers
}


@pytest.mark.parametrize(("name", "layers"), NAMED.items())
def test_networks_are_as_deep_as_they_are_called(name: str, layers: int) -> None:
    assert count_depth(load(name).graph.layers()) == layers


def test_layers_with_pooling_are_counted_where_they_are_asked_for() -> None:
    nodes = load("googlenet").graph.nodes
    assert (
        len(find_longest_path([n for n in nodes if not n.training_only], is_weighted_or_pool)) == 27
    )


def test_the_path_is_in_execution_order_and_leaves_projections_out() -> None:
    path = [n.name for n in find_longest_path(load("resnet18").graph.layers())]
    assert path[:4] == ["conv1", "layer1.0.conv1", "layer1.0.conv2", "layer1.1.conv1"]
    assert path[-1] == "fc"
    assert not [n for n in path if "downsample" in n]
