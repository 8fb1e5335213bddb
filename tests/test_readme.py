"""What README.md shows is true: outputs, specs, links, and the commands in its table."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

import cnnspec
from cnnspec.cli import cli
from tests.support import import_torchvision

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
OUTPUTS = re.findall(r"^```console\n\$ cnnspec (.*)\n((?:.*\n)*?)```$", README, re.M)
COMMANDS = re.findall(r"^\| `cnnspec ([^`]*)`", README, re.M)  # of the table


def is_verify(command: str) -> bool:
    return command.startswith("verify ")


def test_readme_has_what_these_tests_look_for() -> None:
    assert len(COMMANDS) == 10
    assert len(OUTPUTS) == README.count("```console") == 2


def test_readme_is_short() -> None:
    assert README.count("\n") <= 150


def test_number_of_networks_is_right() -> None:
    assert f"{sum(map(len, cnnspec.networks().values()))} networks come with it" in README


@pytest.mark.parametrize(("command", "shown"), OUTPUTS, ids=[command for command, _ in OUTPUTS])
def test_output_is_that_of_the_command(command: str, shown: str) -> None:
    if command.startswith("import "):
        import_torchvision()
    result = CliRunner().invoke(cli, command.split())
    assert result.exit_code == 0, result.output
    assert result.stdout == shown


def test_the_quoted_verdict_is_that_of_the_command() -> None:
    verdict = CliRunner().invoke(cli, ["verify", "lenet5"]).stdout
    assert f"`{verdict.splitlines()[0]}`" in README


def test_links_lead_to_files() -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in link]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.parametrize("command", [c for c in COMMANDS if not is_verify(c)])
def test_commands_of_the_table_work(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "specs").symlink_to(ROOT / "specs")
    result = CliRunner().invoke(cli, command.split())
    assert result.exit_code == 0, result.output
    for name in re.findall(r"\S+\.(?:svg|html)", command):
        assert (tmp_path / name).stat().st_size


@pytest.mark.long
@pytest.mark.parametrize("command", [c for c in COMMANDS if is_verify(c)])
def test_verify_of_the_table_passes(command: str) -> None:
    import_torchvision()
    result = CliRunner().invoke(cli, command.split())
    assert result.exit_code == 0, result.output
