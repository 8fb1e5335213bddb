"""Models with recurrent layers, rolls, RMS norms and standardized weights align with specs."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from cnnspec.analyses.verdict import PASSED
from cnnspec.pytorch.check_calls import SAME_FUNCTION
from tests.pytorch.test_spellings import differences, verify


class StdConv(nn.Conv2d):
    """A convolution of standardized weights, as timm writes it."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        rows = self.weight.reshape(1, self.out_channels, -1)
        weight = F.batch_norm(rows, None, None, training=True, momentum=0.0, eps=1e-6)
        return F.conv2d(x, weight.reshape_as(self.weight), self.bias, padding=1)


def recurrent(m: Any, x: torch.Tensor) -> Any:
    return m.r(m.c(x).flatten(2).transpose(1, 2))[0].transpose(1, 2)


def by_gates(m: Any, x: torch.Tensor) -> Any:
    """Compute an LSTM by its formula."""
    y, out = m.c(x).flatten(2), []
    h = c = y.new_zeros(len(y), 5)
    for step in y.unbind(2):
        i, f, g, o = (m.of_x(step) + m.of_h(h)).chunk(4, 1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        out.append(h)
    return torch.stack(out, 2)


ROWS = '{ name = "rows", op = "reshape", shape = [0, -1] },\n  '
MODELS: dict[str, tuple[str, Any, dict[str, nn.Module]]] = {
    "LSTM": (
        ROWS + '{ name = "r", op = "lstm", hidden_size = 5, num_layers = 2 },',
        recurrent,
        {"r": nn.LSTM(8, 5, 2, batch_first=True)},
    ),
    "LSTM with dropout": (
        ROWS + '{ name = "r", op = "lstm", hidden_size = 5, num_layers = 2, dropout = 0.3 },',
        recurrent,
        {"r": nn.LSTM(8, 5, 2, batch_first=True, dropout=0.3)},
    ),
    "LSTM step by step": (
        ROWS + '{ name = "r", op = "lstm", hidden_size = 5 },',
        by_gates,
        {"of_x": nn.Linear(8, 20), "of_h": nn.Linear(5, 20)},
    ),
    "GRU": (
        ROWS + '{ name = "r", op = "gru", hidden_size = 5, bidirectional = true },',
        recurrent,
        {"r": nn.GRU(8, 5, batch_first=True, bidirectional=True)},
    ),
    "a roll": (
        '{ name = "r", op = "roll", shifts = [-1, 2] },',
        lambda m, x: torch.roll(m.c(x), (-1, 2), (2, 3)),
        {},
    ),
    "standardized weights": (
        '{ name = "d", op = "conv", out_channels = 4, kernel_size = 3, padding = 1,'
        " standardize = true },",
        lambda m, x: m.d(m.c(x)),
        {"d": StdConv(8, 4, 3)},
    ),
    "RMS norm": (
        '{ name = "n", op = "rmsnorm" },',
        lambda m, x: m.n(m.c(x).movedim(1, -1)).movedim(-1, 1),
        {"n": nn.RMSNorm(8, 1e-6)},
    ),
}


@pytest.mark.parametrize(("layers", "forward", "modules"), MODELS.values(), ids=MODELS)
def test_a_model_aligns(layers: str, forward: Any, modules: dict[str, Any]) -> None:
    checks = verify(layers, forward, demand=SAME_FUNCTION, **modules)
    assert all(c.status == PASSED for c in checks), differences(checks)


WRONG: dict[str, tuple[str, Any, dict[str, nn.Module]]] = {
    "another size of the state": ("LSTM", recurrent, {"r": nn.LSTM(8, 4, 2, batch_first=True)}),
    "another dropout": (
        "LSTM with dropout",
        recurrent,
        {"r": nn.LSTM(8, 5, 2, batch_first=True, dropout=0.2)},
    ),
    "dropout that the spec lacks": (
        "LSTM",
        recurrent,
        {"r": nn.LSTM(8, 5, 2, batch_first=True, dropout=0.3)},
    ),
    "a projected state": (
        "LSTM",
        recurrent,
        {"r": nn.LSTM(8, 7, 2, batch_first=True, proj_size=5)},
    ),
    "steps in another order": (
        "LSTM step by step",
        lambda m, x: by_gates(m, x).flip(2),
        {"of_x": nn.Linear(8, 20), "of_h": nn.Linear(5, 20)},
    ),
    "a GRU for an LSTM": ("LSTM", recurrent, {"r": nn.GRU(8, 5, 2, batch_first=True)}),
    "another roll": ("a roll", lambda m, x: torch.roll(m.c(x), (1, 2), (2, 3)), {}),
    "plain weights": (
        "standardized weights",
        lambda m, x: m.d(m.c(x)),
        {"d": nn.Conv2d(8, 4, 3, padding=1)},
    ),
}


@pytest.mark.parametrize(("name", "forward", "modules"), WRONG.values(), ids=WRONG)
def test_another_model_does_not(name: str, forward: Any, modules: dict[str, Any]) -> None:
    layers = MODELS[name][0]
    checks = verify(layers, forward, demand=SAME_FUNCTION, **modules)
    assert any(c.status != PASSED for c in checks)
