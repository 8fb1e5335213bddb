"""A draw where rounding alone changes the outputs decides nothing; a milder one does."""

import pytest
import torch
from torch import nn

from cnnspec.pytorch import compare_other_calls
from cnnspec.pytorch.compare_model import compare_model
from tests.pytorch.edited_network import passes
from tests.support import graph_of

DEEP = """
input = [16]
layers = [
  { name = "layer{i}", op = "linear", out_features = 16, activation = "tanh", repeat = 80 },
]
"""


class Deep(nn.Module):
    """The network of DEEP, with tanh by its formula. Weights x 3 make it chaotic."""

    def __init__(self, slope: float = 2.0) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(16, 16) for _ in range(80))
        self.slope = slope

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            x = 2 * torch.sigmoid(self.slope * layer(x)) - 1
        return x


def is_proven(model: nn.Module) -> bool:
    return passes(compare_model(graph_of(DEEP), model, "mine", "cpu"))


def test_a_chaotic_draw_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_proven(Deep())
    monkeypatch.setattr(compare_other_calls, "is_unstable", lambda *given: False)
    assert not is_proven(Deep())


def test_a_wrong_chaotic_model_fails() -> None:
    assert not is_proven(Deep(slope=2.000001))
