"""cnnspec export: what is written, where, and which requests are refused."""

import sys
from pathlib import Path

import numpy
import onnx
import pytest
import torch
from click.testing import CliRunner
from onnx import numpy_helper

import cnnspec
from cnnspec.cli import cli

ARGUMENTS = ["export", "lenet5", "--to", "pytorch"]


def test_the_source_is_printed_or_written(tmp_path: Path) -> None:
    printed = CliRunner().invoke(cli, ARGUMENTS)
    assert printed.exit_code == 0
    assert "class LeNet5(nn.Module):" in printed.stdout
    assert printed.stderr.startswith("cnnspec: 10 tensors are equal, and outputs differ by at most")
    file = tmp_path / "net.py"
    written = CliRunner().invoke(cli, [*ARGUMENTS, "--no-check", "--output", str(file)])
    assert (written.exit_code, written.stdout, written.stderr) == (0, "", "")
    assert file.read_text(encoding="utf-8") == printed.stdout


def test_an_existing_file_is_kept_unless_forced(tmp_path: Path) -> None:
    file = tmp_path / "net.py"
    file.write_text("mine", encoding="utf-8")
    asked = [*ARGUMENTS, "--no-check", "--output", str(file)]
    refused = CliRunner().invoke(cli, asked)
    assert str(refused.exception) == f"{file} exists; --force replaces it"
    assert file.read_text(encoding="utf-8") == "mine"
    assert CliRunner().invoke(cli, [*asked, "--force"]).exit_code == 0
    assert file.read_text(encoding="utf-8").startswith('"""LeNet-5')


def test_settings_and_the_input_reach_the_source() -> None:
    asked = ["export", "resnet20_cifar", "--to", "pytorch", "--no-check"]
    printed = CliRunner().invoke(cli, [*asked, "--set", "classes=7", "--input", "3,64,64"])
    assert "def resnet20_cifar(num_classes: int = 7)" in printed.stdout
    assert "torch.randn(1, 3, 64, 64)" in printed.stdout


ONNX = ["export", "lenet5", "--to", "onnx"]


def test_a_model_of_onnx_is_written_and_checked(tmp_path: Path) -> None:
    file = tmp_path / "net.onnx"
    written = CliRunner().invoke(cli, [*ONNX, "--output", str(file), "--dynamic"])
    assert written.exit_code == 0
    assert "net.onnx has 12 nodes of opset 20; outputs differ from PyTorch's by" in written.stderr
    model = onnx.load(file)
    assert {node.name for node in model.graph.node} >= {"C1", "F6"}
    assert model.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "batch"


def test_a_model_of_onnx_has_the_weights_of_a_file(tmp_path: Path) -> None:
    file, weights = tmp_path / "net.onnx", tmp_path / "net.pt"
    module = cnnspec.load("lenet5").build()
    torch.save(module.state_dict(), weights)
    asked = [*ONNX, "--output", str(file), "--weights", str(weights)]
    assert CliRunner().invoke(cli, asked).exit_code == 0
    found = {t.name: numpy_helper.to_array(t) for t in onnx.load(file).graph.initializer}
    assert numpy.array_equal(found["C1.weight"], module.state_dict()["C1.weight"].numpy())


def test_a_wrong_model_of_onnx_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "net.onnx"
    monkeypatch.setattr("cnnspec.ops.tanh.Tanh.onnx_type", "Sigmoid")
    found = CliRunner().invoke(cli, [*ONNX, "--output", str(file)])
    assert found.exit_code == 1
    assert "the model differs from the spec:\n  OUTPUT: a relative difference of" in found.stderr
    assert not file.exists()


def test_export_to_onnx_without_onnx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    found = CliRunner().invoke(cli, [*ONNX, "--output", str(tmp_path / "net.onnx")])
    assert "an export to ONNX needs onnx: pip install 'cnnspec[onnx]'" in str(found.exception)


KERAS = ["export", "lenet5", "--to", "keras"]


def test_keras_source_is_printed_and_checked() -> None:
    printed = CliRunner().invoke(cli, KERAS)
    assert printed.exit_code == 0
    assert "def lenet5() -> keras.Model:" in printed.stdout
    assert "10 weights are set, and outputs differ from PyTorch's by at most" in printed.stderr
    assert cnnspec.load("lenet5").to_keras() == printed.stdout


def test_wrong_keras_source_is_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cnnspec.ops.tanh.Tanh.keras_op", "sigmoid")
    found = CliRunner().invoke(cli, KERAS)
    assert (found.exit_code, found.stdout) == (1, "")
    assert "the source differs from the spec:\n  OUTPUT: a relative difference" in found.stderr


def test_export_to_keras_without_keras(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keras", None)
    found = CliRunner().invoke(cli, KERAS)
    assert "needs Keras: pip install 'cnnspec[keras]', or --no-check" in str(found.exception)
    assert CliRunner().invoke(cli, [*KERAS, "--no-check"]).exit_code == 0


def test_a_network_exports_itself() -> None:
    net = cnnspec.load("resnet20_cifar", classes=7)
    assert "def resnet20_cifar(num_classes: int = 7)" in net.to_pytorch()
    model = net.to_onnx(seed=3)
    same = net.to_onnx(seed=3)
    assert model.SerializeToString(deterministic=True) == same.SerializeToString(deterministic=True)
    assert [d.dim_value for d in model.graph.output[0].type.tensor_type.shape.dim] == [1, 7]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (ONNX, "an ONNX model is no text: name a file with --output"),
        ([*ARGUMENTS, "--dynamic"], "--dynamic, --weights and --seed are for --to onnx"),
        (
            [*ONNX, "--output", "x.onnx", "--weights", "w.pt", "--seed", "1"],
            "--seed is for random weights",
        ),
        ([*ONNX, "--output", "x.onnx", "--weights", "no.pt"], "no.pt has no state_dict of the"),
        (["export", "lenet5"], "Missing option '--to'"),
        (["export", "lenet5", "--to", "jax"], "'jax' is not"),
        (["export", "lenet6", "--to", "pytorch"], "there is no network 'lenet6'"),
        ([*ARGUMENTS, "--output", "/no/such/folder/net.py"], "/no/such/folder/net.py cannot be"),
    ],
)
def test_bad_requests_are_refused(arguments: list[str], said: str) -> None:
    found = CliRunner().invoke(cli, arguments)
    assert said in (found.stderr or str(found.exception))
    assert found.exit_code != 0
