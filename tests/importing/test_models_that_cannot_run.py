"""A model that needs other inputs or a connection is refused with what it needs."""

import urllib.request
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner
from torch import nn

import cnnspec
from cnnspec.cli import cli
from cnnspec.problems import RequestError


class Downloads(nn.Conv2d):
    """A convolution that asks a server each time."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        urllib.request.urlopen("http://weights.example/table")
        return super().forward(x)


class LazyDownloads(Downloads, nn.LazyConv2d):  # type: ignore[misc]
    """One whose parameters take their shapes from the first run."""

    cls_to_become = Downloads


class Add(nn.Module):
    """A sum of two inputs."""

    def forward(self, x: torch.Tensor, skip: torch.Tensor) -> torch.Tensor:
        return torch.relu(x) + skip


class Keyword(nn.Module):
    """A model with an argument that has no place."""

    def forward(self, x: torch.Tensor, *, skip: torch.Tensor) -> torch.Tensor:
        return x + skip


class AnyNumber(nn.Module):
    """A sum of as many inputs as there are."""

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        return torch.relu(sum(inputs[1:], inputs[0]))


SHAPE = (3, 8, 8)
NEEDS = "give --input C,H,W once for each of them"
REFUSED: dict[str, tuple[nn.Module, Any, str]] = {
    "a download": (Downloads(3, 4, 3), SHAPE, "running the model opens a connection to weights"),
    "a download, lazy": (LazyDownloads(3, 4, 3), SHAPE, "running the model opens a connection"),
    "too few": (
        Add(),
        SHAPE,
        r"needs 2 inputs \(x, skip\), and 1 is given: " + NEEDS,
    ),
    "too many": (Add(), [SHAPE] * 3, "takes 2 inputs, and 3 are given"),
    "a keyword": (Keyword(), SHAPE, "needs the keyword 'skip'"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_the_message_says_what_a_model_needs(case: str) -> None:
    model, shapes, message = REFUSED[case]
    with pytest.raises(RequestError, match=message):
        cnnspec.from_pytorch(model, input=shapes)


@pytest.mark.parametrize("model", [Add(), AnyNumber()])
def test_two_inputs_are_fed(model: nn.Module) -> None:
    found = cnnspec.from_pytorch(model, input=[SHAPE, SHAPE])
    assert found.verdict.passed
    assert len(found.network.graph.inputs) == 2


def test_input_given_twice_feeds_two_inputs(tmp_path: Path) -> None:
    (tmp_path / "two_inputs_net.py").write_text(
        "import torch\n"
        "class Net(torch.nn.Module):\n"
        "    def forward(self, x, y):\n"
        "        return torch.cat([torch.relu(x), y], 1)\n"
    )
    source = f"{tmp_path}/two_inputs_net.py:Net"
    done = CliRunner().invoke(cli, ["import", source, "--input", "3,8,8", "--input", "5,8,8"])
    assert done.exit_code == 0, done.output
    assert "8x8" in done.output
    refused = CliRunner().invoke(cli, ["import", source, "--input", "3,8,8"])
    assert isinstance(refused.exception, RequestError)
    assert "needs 2 inputs (x, y), and 1 is given" in str(refused.exception)
