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
SPECS = re.findall(r"\(specs/(\w+\.toml)\)[^`]*?:\n\n```toml\n((?:.*\n)*?)```$", README, re.M)
COMMANDS = re.findall(r"^\| `cnnspec ([^`]*)`", README, re.M)  # of the table
VERSIONS = re.compile(r"^cnnspec \d.*\n(?:.+\n)*", re.MULTILINE)  # of libraries, in verify's output


def is_verify(command: str) -> bool:
    return command.startswith("verify ")


def test_readme_has_what_these_tests_look_for() -> None:
    assert len(COMMANDS) == 9
    assert len(OUTPUTS) == README.count("```console") == 2
    assert len(SPECS) == README.count("```toml") == 1


def test_readme_is_short() -> None:
    assert README.count("\n") <= 150


def test_number_of_networks_is_right() -> None:
    assert f"{sum(map(len, cnnspec.networks().values()))} networks come with it" in README


@pytest.mark.parametrize(("command", "shown"), OUTPUTS, ids=[command for command, _ in OUTPUTS])
def test_output_is_that_of_the_command(command: str, shown: str) -> None:
    result = CliRunner().invoke(cli, command.split())
    assert result.exit_code == 0
    output = result.output
    if is_verify(command):
        assert VERSIONS.search(shown)
        output, shown = VERSIONS.sub("", output), VERSIONS.sub("", shown)
    assert output == shown


def test_example_of_check_prints_what_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    [(file, shown)] = re.findall(r"^```text\n\$ cnnspec check (.*)\n((?:.*\n)*?)```$", README, re.M)
    Path(file).write_text(
        """\
name = "alexnet"
input = [3, 224, 224]
layers = [
  { name = "conv1", op = "conv", out_channels = 96, kernel_size = 11, stride = 4 },
]
""",
        encoding="utf-8",
    )
    result = CliRunner().invoke(cli, ["check", file])
    assert (result.exit_code, result.output) == (0, shown)


@pytest.mark.parametrize(("file", "shown"), SPECS, ids=[file for file, _ in SPECS])
def test_spec_is_the_beginning_of_its_file(file: str, shown: str) -> None:
    assert (ROOT / "specs" / file).read_text(encoding="utf-8").startswith(shown.rstrip("\n"))


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
