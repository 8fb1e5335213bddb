"""Models that subtract a mean and divide by a deviation that nothing learns, in many spellings."""

from collections.abc import Callable
from math import pi
from typing import Any

import pytest
import torch
from torch import nn

import cnnspec
from cnnspec.analyses.verdict import PASSED, Check
from cnnspec.pytorch.built_module import build_module
from cnnspec.pytorch.check_calls import SAME_CALLS
from cnnspec.pytorch.compare_model import compare_model
from cnnspec.pytorch.recording.fixed_numbers import shortest_decimals
from tests.support import graph_of

CONV = nn.Conv1d, nn.Conv2d, nn.Conv3d
SPATIAL = {1: "9", 2: "9, 8", 3: "5, 9, 8"}
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
FACTOR = 'factor = ["{1 / 0.229}", "{1 / 0.224}", "{1 / 0.225}"]'
OFFSET = 'offset = ["{-0.485 / 0.229}", "{-0.456 / 0.224}", "{-0.406 / 0.225}"]'
ONE_LINE = f"""
  {{ name = "n", op = "scale", {FACTOR}, {OFFSET} }},"""
TWO_LINES = f"""
  {{ name = "m", op = "scale", offset = [-0.485, -0.456, -0.406] }},
  {{ name = "n", op = "scale", {FACTOR} }},"""
Forward = Callable[[Any, torch.Tensor], torch.Tensor]


class Model(nn.Module):
    """Normalize by ``forward``, with buffers for mean and deviation; then a convolution ``c``."""

    def __init__(self, forward: Forward, dimensions: int) -> None:
        super().__init__()
        self.function, ones = forward, [1] * dimensions
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, *ones))
        self.register_buffer("std", torch.tensor(STD).view(3, *ones))
        self.register_buffer("inverse", 1 / self.std)
        self.register_buffer("tenth", torch.tensor(0.1))
        self.plain = torch.tensor(MEAN).view(3, *ones)  # no buffer, so it stays in float32
        self.c = CONV[dimensions - 1](3, 4, 3)

    mean: torch.Tensor
    std: torch.Tensor
    inverse: torch.Tensor
    tenth: torch.Tensor

    def forward(self, x: torch.Tensor) -> Any:
        return self.c(self.function(self, x))


def compare(layers: str, forward: Forward, dimensions: int = 2) -> list[Check]:
    spec = f"""
input = [3, {SPATIAL[dimensions]}]
layers = [{layers}
  {{ name = "c", op = "conv", out_channels = 4, kernel_size = 3 }},
]
"""
    return compare_model(
        graph_of(spec), Model(forward, dimensions), "mine", "cpu", demand=SAME_CALLS
    )


def made_in_forward(m: Model, x: torch.Tensor) -> torch.Tensor:
    """Normalize as torchvision's Normalize does, by tensors of the input's dtype."""
    mean, std = (torch.as_tensor(v, dtype=x.dtype).view(m.std.shape) for v in (MEAN, STD))
    return x.clone().sub_(mean).div_(std)


def channels_last(m: Model, x: torch.Tensor) -> torch.Tensor:
    return ((x.movedim(1, -1) - m.mean.flatten()) / m.std.flatten()).movedim(-1, 1)


NORMALIZE: dict[str, Forward] = {
    "buffers": lambda m, x: (x - m.mean) / m.std,
    "reversed": lambda m, x: (-m.mean + x) * (1 / m.std),
    "in place": lambda m, x: x.clone().sub_(m.mean).div_(m.std),
    "a buffer computed in float32": lambda m, x: (x - m.mean) * m.inverse,
    "a tensor that is no buffer": lambda m, x: (x - m.plain) / m.std,
    "made in forward": made_in_forward,
    "channels last": channels_last,
}
WRONG: dict[str, Forward] = {
    "multiplied": lambda m, x: (x - m.mean) * m.std,
    "another order": lambda m, x: (x - m.mean) / m.std.flip(0),
    "added": lambda m, x: (x + m.mean) / m.std,
    "divided first": lambda m, x: x / m.std - m.mean,
    "another mean": lambda m, x: (x - m.mean - 1e-4) / m.std,
    "one number": lambda m, x: (x - 0.45) / 0.226,
    "nothing": lambda m, x: x,
}


@pytest.mark.parametrize("dimensions", [1, 2, 3])
@pytest.mark.parametrize("layers", [ONE_LINE, TWO_LINES], ids=["one line", "two lines"])
@pytest.mark.parametrize("forward", NORMALIZE.values(), ids=NORMALIZE)
def test_a_normalization_aligns(forward: Forward, layers: str, dimensions: int) -> None:
    checks = compare(layers, forward, dimensions)
    assert all(c.status == PASSED for c in checks), checks


@pytest.mark.parametrize("layers", [ONE_LINE, TWO_LINES], ids=["one line", "two lines"])
@pytest.mark.parametrize("forward", WRONG.values(), ids=WRONG)
def test_another_normalization_fails(forward: Forward, layers: str) -> None:
    assert any(c.status != PASSED for c in compare(layers, forward))


def test_numbers_align_with_numbers() -> None:
    line = '\n  { name = "n", op = "scale", factor = 4, offset = -1.8 },'
    spellings: list[Forward] = [
        lambda m, x: (x - 0.45) / 0.25,
        lambda m, x: (x - 0.45) * torch.tensor([4.0]),
        lambda m, x: (x - torch.full((1, 3, 1, 1), 0.45)) / 0.25,
    ]
    for forward in spellings:
        checks = compare(line, forward)
        assert all(c.status == PASSED for c in checks), checks
    tenth = '\n  { name = "n", op = "scale", factor = 0.1 },'
    assert all(c.status == PASSED for c in compare(tenth, lambda m, x: x * m.tenth))


def test_buffers_that_are_used_are_no_notes() -> None:
    notes = [n.name for c in compare(ONE_LINE, NORMALIZE["buffers"]) for n in c.notes]
    assert notes == ["inverse", "tenth"]


def test_decimals_survive_single_precision() -> None:
    written = [0.485, 0.1, 1e-5, 123.456, -7.0, 0.0, 65504.0, 0.299, 16777216.0]
    single = torch.tensor(written, dtype=torch.float32)
    assert shortest_decimals(single.double()).tolist() == written
    others = torch.tensor([pi, 1 / 3, 1e-30, 1e30], dtype=torch.float32)
    found = shortest_decimals(others.double())
    assert torch.equal(found.float(), others)


def test_a_list_is_a_number_for_each_channel() -> None:
    text = """
input = [4, 8]
layers = [{ name = "s", op = "scale", factor = [1, 2, 3] }]
"""
    with pytest.raises(cnnspec.SpecError, match=r"factor has 3 values, but input is 4x8"):
        graph_of(text)


def test_the_module_keeps_its_numbers_exact() -> None:
    text = """
input = [2, 4]
layers = [{ name = "s", op = "scale", factor = ["{1 / 3}", 0.1] }]
"""
    for dtype in (torch.float32, torch.float64):
        factor = build_module(graph_of(text), dtype=dtype).get_buffer("s.factor")
        assert factor.tolist() == torch.tensor([1 / 3, 0.1], dtype=dtype).tolist()
