"""Sizes that a model computes from its input are written so that they hold for other inputs."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

import cnnspec
from cnnspec.graph.build import build_graph
from cnnspec.pytorch.compare_model import compare_model
from cnnspec.spec.source import Source


class Sized(nn.Module):
    """A convolution, and calls that depend on the size of its input."""

    def __init__(self, run: Any):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, 2, 1)
        self.run = run

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.run(x, self.conv(x))  # type: ignore[no-any-return]


def attend(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    q = y.flatten(2).transpose(1, 2)
    return F.scaled_dot_product_attention(q, q, q).transpose(1, 2).reshape(y.shape)


CASES: dict[str, tuple[Any, str]] = {  # what runs, and what the spec has
    "a size by a factor": (
        lambda x, y: F.interpolate(y, [2 * n for n in y.shape[2:]]),
        "scale_factor = 2",
    ),
    "the size of another value": (
        lambda x, y: y + F.interpolate(F.max_pool2d(y, 3, 2), y.shape[2:], mode="bilinear"),
        'from = ["maxpool", "conv"]',
    ),
    "the size of the input": (
        lambda x, y: F.interpolate(F.max_pool2d(y, 3, 2), x.shape[2:]),
        'from = ["maxpool", "input"]',
    ),
    "a pool over the whole map": (
        lambda x, y: F.avg_pool2d(y, y.shape[2:]),
        'op = "global_avgpool"',
    ),
    "positions in one dimension and back": (attend, "scaled_dot_product_attention"),
    "positions in one dimension": (lambda x, y: y.flatten(2).softmax(2), "shape = [0, -1]"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_spec_of_one_size_describes_the_model_at_another(case: str) -> None:
    run, written = CASES[case]
    model = Sized(run).eval()
    found = cnnspec.from_pytorch(model, input=(3, 12, 16))
    assert found.verdict.passed, str(found.verdict)
    assert written in found.text
    graph = build_graph(Source("net.toml", found.text), "", {}, (3, 20, 36))
    checks = compare_model(graph, model, "the model", "cpu")
    assert {c.status for c in checks} == {"passed"}, checks
    assert "only" not in found.text


def test_a_size_that_is_a_constant_of_the_model_stays() -> None:
    found = cnnspec.from_pytorch(Sized(lambda x, y: F.interpolate(y, (7, 9))), input=(3, 12, 16))
    assert "size = [7, 9]" in found.text


def test_a_size_without_a_rule_has_a_note() -> None:
    def run(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return F.interpolate(y, [n // 3 + 5 for n in x.shape[2:]])

    found = cnnspec.from_pytorch(Sized(run), input=(3, 12, 16))
    assert "# For this input size only: upsample in the model." in found.text
