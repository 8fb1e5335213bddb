"""Attention and recurrent modules are recorded as one call, with the outputs of PyTorch."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from cnnspec.analyses.verdict import PASSED
from cnnspec.pytorch.recording.recorder import record_model
from tests.pytorch.test_spellings import differences, verify


class Attending(nn.Module):
    """Attention over the positions of a map, computed in one of the common ways."""

    def __init__(self, way: str):
        super().__init__()
        self.way, self.qkv, self.proj = way, nn.Linear(8, 24), nn.Linear(8, 8)

    def forward(self, x: torch.Tensor) -> Any:
        rows = x.flatten(2).transpose(1, 2)
        q, k, v = self.qkv(rows).reshape(*rows.shape[:2], 3, 2, 4).permute(2, 0, 3, 1, 4).unbind(0)
        if self.way == "a function":
            y = F.scaled_dot_product_attention(q, k, v)
        elif self.way == "scaled before":
            y = ((q * 0.5) @ k.transpose(-2, -1)).softmax(-1) @ v
        else:
            y = (q @ k.transpose(-2, -1) / 2).softmax(-1) @ v
        rows = self.proj(y.transpose(1, 2).reshape(rows.shape))
        return rows.transpose(1, 2).reshape(x.shape)


class MultiheadAttention(nn.Module):
    """PyTorch's module, which takes the batch second by default."""

    def __init__(self, batch_first: bool, weights: bool):
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=batch_first)
        self.batch_first, self.weights = batch_first, weights

    def forward(self, x: torch.Tensor) -> Any:
        rows = x.flatten(2).transpose(1, 2)
        rows = rows if self.batch_first else rows.transpose(0, 1)
        y, _ = self.attention(rows, rows, rows, need_weights=self.weights)
        y = y if self.batch_first else y.transpose(0, 1)
        return y.transpose(1, 2).reshape(x.shape)


@pytest.mark.parametrize(
    "module",
    [
        *map(Attending, ("a function", "scaled before", "scaled after")),
        *(
            MultiheadAttention(first, weights)
            for first in (True, False)
            for weights in (True, False)
        ),
    ],
    ids=repr,
)
@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_attention(module: nn.Module, dimensions: int) -> None:
    layers = '{ name = "a", op = "attention", heads = 2 },'
    checks = verify(layers, lambda m, x: m.a(m.c(x)), dimensions, a=module)
    assert all(c.status == PASSED for c in checks), differences(checks)


@pytest.mark.parametrize("mask", [None, torch.tensor([[True, False], [True, True]])])
@pytest.mark.parametrize("scale", [None, 0.3])
def test_recorded_attention_is_that_of_pytorch(
    mask: torch.Tensor | None, scale: float | None
) -> None:
    q, k, v = torch.rand(3, 2, 2, 2, 4, dtype=torch.float64).unbind(0)
    expected = F.scaled_dot_product_attention(q, k, v, mask, scale=scale)
    _, (found,) = record_model(
        nn.Identity(),
        (q, k, v),
        run=lambda _, q, k, v: F.scaled_dot_product_attention(q, k, v, mask, scale=scale),
    )
    assert torch.allclose(found, expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize("training", [True, False])
def test_recorded_multihead_attention_is_that_of_pytorch(training: bool) -> None:
    module = nn.MultiheadAttention(8, 2).double().train(training)
    x = torch.rand(5, 2, 8, dtype=torch.float64)
    expected = module(x, x, x)
    _, found = record_model(module, (x,), run=lambda m, y: m(y, y, y))
    assert all(
        torch.allclose(a, b, rtol=0, atol=1e-14) for a, b in zip(found, expected, strict=True)
    )


RECURRENT = {
    "nn.LSTM": nn.LSTM(8, 4),
    "nn.GRU": nn.GRU(8, 4, bidirectional=True),
    "nn.RNN": nn.RNN(8, 4, num_layers=2),
}


@pytest.mark.parametrize(("name", "module"), RECURRENT.items(), ids=RECURRENT)
def test_a_recurrent_layer_is_one_call(name: str, module: nn.Module) -> None:
    recording, _ = record_model(
        nn.ModuleDict({"rnn": module}), (torch.rand(5, 2, 8),), run=lambda m, x: m["rnn"](x)[0]
    )
    found = [(call.kind, call.place) for call in recording.calls[1:]]
    assert found == [(name, "rnn")]
    assert set(recording.calls[1].tensors) == {f"rnn.{n}" for n, _ in module.named_parameters()}
