"""Local response normalization is one layer, as PyTorch computes it or as a model writes it out."""

from typing import Any

import pytest
import torch
from torch import nn

import cnnspec


class WritesLrn(nn.Module):
    """The norm as models from Caffe and Lua write it: a pool that pads by itself."""

    def __init__(self, size: int, **pool: Any):
        super().__init__()
        padding = ((size - 1) // 2, 0, 0)
        self.average = nn.AvgPool3d((size, 1, 1), **{"stride": 1, "padding": padding, **pool})

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        squares: torch.Tensor = self.average(x.pow(2).unsqueeze(1)).squeeze(1)
        return x.div(squares.mul(2e-4).add(2.0).pow(0.5))


LAYERS = {
    "PyTorch's": (nn.LocalResponseNorm(5, 1e-3, 0.7, 2.0), (5, 1e-3, 0.7, 2.0)),
    "of an even size": (nn.LocalResponseNorm(4), (4, 1e-4, 0.75, 1.0)),
    "written out": (WritesLrn(3), (3, 2e-4, 0.5, 2.0)),
}


CASES = [(case, (6, 5, 4)) for case in LAYERS] + [("PyTorch's", (6, 9))]


@pytest.mark.parametrize(("case", "shape"), CASES)
def test_a_local_response_norm_is_one_layer(case: str, shape: tuple[int, ...]) -> None:
    layer, settings = LAYERS[case]
    conv = (nn.Conv1d if len(shape) == 2 else nn.Conv2d)(6, 8, 1)
    found = cnnspec.from_pytorch(nn.Sequential(conv, layer), input=shape)
    assert found.verdict.passed, str(found.verdict)
    nodes = found.network.graph.nodes
    assert [node.kind for node in nodes] == ["input", "conv", "lrn"]
    op: Any = nodes[-1].op
    assert (op.size, op.alpha, op.beta, op.k) == settings


OTHERS: dict[str, dict[str, Any]] = {
    "without the padding": {"count_include_pad": False},
    "with a stride": {"stride": (1, 2, 2), "padding": (1, 0, 0)},
    "with another divisor": {"divisor_override": 2},
}


@pytest.mark.parametrize("case", OTHERS)
def test_another_pool_is_no_local_response_norm(case: str) -> None:
    model = nn.Sequential(nn.Conv2d(6, 8, 1), WritesLrn(3, **OTHERS[case]))
    try:
        found = cnnspec.from_pytorch(model, input=(6, 1, 1))
    except cnnspec.RequestError:
        return
    assert "lrn" not in found.text
