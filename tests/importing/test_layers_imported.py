"""Layers become the operators that a person would write, and are proven: a module for each."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

import cnnspec
from cnnspec.pytorch.capture.capture import run_on_cpu, run_on_meta
from cnnspec.units import Shape


class Sequence(nn.Module):
    """A recurrent layer over all positions of a map, and what is read of its results."""

    def __init__(self, layer: nn.Module, read: Callable[[Any], torch.Tensor]):
        super().__init__()
        self.layer, self.read = layer, read

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        sequence = x.flatten(2).permute(0, 2, 1)
        if not self.layer.batch_first:
            sequence = sequence.transpose(0, 1)
        return self.read(self.layer(sequence))


class StandardizedConv(nn.Conv2d):
    """A convolution with standardized kernels, in the way of timm, or with moments."""

    def __init__(self, way: str, bias: bool = True):
        super().__init__(4, 8, 3, bias=bias)
        self.way, self.gain = way, nn.Parameter(torch.ones(8, 1, 1, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.way == "moments":
            var, mean = torch.var_mean(self.weight, dim=[1, 2, 3], keepdim=True, unbiased=False)
            kernels = (self.weight - mean) / torch.sqrt(var + 1e-5)
        else:
            gain = (self.gain * 0.5).view(-1) if self.way == "gain" else None
            kernels = F.batch_norm(
                self.weight.reshape(1, 8, -1), None, None, gain, training=True, eps=1e-5
            ).reshape_as(self.weight)
        return F.conv2d(x, kernels, self.bias)


class Last(nn.Module):
    """A layer over the last dimension."""

    def __init__(self, layer: nn.Module):
        super().__init__()
        self.layer = layer

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x.movedim(1, -1)).movedim(-1, 1)  # type: ignore[no-any-return]


def first(results: Any) -> torch.Tensor:
    return results[0].transpose(1, 2)  # type: ignore[no-any-return]


def make_group_norm() -> nn.Module:
    norm = nn.GroupNorm(2, 4)
    norm.register_parameter("bias", None)
    return norm


SHAPE = (4, 6, 8)
LAYERS: dict[str, tuple[Callable[[], nn.Module], list[str]]] = {
    # what makes the module, and the operators of it without the input
    "lstm": (
        lambda: Sequence(nn.LSTM(4, 5, 2, batch_first=True, bidirectional=True), first),
        ["reshape", "lstm"],
    ),
    "gru, positions first": (
        lambda: Sequence(nn.GRU(4, 5, bias=False), lambda r: r[0].permute(1, 2, 0)),
        ["reshape", "gru"],
    ),
    "the last state of an lstm": (
        lambda: Sequence(nn.LSTM(4, 5, batch_first=True), lambda r: r[1][0][0]),
        ["reshape", "lstm", "crop", "flatten"],
    ),
    "the last position of a gru": (
        lambda: Sequence(nn.GRU(4, 5, batch_first=True), lambda r: r[0][:, -1]),
        ["reshape", "gru", "crop", "flatten"],
    ),
    "standardized kernels": (lambda: StandardizedConv("timm"), ["conv"]),
    "standardized by moments": (lambda: StandardizedConv("moments", bias=False), ["conv"]),
    "standardized with a gain": (
        lambda: StandardizedConv("gain"),
        ["conv", "scale", "channel_scale", "affine"],
    ),
    "rms norm": (lambda: Last(nn.RMSNorm(4, 1e-6)), ["rmsnorm"]),
    "layer norm without bias": (
        lambda: Last(nn.LayerNorm(4, bias=False)),
        ["layernorm", "channel_scale"],
    ),
    "group norm without bias": (make_group_norm, ["groupnorm", "channel_scale"]),
    "instance norm": (lambda: nn.InstanceNorm2d(4, affine=True), ["instancenorm"]),
    "instance norm with statistics": (
        lambda: nn.InstanceNorm2d(4, track_running_stats=True, momentum=0.3),
        ["instancenorm"],
    ),
    "circular padding": (lambda: nn.Conv2d(4, 5, 3, padding=1, padding_mode="circular"), ["conv"]),
    "reflection": (lambda: nn.Conv2d(4, 5, 3, padding=1, padding_mode="reflect"), ["conv"]),
    "a pool that counts no padding": (
        lambda: nn.AvgPool2d(3, 2, ceil_mode=True, count_include_pad=False),
        ["avgpool"],
    ),
    "normalized weights": (
        lambda: nn.utils.parametrizations.weight_norm(nn.Conv2d(4, 5, 3)),
        ["conv"],
    ),
}


@pytest.mark.parametrize("case", LAYERS)
def test_layers_become_operators_and_are_proven(case: str) -> None:
    make, kinds = LAYERS[case]
    found = cnnspec.from_pytorch(make(), input=SHAPE)
    assert [node.kind for node in found.network.graph.nodes[1:]] == kinds
    assert found.verdict.passed, str(found.verdict)


REFUSED: dict[str, tuple[Callable[[], nn.Module], Shape, str]] = {
    "the last state of two directions": (
        lambda: Sequence(nn.GRU(4, 5, batch_first=True, bidirectional=True), lambda r: r[1][0]),
        SHAPE,
        "it reads a result that no operator gives",
    ),
    "a norm over a part of the dimensions": (
        lambda: nn.LayerNorm((6, 8)),
        SHAPE,
        "layer normalization over a part of the dimensions",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_layers_that_no_operator_is_are_named(case: str) -> None:
    make, shape, message = REFUSED[case]
    with pytest.raises(cnnspec.RequestError, match=message):
        cnnspec.from_pytorch(make(), input=shape)


class Unreadable(nn.Module):
    """A plain recurrent layer, and calls after it that no operator does either."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.RNN(4, 5, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        sequence, _ = self.rnn(x.flatten(2).transpose(1, 2))
        return torch.cumsum(sequence, 1).cumprod(2)


def test_calls_after_an_unreadable_one_are_named_too() -> None:
    with pytest.raises(cnnspec.RequestError) as raised:
        cnnspec.from_pytorch(Unreadable(), input=(4, 40, 40))
    message = str(raised.value)
    assert message.startswith("3 calls")
    for call in ("rnn: rnn_tanh", "the model: cumsum", "the model: cumprod"):
        assert f"  {call} (tests/importing/test_layers_imported.py:" in message


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_recurrent_layers_are_one_call_of_the_right_shapes(kind: str, bidirectional: bool) -> None:
    layer = getattr(nn, kind)(4, 5, 2, bidirectional=bidirectional)
    quick, run = run_on_meta(layer, ((7, 4),)), run_on_cpu(layer, ((7, 4),))
    assert quick is not None
    for a, b in zip(quick, run, strict=True):
        assert [call.name for call in a.calls] == ["input", b.calls[1].name]
        assert [call.outputs for call in a.calls] == [call.outputs for call in b.calls]
