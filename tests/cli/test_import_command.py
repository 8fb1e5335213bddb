"""cnnspec import: the spec goes to stdout or a file, the verdict to stderr, and 0 means proven."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import cnnspec
from cnnspec.cli import cli
from cnnspec.importing import import_pytorch
from cnnspec.importing.folding import write_spec
from cnnspec.importing.imported_graph import ImportedGraph

MODELS = """
import socket
import torch
import torch.nn.functional as F
from torch import nn

class Net(nn.Module):
    def __init__(self, classes=10, width=8):
        super().__init__()
        self.conv = nn.Conv2d(3, width, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(width)
        self.fc = nn.Linear(width, classes)
        self.drop = nn.Dropout(0.3)

    def forward(self, x):
        print("a line for a person")
        x = F.relu(self.bn(self.conv(x))) + self.conv(x)
        return self.fc(self.drop(x.mean((2, 3))))

class Sorts(Net):
    def forward(self, x):
        x = self.conv(x)
        x = torch.sort(x, dim=1)[0]
        return torch.fft.rfft(x).real.mean((1, 2, 3))

class Depends(Net):
    def forward(self, x):
        return self.conv(x) if x.sum() > 0 else self.conv(-x)

class Raises(Net):
    def forward(self, x):
        raise ValueError("three channels, please")

class Downloads(Net):
    def __init__(self, pretrained=True):
        super().__init__()
        if pretrained:
            socket.create_connection(("weights.example.org", 443))

def needs(classes):
    return Net(classes)
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with models, which is the current one."""
    (tmp_path / "nets.py").write_text(MODELS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield tmp_path
    sys.modules.pop("nets", None)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["import", *arguments])


def test_the_spec_is_printed_and_the_verdict_goes_to_stderr(folder: Path) -> None:
    result = run("nets:Net", "--input", "3,16,16", "--arg", "classes=7")
    assert result.exit_code == 0, result.output
    assert "a line for a person" not in result.stdout
    assert "passed on CPU" in result.stderr
    (folder / "net.toml").write_text(result.stdout)
    net = cnnspec.load("net.toml")
    assert (net.name, net.totals.params) == ("net", 3 * 9 * 8 + 16 + 8 * 7 + 7)
    assert [n.op.fields and n.kind for n in net.graph.nodes if n.kind == "dropout"] == ["dropout"]


def test_a_file_of_models_is_a_source_and_the_spec_goes_into_a_file(folder: Path) -> None:
    result = run("nets.py:Net", "--input", "3,16,16", "--name", "mine", "--output", "mine.toml")
    assert (result.exit_code, result.stdout) == (0, "")
    assert cnnspec.load("mine.toml").name == "mine"


def test_without_an_input_the_spec_says_what_was_assumed() -> None:
    result = run("nets:Net")
    assert result.exit_code == 0
    assert "The input is assumed to be 3x224x224." in result.stdout


def test_calls_without_an_operator_are_named_with_module_and_line(folder: Path) -> None:
    result = run("nets:Sorts", "--output", "sorts.toml")
    assert result.exit_code == 1
    assert "3 calls of the model cannot be written in a spec" in result.stderr
    assert "sort (nets.py:23): no operator does this" in result.stderr
    assert not (folder / "sorts.toml").exists()


def test_a_part_is_written_where_asked_for_and_is_not_called_proven() -> None:
    result = run("nets:Sorts", "--partial")
    assert result.exit_code == 1
    assert 'op = "conv"' in result.stdout
    assert "# Only the part before a call that no operator can express" in result.stdout
    assert "not proven" in result.stderr


def test_a_spec_that_differs_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    def write_wrong(graph: ImportedGraph) -> tuple[str, tuple[str, ...]]:
        text, notes = write_spec(graph)
        return text.replace('op = "relu"', 'op = "sigmoid"'), notes

    monkeypatch.setattr(import_pytorch, "write_spec", write_wrong)
    result = run("nets:Net", "--input", "3,16,16")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "FAILED" in result.stderr
    assert "is not written; --partial writes it" in result.stderr


REFUSED = {
    "nowhere:Net": "there is no module 'nowhere' to import",
    "nets:Nett": "nets has no Nett; did you mean 'Net'?",
    "nets": "takes torchvision:resnet50, timm:resnetv2_50, package.module:factory or",
    "no_file.py:Net": "there is no file no_file.py",
    "nets:needs": r"nets:needs\(\) cannot be called: missing a required argument: 'classes'; --arg",
    "nets:Raises": "cannot be run in inference .* ValueError: three channels, please",
    "nets:Downloads": "opens a connection to weights.example.org.*--arg pretrained=False",
    "nets:F": "nets:F is a module; cnnspec import takes a class or a function",
}


@pytest.mark.parametrize("source", REFUSED)
def test_what_cannot_be_imported_has_a_clear_message(source: str) -> None:
    result = run(source)
    assert result.exit_code == 1 or isinstance(result.exception, cnnspec.RequestError)
    assert re.search(REFUSED[source], str(result.exception), re.DOTALL)


def test_control_flow_that_depends_on_values_is_named() -> None:
    result = run("nets:Depends")
    assert result.exit_code == 1
    assert "Python reads a value of a tensor" in result.stderr


def test_a_factory_that_connects_only_without_an_argument_is_imported() -> None:
    assert run("nets:Downloads", "--arg", "pretrained=false", "--input", "3,8,8").exit_code == 0
