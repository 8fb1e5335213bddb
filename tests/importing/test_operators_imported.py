"""Calls of PyTorch that became operators of their own are imported, and proven."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

import cnnspec
from cnnspec.importing.canonical.canonicalize import UnsupportedModel
from tests.support import build, import_timm

SHAPE = (4, 7, 9)


class Calls(nn.Module):
    """A module that calls a function of its training mode and its input."""

    def __init__(self, function: Callable[[bool, torch.Tensor], torch.Tensor]):
        super().__init__()
        self.function = function

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.function(self.training, x)


class ResponseNorm(nn.Module):
    """ConvNeXt-V2's global response norm as timm writes it, or with a sum in place of the mean."""

    def __init__(self, wrong: bool = False):
        super().__init__()
        self.wrong = wrong
        self.weight, self.bias = nn.Parameter(torch.rand(4)), nn.Parameter(torch.rand(4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        g = x.norm(p=2, dim=(2, 3), keepdim=True)
        mean = g.sum(1, keepdim=True) if self.wrong else g.mean(1, keepdim=True)
        weight, bias = self.weight.view(1, -1, 1, 1), self.bias.view(1, -1, 1, 1)
        return x + torch.addcmul(bias, weight, x * (g / (mean + 1e-6)))


def attend(training: bool, x: torch.Tensor) -> torch.Tensor:
    q = x.flatten(2).transpose(1, 2).unsqueeze(1)
    return F.scaled_dot_product_attention(q, q, q, dropout_p=0.25 * training)


def always_drop(training: bool, x: torch.Tensor) -> torch.Tensor:
    return attend(True, x)


UNFOLD = {"kernel_size": (2, 3), "stride": 2, "padding": 1}
CASES: dict[str, tuple[nn.Module, str, dict[str, Any]]] = {
    # the module, the operator, and its fields
    "unfold": (nn.Unfold((2, 3), stride=2, padding=1), "unfold", UNFOLD),
    "channel_shuffle": (nn.ChannelShuffle(2), "channel_shuffle", {"groups": 2}),
    "roll": (Calls(lambda _, x: x.roll((1, -2), (2, 3))), "roll", {"shifts": (1, -2)}),
    "roll of a side": (Calls(lambda _, x: x.roll(3, -1)), "roll", {"shifts": (0, 3)}),
    "roll, channels last": (
        Calls(lambda _, x: x.movedim(1, 3).roll((1, 2), (1, 2)).movedim(3, 1)),
        "roll",
        {"shifts": (1, 2)},
    ),
    "response norm": (ResponseNorm(), "global_response_norm", {}),
    "dropped weights": (Calls(attend), "scaled_dot_product_attention", {"dropout": 0.25}),
    "every second": (Calls(lambda _, x: x[:, :, ::2, ::2]), "subsample", {"stride": 2}),
    "every second and third": (
        Calls(lambda _, x: x[..., ::2, ::3]),
        "subsample",
        {"stride": (2, 3)},
    ),
    "a part": (
        Calls(lambda _, x: x[:, :, 1:4, 2:7]),
        "crop",
        {"offset": (1, 2), "size": (3, 5)},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_calls_become_operators_and_are_proven(case: str) -> None:
    model, kind, fields = CASES[case]
    found = cnnspec.from_pytorch(model, input=SHAPE)
    assert found.verdict.passed, str(found.verdict)
    nodes = [n for n in found.network.graph.nodes if n.kind == kind]
    assert len(nodes) == 1
    assert {name: getattr(nodes[0].op, name) for name in fields} == fields


class Standardize(nn.Module):
    """(x - mean) / std with buffers, as many models begin."""

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.1, 0.2, 0.3, 0.4]).view(1, 4, 1, 1))
        self.register_buffer("std", torch.tensor([0.5, 0.25, 0.125, 2.0]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu((x - self.mean) / self.std[:, None, None])


def test_buffers_of_one_number_a_channel_are_scalings() -> None:
    found = cnnspec.from_pytorch(Standardize(), input=SHAPE)
    assert found.verdict.passed, str(found.verdict)
    nodes = [n for n in found.network.graph.nodes if n.kind == "scale"]
    assert [n.op.offset for n in nodes if n.op.offset] == [(-0.1, -0.2, -0.3, -0.4)]  # type: ignore[attr-defined]
    assert [n.op.factor for n in nodes if n.op.factor != 1] == [(2.0, 4.0, 8.0, 0.5)]  # type: ignore[attr-defined]


REFUSED = {
    "roll of all elements": (Calls(lambda _, x: x.roll(1)), "all elements as one dimension"),
    "roll of channels": (Calls(lambda _, x: x.roll(1, 1)), "rolls the batch, the channels"),
    "response norm with a sum": (ResponseNorm(wrong=True), "linalg_vector_norm"),
    "weights dropped at inference": (Calls(always_drop), "drops weights in inference, too"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_no_operator_does_is_named(case: str) -> None:
    model, message = REFUSED[case]
    with pytest.raises(UnsupportedModel, match=message):
        cnnspec.from_pytorch(model, input=SHAPE)


class CropsMiddle(nn.Module):
    """Two convolutions whose results are concatenated after a crop, as in the U-Net."""

    def __init__(self, offset: int | None = None):
        super().__init__()
        self.down, self.offset = nn.Conv2d(4, 4, 3), offset

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.down(self.down(x))
        (h, w), (m, n) = x.shape[2:], y.shape[2:]
        i, j = ((h - m) // 2, (w - n) // 2) if self.offset is None else [self.offset] * 2
        return torch.cat([y, x[:, :, i : i + m, j : j + n]], 1)


@pytest.mark.parametrize("offset", [None, 1])
def test_a_crop_to_the_size_of_another_map_has_no_fixed_numbers(offset: int | None) -> None:
    found = cnnspec.from_pytorch(CropsMiddle(offset), input=(4, 12, 14))
    assert found.verdict.passed, str(found.verdict)
    crop = next(n for n in found.network.graph.nodes if n.kind == "crop")
    assert (len(crop.inputs), crop.op.size) == (2, None)  # type: ignore[attr-defined]


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "kind", "count"),
    [
        ("convnextv2_atto", "global_response_norm", 12),
        ("resnetblur18", "depthwise_conv", 4),
        ("darknetaa53", "avgpool", 5),
    ],
)
def test_models_of_timm_are_proven(name: str, kind: str, count: int) -> None:
    import_timm()
    model = build("timm", name)
    found = cnnspec.from_pytorch(model, input=(3, 64, 64))
    assert found.verdict.passed, str(found.verdict)
    assert sum(n.kind == kind for n in found.network.graph.nodes) == count
    assert found.network.totals.params == sum(p.numel() for p in model.parameters())
