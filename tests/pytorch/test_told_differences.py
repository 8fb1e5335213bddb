"""How differences are told: dropout at inference, numbers of outputs, what is not supported."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from cnnspec.analyses.verdict import FAILED, Check
from cnnspec.pytorch.compare_model import compare_model
from tests.support import graph_of

SPEC = """
input = [3, 8, 8]
layers = [
  { name = "c", op = "conv", out_channels = 4, kernel_size = 3, padding = 1 },
  { name = "r", op = "relu" },
  { name = "d", op = "dropout", p = 0.5 },
  { name = "g", op = "global_avgpool", keepdim = false },
  { name = "l", op = "linear", out_features = 4 },
]
"""


class Net(nn.Module):
    """The network of SPEC; subclasses change what comes before and after its head."""

    def __init__(self) -> None:
        super().__init__()
        self.c, self.l = nn.Conv2d(3, 4, 3, padding=1), nn.Linear(4, 4)

    def drop(self, x: torch.Tensor) -> torch.Tensor:
        return F.dropout(x, 0.5, self.training)

    def finish(self, x: torch.Tensor, y: torch.Tensor) -> Any:
        return x

    def forward(self, x: torch.Tensor) -> Any:
        y = self.c(x).relu()
        return self.finish(self.l(self.drop(y).mean((2, 3))), y)


def tell(model: nn.Module) -> list[Check]:
    return compare_model(graph_of(SPEC), model, "mine", "cpu")


def rows(check: Check) -> list[tuple[Any, ...]]:
    return [(d.name, d.quantity, d.change or d.cause) for d in check.differences]


class Always(Net):
    def drop(self, x: torch.Tensor) -> torch.Tensor:
        return F.dropout(x, 0.5)


class AlwaysDropout(nn.Dropout):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.dropout(x, self.p, True)


class AlwaysByModule(Net):
    def __init__(self) -> None:
        super().__init__()
        self.dropping = AlwaysDropout(0.5)

    def drop(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.dropping(x)
        return y


class AlwaysByMask(Net):
    def drop(self, x: torch.Tensor) -> torch.Tensor:
        return x * torch.rand_like(x).lt(0.5).div(0.5)


@pytest.mark.parametrize(
    ("model", "place"),
    [(Always, "forward"), (AlwaysByModule, "dropping"), (AlwaysByMask, "forward")],
)
def test_dropout_that_is_active_at_inference_is_told_as_that(
    model: type[nn.Module], place: str
) -> None:
    calls = tell(model())[0]
    assert rows(calls) == [(place, "dropout", "active at inference")]
    assert calls.differences[0].source.startswith("tests/pytorch/test_told_differences.py:")


@pytest.mark.parametrize("always", [False, True])
def test_dropout_that_the_spec_lacks_is_one_row(always: bool) -> None:
    class More(Net):
        def finish(self, x: torch.Tensor, y: torch.Tensor) -> Any:
            return F.dropout(x, 0.1, always or self.training)

    cause = "the spec lacks this layer" + always * "; it is active at inference too"
    assert rows(tell(More())[0]) == [("forward", "layer", cause)]


class Two(Net):
    def finish(self, x: torch.Tensor, y: torch.Tensor) -> Any:
        return {"features": y, "out": x}


class Nothing(Net):
    def finish(self, x: torch.Tensor, y: torch.Tensor) -> Any:
        return None


@pytest.mark.parametrize(("model", "words"), [(Two, "1 (l) → 2 (relu, l)"), (Nothing, "1 (l) → 0")])
def test_another_number_of_outputs_is_told_as_that(model: type[nn.Module], words: str) -> None:
    calls = tell(model())[0]
    assert rows(calls) == [("outputs", "number", words)]


def test_a_shape_that_follows_from_other_calls_is_a_note() -> None:
    class Narrow(Net):
        def __init__(self) -> None:
            super().__init__()
            self.l = nn.Linear(4, 3)

    calls, outputs = tell(Narrow())
    assert rows(calls) == [("l", "linear", "out_features 4 → 3")]
    assert (outputs.status, outputs.differences) == (FAILED, ())
    assert [(d.name, d.calculated, d.measured) for d in outputs.notes] == [("l", (4,), (3,))]


class Recurrent(Net):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.ModuleDict({"rnn": nn.RNN(4, 4, batch_first=True)})

    def drop(self, x: torch.Tensor) -> torch.Tensor:
        y = self.encoder["rnn"](x.flatten(2).transpose(1, 2))[0]
        return super().drop(y.transpose(1, 2).reshape(x.shape))


def test_what_is_not_supported_is_named_with_its_place() -> None:
    (difference,) = tell(Recurrent())[0].differences
    assert difference.measured == "nn.RNN"
    where = difference.source
    assert where.startswith("tests/pytorch/test_told_differences.py:")
    assert difference.cause == f"not supported: nn.RNN at encoder.rnn, {where}"
