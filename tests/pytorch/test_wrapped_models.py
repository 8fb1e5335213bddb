"""Right models in what PyTorch wraps around models: compiled, traced, lazy, in parallel."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import fx, nn, optim
from torch.utils.checkpoint import checkpoint_sequential

from cnnspec.analyses.verdict import PASSED
from cnnspec.pytorch.compare_model import compare_model
from tests.support import graph_of

SPEC = """
input = [3, 16, 16]
layers = [
  { name = "c", op = "conv", out_channels = 8, kernel_size = 3, norm = "batchnorm" },
  { name = "r", op = "relu" },
  { name = "d", op = "dropout", p = 0.2 },
  { name = "g", op = "global_avgpool", keepdim = false },
  { name = "l", op = "linear", out_features = 4 },
]
"""


def make(conv: nn.Module, norm: nn.Module, head: nn.Module) -> nn.Sequential:
    drop, pool = nn.Dropout(0.2), nn.AdaptiveAvgPool2d(1)
    return nn.Sequential(conv, norm, nn.ReLU(), drop, pool, nn.Flatten(), head)


def plain() -> nn.Sequential:
    return make(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Linear(8, 4))


class Around(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = plain()

    def forward(self, x: torch.Tensor) -> Any:
        return self.net(x)


class ChannelsLast(Around):
    def forward(self, x: torch.Tensor) -> Any:
        return self.net(x.to(memory_format=torch.channels_last))


class Checkpointed(Around):
    def forward(self, x: torch.Tensor) -> Any:
        return checkpoint_sequential(self.net, 2, x, use_reentrant=False)  # type: ignore[no-untyped-call]


class KeepingFeatures(Around):
    """A model with a hook that keeps what a layer gives."""

    def __init__(self) -> None:
        super().__init__()
        self.features: list[Any] = []
        self.net[0].register_forward_hook(lambda m, i, o: self.features.append(o))


def frozen() -> nn.Module:
    return plain().requires_grad_(False)


WRAPPED: dict[str, Callable[[], Any]] = {
    "plain": plain,
    "channels last": ChannelsLast,
    "checkpointed": Checkpointed,
    "a hook": KeepingFeatures,
    "scripted": lambda: torch.jit.script(plain()),
    "a graph of fx": lambda: fx.symbolic_trace(plain()),
    "lazy": lambda: make(nn.LazyConv2d(8, 3), nn.LazyBatchNorm2d(), nn.LazyLinear(4)),
    "half precision": lambda: plain().half(),
    "frozen": frozen,
    "averaged": lambda: optim.swa_utils.AveragedModel(plain()),
    "in parallel": lambda: nn.DataParallel(plain()),
    "synchronized": lambda: nn.SyncBatchNorm.convert_sync_batchnorm(plain()),
}


LONG = pytest.param(
    lambda: torch.compile(plain(), backend="eager"), id="compiled", marks=pytest.mark.long
)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "model", [*(pytest.param(make, id=name) for name, make in WRAPPED.items()), LONG]
)
def test_a_wrapped_model_passes(model: Callable[[], nn.Module]) -> None:
    checks = compare_model(graph_of(SPEC), model(), "mine", "cpu")
    assert all(c.status == PASSED for c in checks), [c for c in checks if c.status != PASSED]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("mode", [True, False])
def test_a_trace_has_the_dropout_of_its_mode(mode: bool) -> None:
    traced = torch.jit.trace(plain().train(mode), torch.rand(2, 3, 16, 16), check_trace=False)  # type: ignore[no-untyped-call]
    (difference,) = compare_model(graph_of(SPEC), traced, "mine", "cpu")[0].differences
    expected = "active at inference" if mode else "the model lacks this layer"
    assert (difference.change or difference.cause) == expected
