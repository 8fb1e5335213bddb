"""Norms that a model writes out become layer and RMS norms, and nothing else does."""

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

import cnnspec

Norm = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
EPS = 1e-6


class WritesNorm(nn.Module):
    """A convolution, and a norm that is written out, with a weight and a bias."""

    def __init__(self, norm: Norm, shape: tuple[int, ...] = (5,)):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 5, 3), norm
        self.weight, self.bias = nn.Parameter(torch.rand(shape)), nn.Parameter(torch.rand(shape))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.norm(self.conv(x), self.weight, self.bias)


def convnext(x: torch.Tensor, w: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    u = x.mean(1, keepdim=True)
    s = (x - u).pow(2).mean(1, keepdim=True)
    return w[:, None, None] * ((x - u) / torch.sqrt(s + EPS)) + b[:, None, None]


def with_variance(x: torch.Tensor, w: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    var, mean = torch.var(x, 1, unbiased=False, keepdim=True), x.mean(1, keepdim=True)
    return (x - mean) * (var + EPS).rsqrt() * w.view(1, -1, 1, 1) + b.view(1, -1, 1, 1)


def without_affine(x: torch.Tensor, w: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    d = x - x.mean(1, keepdim=True)
    return d / ((d * d).mean(1, keepdim=True) + EPS).sqrt()


def channels_last(x: torch.Tensor, w: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    x = x.permute(0, 2, 3, 1)
    d = x - x.mean(-1, keepdim=True)
    return (d / (d.square().mean(-1, keepdim=True) + EPS).sqrt() * w + b).permute(0, 3, 1, 2)


def rms(x: torch.Tensor, w: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return x * torch.rsqrt(x.pow(2).mean(1, keepdim=True) + EPS) * w.reshape(1, -1, 1, 1)


NORMS: dict[str, tuple[Norm, str, int]] = {
    "ConvNeXt's": (convnext, "layernorm", 10),
    "with its variance": (with_variance, "layernorm", 10),
    "without parameters": (without_affine, "layernorm", 0),
    "channels last": (channels_last, "layernorm", 10),
    "of mean squares": (rms, "rmsnorm", 5),
}


@pytest.mark.parametrize("case", NORMS)
def test_a_written_norm_is_one_layer(case: str) -> None:
    norm, kind, params = NORMS[case]
    found = cnnspec.from_pytorch(WritesNorm(norm), input=(3, 8, 8))
    assert found.verdict.passed, str(found.verdict)
    assert [node.kind for node in found.network.graph.nodes] == ["input", "conv", kind]
    assert found.network.totals.params == 3 * 5 * 9 + 5 + params


def of_length_one(x: torch.Tensor, w: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return w.view(1, -1, 1, 1) * F.normalize(x)


def test_a_length_of_one_with_weights_is_an_l2_norm() -> None:
    found = cnnspec.from_pytorch(WritesNorm(of_length_one), input=(3, 8, 8))
    assert found.verdict.passed, str(found.verdict)
    assert [node.kind for node in found.network.graph.nodes] == ["input", "conv", "l2norm"]


def of_length_one_in_rows(x: torch.Tensor, w: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return w.view(1, -1, 1, 1) * F.normalize(x, dim=2)


def of_absolute_values(x: torch.Tensor, w: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return w.view(1, -1, 1, 1) * F.normalize(x, 1.0)


def unbiased(x: torch.Tensor, w: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return (x - x.mean(1, keepdim=True)) / (x.var(1, keepdim=True) + EPS).sqrt()


def cubed(x: torch.Tensor, w: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    d = x - x.mean(1, keepdim=True)
    return d / (d.pow(3).mean(1, keepdim=True) + EPS).sqrt()


def without_mean(x: torch.Tensor, w: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    d = x - x.mean(1, keepdim=True)
    return x / (d.square().mean(1, keepdim=True) + EPS).sqrt()


def read_twice(x: torch.Tensor, w: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    d = x - x.mean(1, keepdim=True)
    root = (d.square().mean(1, keepdim=True) + EPS).sqrt()
    return d / root + root


@pytest.mark.parametrize(
    "norm", [of_length_one_in_rows, of_absolute_values, unbiased, cubed, without_mean, read_twice]
)
def test_what_is_no_norm_is_not_called_one(norm: Norm) -> None:
    with pytest.raises(cnnspec.RequestError, match="no operator does this"):
        cnnspec.from_pytorch(WritesNorm(norm), input=(3, 8, 8))
