"""What README.md shows is true: its outputs come out of its commands, its specs are those of the
zoo."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from cnnspec.cli import cli
from tests.support import import_torchvision

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONSOLE = re.findall(r"^```console\n\$ cnnspec (.*)\n((?:.*\n)*?)```$", README, re.M)
SPECS = re.findall(r"\(specs/(\w+\.toml)\)[^`]*?:\n\n```toml\n((?:.*\n)*?)```$", README, re.M)

ASKED = re.findall(r"^\| `cnnspec ([^`]*)`", README, re.M)  # in the table of what else it answers


def test_examples_are_found() -> None:
    assert len(ASKED) == 9
    assert len(CONSOLE) == README.count("```console") == 2
    assert len(SPECS) == README.count("```toml") == 2


@pytest.mark.parametrize(("command", "shown"), CONSOLE, ids=[command for command, _ in CONSOLE])
def test_output_is_that_of_the_command(command: str, shown: str) -> None:
    result = CliRunner().invoke(cli, command.split())
    assert result.exit_code == 0
    assert result.output == shown


@pytest.mark.parametrize(("file", "shown"), SPECS, ids=[file for file, _ in SPECS])
def test_spec_is_the_beginning_of_its_file(file: str, shown: str) -> None:
    assert (ROOT / "specs" / file).read_text(encoding="utf-8").startswith(shown.rstrip("\n"))


def test_links_lead_to_files() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.parametrize("command", [c for c in ASKED if not c.startswith("verify ")])
def test_questions_are_answered(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "specs").symlink_to(ROOT / "specs")
    result = CliRunner().invoke(cli, command.split())
    assert result.exit_code == 0, result.output
    assert all(
        (tmp_path / name).stat().st_size for name in re.findall(r"\S+\.(?:svg|html)", command)
    )


@pytest.mark.long
@pytest.mark.parametrize("command", [c for c in ASKED if c.startswith("verify ")])
def test_verified_examples_pass(command: str) -> None:
    import_torchvision()
    result = CliRunner().invoke(cli, command.split())
    assert result.exit_code == 0, result.output
