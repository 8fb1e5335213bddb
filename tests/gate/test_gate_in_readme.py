"""What README.md shows of the gate is true."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from cnnspec.cli import cli

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
OUTPUT, BUDGET = re.findall(r"^```text\n((?:.*\n)*?)```$", README.partition("## The gate")[2], re.M)


def check(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli, ["check", *arguments], catch_exceptions=False)
    return done.exit_code, done.output


def test_the_example_prints_what_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    command, _, shown = OUTPUT.partition("\n")
    name = command.split()[-1]
    Path(name).write_text(
        'name = "alexnet"\ninput = [3, 224, 224]\nlayers = [\n  { name = "conv1", op = "conv", '
        "out_channels = 96, kernel_size = 11, stride = 4 },\n]\n",
        encoding="utf-8",
    )
    assert check(name) == (0, shown)


def test_the_budget_is_one_that_its_network_keeps(tmp_path: Path) -> None:
    spec = tmp_path / "mobilenet_v3.toml"
    text = (ROOT / "specs" / spec.name).read_text(encoding="utf-8")
    spec.write_text(f"{text}\n{BUDGET}", encoding="utf-8")
    assert check(str(spec), "--select", "B", "--format", "concise") == (0, "")
    spec.write_text(f"{text}\n{BUDGET.replace('5.5M', '5.4M')}", encoding="utf-8")
    assert check(str(spec), "--select", "B", "--format", "concise")[0] == 1
