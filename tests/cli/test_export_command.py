"""cnnspec export: what is written, where, and which requests are refused."""

from pathlib import Path

import pytest
from click.testing import CliRunner

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


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
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
