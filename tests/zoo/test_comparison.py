"""The comparison with other people's models sees each kind of difference, planted in LeNet-5."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

import cnnspec
from tests.zoo.comparison import assert_equal, assert_same_values
from tests.zoo.models.lenet import lenet5


def with_layer(index: int, *layers: nn.Module) -> nn.Module:
    """Return LeNet-5 with other layers in place of one."""
    found = list(lenet5())
    return nn.Sequential(*found[:index], *layers, *found[index + 1 :])


def with_unused_layer() -> nn.Module:
    """Return LeNet-5 with a layer that never runs."""
    model = lenet5()
    model.register_module("extra", nn.ParameterList([nn.Parameter(torch.zeros(3))]))
    layers = list(model)[:-1]
    model.forward = nn.Sequential(*layers).forward  # type: ignore[method-assign]
    return model


COUNTED: dict[str, Callable[[], nn.Module]] = {
    "no bias": lambda: with_layer(0, nn.Conv2d(1, 6, 5, bias=False)),
    "as many weights in another shape": lambda: with_layer(
        0, nn.ZeroPad2d((0, 0, -2, -2)), nn.Conv2d(1, 6, (1, 25), padding=(0, 10))
    ),
    "more positions, pooled away": lambda: with_layer(
        0, nn.Conv2d(1, 6, 5, padding=1), nn.MaxPool2d(3, 1)
    ),
    "a norm without parameters": lambda: with_layer(
        2, nn.BatchNorm2d(6, affine=False), nn.AvgPool2d(2)
    ),
    "another output": lambda: nn.Sequential(lenet5(), nn.Unflatten(1, (2, 5))),
    "two outputs": lambda: Twice(),
    "parameters that only training has": with_unused_layer,
}
SILENT: dict[str, Callable[[], nn.Module]] = {
    "a max pool": lambda: with_layer(2, nn.MaxPool2d(2)),
    "another activation": lambda: with_layer(1, nn.ReLU()),
    "no activation": lambda: with_layer(1),
    "an additional softmax": lambda: nn.Sequential(*lenet5(), nn.Softmax(1)),
    "a flip": lambda: with_layer(0, nn.Conv2d(1, 6, 5), Flip()),
}


class Twice(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.model = lenet5()

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        return [self.model(x)] * 2


class Flip(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.flip(3)


@pytest.mark.parametrize("fault", COUNTED)
def test_a_difference_in_the_counts_is_seen(fault: str) -> None:
    with torch.device("meta"):
        model = COUNTED[fault]().eval()
    with pytest.raises(AssertionError):
        assert_equal(cnnspec.load("lenet5"), model)


@pytest.mark.parametrize("fault", SILENT)
def test_a_difference_in_the_values_is_seen(fault: str) -> None:
    """None of these changes a count."""
    network = cnnspec.load("lenet5")
    with torch.device("meta"):
        assert_equal(network, SILENT[fault]().eval())
    with pytest.raises(AssertionError):
        assert_same_values(network, SILENT[fault])
