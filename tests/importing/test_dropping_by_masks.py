"""Products with random masks become the dropouts that they are, however they are rescaled."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

import cnnspec
from cnnspec import RequestError

Drop = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
KEEP = 0.8


class DropsInTraining(nn.Module):
    """A residual block whose branch drops examples, or elements, by a random mask."""

    def __init__(self, drop: Drop, shape: tuple[int, ...] = (1, 1, 1)):
        super().__init__()
        self.conv, self.drop, self.shape = nn.Conv2d(4, 4, 3, padding=1), drop, shape

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.conv(x)
        if self.training:
            y = self.drop(y, torch.floor(KEEP + torch.rand(len(x), *self.shape)))
        return x + y


RESCALED: dict[str, Drop] = {
    "the value is divided": lambda y, mask: y / KEEP * mask,
    "the value is divided in place": lambda y, mask: y.div_(KEEP) * mask,
    "the value is multiplied": lambda y, mask: y * (1 / KEEP) * mask,
    "the mask is divided": lambda y, mask: y * (mask / KEEP),
    "the mask comes first": lambda y, mask: mask * (y / KEEP),
}


@pytest.mark.parametrize("case", RESCALED)
def test_a_rescaled_mask_is_a_stochastic_depth(case: str) -> None:
    found = cnnspec.from_pytorch(DropsInTraining(RESCALED[case]), input=(4, 6, 6))
    assert found.verdict.passed, str(found.verdict)
    dropped = [n.op for n in found.network.graph.nodes if n.kind == "stochastic_depth"]
    assert [(op.p, op.mode) for op in dropped] == [(0.2, "row")]
    assert "scale" not in [n.kind for n in found.network.graph.nodes]


def test_a_mask_of_all_elements_is_a_dropout() -> None:
    model = DropsInTraining(RESCALED["the value is divided"], (4, 6, 6))
    found = cnnspec.from_pytorch(model, input=(4, 6, 6))
    assert found.verdict.passed, str(found.verdict)
    assert [n.op.p for n in found.network.graph.nodes if n.kind == "dropout"] == [0.2]


NOT_RESCALED: dict[str, Drop] = {
    "by another number": lambda y, mask: y / 0.7 * mask,
    "not at all": lambda y, mask: y * mask,
    "rounded": lambda y, mask: y.div(KEEP, rounding_mode="floor") * mask,
    "by the inverse": lambda y, mask: y * KEEP * mask,
}


@pytest.mark.parametrize("case", NOT_RESCALED)
def test_what_is_not_rescaled_is_no_dropout(case: str) -> None:
    with pytest.raises(RequestError, match="no dropout does"):
        cnnspec.from_pytorch(DropsInTraining(NOT_RESCALED[case]), input=(4, 6, 6))
