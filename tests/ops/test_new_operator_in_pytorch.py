"""Memory plans and recordings treat operators that they do not know by their properties."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import nn

import cnnspec
from cnnspec.analyses.alignment.call_graph import Edge, RecordedCall
from cnnspec.analyses.memory.passes import autocast_saved_bytes
from cnnspec.api import Network
from cnnspec.ops.kit.operator import Operator
from cnnspec.pytorch.recording.call_log import CallLog, NewCall
from cnnspec.pytorch.recording.merges import merge_call
from tests.ops.new_operators import NETWORK, PeakPool, Ramp, Shrink, model, register_operators
from tests.support import graph_of


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    yield from register_operators(monkeypatch)


def test_memory_is_planned_and_measured() -> None:
    network = Network(graph_of(NETWORK))
    assert network.memory(2).training_peak > network.memory(2).inference_peak > 0
    assert autocast_saved_bytes(network.graph, 2) is not None
    assert cnnspec.verify(network, device="cpu", memory=True)


def test_a_recorded_model_equals_the_spec() -> None:
    network = Network(graph_of(NETWORK))
    assert cnnspec.verify(network, model(), device="cpu")
    other: Any = model()
    other[3] = nn.AvgPool2d(2)
    assert not cnnspec.verify(network, other, device="cpu")


class Less(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x - 0.5


@pytest.mark.parametrize("limits", [(0.0,), ()])
def test_values_excuse_other_calls_only_if_they_reach_the_limits(
    limits: tuple[float, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Softshrink of values from 0.5 to 1 subtracts 0.5, so values do not show that it shrinks."""
    monkeypatch.setattr(Shrink, "value_limits", limits)
    network = Network(
        graph_of("""
input = [3, 4, 4]
layers = [
  { name = "conv",   op = "conv", out_channels = 2, kernel_size = 1, activation = "softplus" },
  { name = "gate",   op = "sigmoid" },
  { name = "shrink", op = "shrink" },
]
""")
    )
    model = nn.Sequential(nn.Conv2d(3, 2, 1), nn.Softplus(), nn.Sigmoid(), Less())
    assert bool(cnnspec.verify(network, model, device="cpu")) != bool(limits)


def test_a_pad_is_the_padding_of_an_operator_that_pads_with_its_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log, pad = CallLog(), {"pad": ((0, 0), (1, 1), (1, 1)), "value": 7}
    shape = (1, 2, 4, 4)
    padded = log.append(
        RecordedCall("pad", pad, (Edge(0),), shape),
        NewCall("pad", pad, (Edge(0),), (), (shape,), (1, 2, 6, 6)),
    )
    window = NewCall("crest", {"padding": (0, 0)}, (padded,), (), ((1, 2, 6, 6),), shape)
    assert merge_call(log, window) == window
    monkeypatch.setattr(PeakPool, "pads_with", (7,))
    merged = merge_call(log, window)
    assert (merged.fields, merged.reads) == ({"padding": (1, 1)}, (Edge(0),))


def test_an_operator_whose_memory_is_not_declared_gives_no_numbers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Ramp, "memory", Operator.memory)
    with pytest.raises(cnnspec.RequestError, match="ramp"):
        Network(graph_of(NETWORK)).memory(2)
