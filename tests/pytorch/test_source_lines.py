"""A recorded call names the line of the user's file that runs it."""

from pathlib import Path

import torch
from torch import nn

from cnnspec.pytorch.recording.recorder import record_model


class Body(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.conv(x)  # a module runs it
        return y.relu() * 2  # a method and an operator


def source_lines(model: nn.Module) -> list[str]:
    recording, _ = record_model(model, (torch.zeros(2, 3, 4, 4),))
    return [call.source for call in recording.calls if call.kind != "input"]


def line_of(text: str) -> str:
    lines = Path(__file__).read_text().splitlines()
    return str(next(i for i, line in enumerate(lines, 1) if line.endswith(text)))


def test_calls_have_the_line_of_the_model() -> None:
    files = [Path(s.rpartition(":")[0]).name for s in source_lines(Body())]
    assert files == ["test_source_lines.py"] * 3
    lines = [s.rpartition(":")[2] for s in source_lines(Body())]
    module, others = line_of("# a module runs it"), line_of("# a method and an operator")
    assert lines == [module, others, others]


def test_a_call_that_only_pytorch_makes_has_none() -> None:
    assert source_lines(nn.Sequential(nn.ReLU(), nn.Tanh())) == ["", ""]
