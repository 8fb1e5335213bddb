"""Max unpooling, and zeros concatenated with channels, are imported as the layers that they are."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

import cnnspec


class PoolsAndUnpools(nn.Module):
    """A small SegNet: the decoder puts values where the encoder's pool found the largest."""

    def __init__(self, pool: nn.Module, size: tuple[int, int] | None = None):
        super().__init__()
        self.pool, self.unpool, self.size = pool, nn.MaxUnpool2d(3, 2), size
        self.down, self.up = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.down(x)
        pooled, indices = self.pool(y)
        restored: torch.Tensor = self.unpool(self.up(pooled), indices, self.size or y.shape[2:])
        return restored


def test_an_unpooling_undoes_its_pool() -> None:
    model = PoolsAndUnpools(nn.MaxPool2d(3, 2, return_indices=True))
    found = cnnspec.from_pytorch(model, input=(3, 8, 8))
    assert found.verdict.passed, str(found.verdict)
    nodes = found.network.graph.nodes
    assert [node.kind for node in nodes[1:]] == ["conv", "maxpool", "conv", "maxunpool"]
    assert nodes[-1].inputs == (nodes[3], nodes[2])
    assert nodes[-1].output == (4, 8, 8)


def test_an_unpooling_to_another_size_is_named() -> None:
    model = PoolsAndUnpools(nn.MaxPool2d(3, 2, return_indices=True), (7, 7))
    with pytest.raises(cnnspec.RequestError, match="the size that the max pool read"):
        cnnspec.from_pytorch(model, input=(3, 8, 8))


def test_indices_of_another_kind_of_pool_are_named() -> None:
    pool = nn.AdaptiveMaxPool2d((3, 3), return_indices=True)
    with pytest.raises(cnnspec.RequestError, match="not those of a max pool"):
        cnnspec.from_pytorch(PoolsAndUnpools(pool), input=(3, 8, 8))


class Shortcut(nn.Module):
    """A convolution, and what makes more channels of its map."""

    def __init__(self, widen: Callable[[torch.Tensor], torch.Tensor]):
        super().__init__()
        self.conv, self.widen = nn.Conv2d(3, 4, 1), widen

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.widen(self.conv(x))


def zeros(x: torch.Tensor, channels: int) -> torch.Tensor:
    return torch.zeros(len(x), channels, *x.shape[2:], device=x.device)


WIDENED = {
    "after": (lambda x: torch.cat((x, zeros(x, 2)), 1), (0, 2)),
    "before": (lambda x: torch.cat((torch.zeros_like(x), x), 1), (4, 0)),
    "on both sides": (lambda x: torch.cat((zeros(x, 1), x, zeros(x, 1)), 1), (1, 1)),
}


@pytest.mark.parametrize("case", WIDENED)
def test_zeros_concatenated_with_channels_pad_them(case: str) -> None:
    widen, sides = WIDENED[case]
    found = cnnspec.from_pytorch(Shortcut(widen), input=(3, 5, 5))
    assert found.verdict.passed, str(found.verdict)
    op = found.network.graph.nodes[-1].op
    assert (op.before, op.after) == sides


def test_zeros_between_channels_are_named() -> None:
    model = Shortcut(lambda x: torch.cat((x, zeros(x, 1), x), 1))
    with pytest.raises(cnnspec.RequestError, match="between other channels"):
        cnnspec.from_pytorch(model, input=(3, 5, 5))
