"""Models with activations that few networks have align with their specs."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from cnnspec.analyses.verdict import PASSED
from tests.pytorch.test_spellings import differences, verify

ACTIVATIONS: dict[str, tuple[str, Callable[[torch.Tensor], Any]]] = {
    "mish": ('"mish"', nn.Mish()),
    "mish as a function": ('"mish"', F.mish),
    "selu": ('"selu"', nn.SELU()),
    "celu": ('"celu", alpha = 0.5', nn.CELU(0.5)),
    "softsign": ('"softsign"', F.softsign),
    "logsigmoid": ('"logsigmoid"', nn.LogSigmoid()),
    "hardtanh": ('"hardtanh", min_val = -0.1, max_val = 0.2', nn.Hardtanh(-0.1, 0.2)),
    "clamp": ('"hardtanh", min_val = -0.1, max_val = 0.2', lambda y: y.clamp(-0.1, 0.2)),
    "threshold": ('"threshold", threshold = 0.1, value = 3', nn.Threshold(0.1, 3)),
    "glu": ('"glu"', lambda y: F.glu(y, 1)),
}


@pytest.mark.parametrize(("op", "function"), ACTIVATIONS.values(), ids=ACTIVATIONS)
def test_an_activation_aligns(op: str, function: Callable[[torch.Tensor], Any]) -> None:
    checks = verify(f'{{ name = "a", op = {op} }},', lambda m, x: function(m.c(x)))
    assert all(c.status == PASSED for c in checks), differences(checks)


@pytest.mark.parametrize(
    ("op", "other"),
    [
        ('"mish"', F.silu),
        ('"selu"', F.elu),
        ('"celu", alpha = 0.5', F.celu),
        ('"hardtanh"', lambda y: y.clamp(-1, 2)),
        ('"threshold", threshold = 0.1, value = 3', nn.Threshold(0.1, 2)),
        ('"softsign"', torch.tanh),
    ],
)
def test_another_activation_does_not(op: str, other: Callable[[torch.Tensor], Any]) -> None:
    checks = verify(f'{{ name = "a", op = {op} }},', lambda m, x: other(m.c(x)))
    assert any(c.status != PASSED for c in checks)
