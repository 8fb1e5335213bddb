"""--help teaches by examples: every command has some, and every example runs unchanged."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from cnnspec.cli import COMMANDS, cli

ROOT = Path(__file__).parents[2]
SLOW = re.compile(
    r"cnnspec (audit($| note| my_claims)|verify|compare --all|list$|memory .*--fit"
    r"|import (torchvision|timm)|sizes .*--up-to)"
)
ELSEWHERE = {  # and why they are not run here
    "cnnspec verify --all --format junit --output verify.xml": (
        "it takes minutes; the long tests of the zoo do that"
    ),
    "cnnspec report": "it takes minutes; tests of the report command render pages",
    "cnnspec lsp": "it waits for an editor; test_language_server is one",
    **dict.fromkeys(
        (
            "cnnspec import model.onnx",
            "cnnspec import model.keras",
            "cnnspec import yolov3.cfg",
            "cnnspec import deploy.prototxt",
        ),
        "other libraries write such files; tests/importing imports some",
    ),
    "cnnspec site public": "it takes minutes; the tests of the site do that",
    "cnnspec site public --pyodide node_modules/pyodide --codemirror node_modules": (
        "it needs copies of the libraries; the tests of the site make some"
    ),
    "cnnspec report --check": "the gate runs it on the reports that are there",
}


def examples(command: str) -> list[str]:
    """The lines of a command's help that call cnnspec, without their explanations."""
    found = cli.get_command(click.Context(cli), command)
    assert found is not None
    lines = [
        line.strip()
        for line in (found.help or "").splitlines()
        if line.strip().startswith("cnnspec ")
    ]
    return [re.split(r"\s{2,}", line)[0] for line in lines]


ALL = [(command, line) for command in COMMANDS for line in examples(command)]
CASES = [
    pytest.param(line, marks=pytest.mark.long if SLOW.match(line) else (), id=line)
    for _, line in ALL
    if line not in ELSEWHERE
]
ONE = """
name = "one"
input = [3, 8, 8]
layers = [{ name = "conv", op = "conv", out_channels = 4, kernel_size = 3 }]
[model]
factory = "my_package.models:One"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with the files that the examples name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=":")
    monkeypatch.syspath_prepend(str(tmp_path))
    run("cnnspec new my_network.toml")
    for path, name in (("specs/net.toml", "small"), ("nets/mine.toml", "mine_small")):
        run(f"cnnspec new {path}")
        text = Path(path).read_text(encoding="utf-8")
        Path(path).write_text(text.replace("net_small", name), encoding="utf-8")
    with open("my_network.toml", "a", encoding="utf-8") as file:
        file.write('\n[[claims]]\nquantity = "params"\nvalue = "0.68M"\n')
    shutil.copy(ROOT / "specs" / "claims" / "note_002.toml", "my_claims.toml")
    Path("my_package").mkdir()
    Path("my_package/models.py").write_text(
        "import cnnspec\n\n\ndef Net(classes):\n"
        "    return cnnspec.load('my_network.toml', classes=classes).build()\n"
        "\n\ndef One():\n    return cnnspec.load('specs/one.toml').build()\n"
    )
    Path("specs/one.toml").write_text(ONE, encoding="utf-8")
    for command in (
        "init -q -b main",
        "add .",
        "commit -q -m first",
        "commit -q --allow-empty -m second",
    ):
        subprocess.run(
            ["git", "-c", "user.name=A", "-c", "user.email=a@b.c", *command.split()], check=True
        )
    return tmp_path


def run(line: str) -> str:
    """Run an example, with its redirection to a file."""
    line, _, file = line.partition(" > ")
    result = CliRunner().invoke(cli, shlex.split(line)[1:], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    if file:
        Path(file.strip()).write_text(result.output, encoding="utf-8")
    return result.output


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_examples_of_itself(command: str) -> None:
    assert any(line.startswith(f"cnnspec {command}") for line in examples(command))
    assert len(examples(command)) >= (1 if command in ("schema", "lsp") else 2)


def test_what_is_run_elsewhere_is_there() -> None:
    assert {line for _, line in ALL} >= ELSEWHERE.keys()


@pytest.mark.parametrize("line", CASES)
def test_an_example_runs(line: str, folder: Path) -> None:
    if re.search("--against torchvision|import (torchvision|timm)", line):
        from tests import support  # imports PyTorch

        support.import_torchvision()
    if line.startswith("cnnspec new "):
        (folder / "my_network.toml").unlink()
    before = {p for p in folder.rglob("*") if p.is_file()}
    output = run(line)
    assert output or {p for p in folder.rglob("*") if p.is_file()} - before


def test_the_examples_of_cnnspec_itself_are_of_its_commands() -> None:
    found = [
        line.strip().split()[1]
        for line in (cli.help or "").splitlines()
        if line.strip().startswith("cnnspec ")
    ]
    assert set(found) <= set(COMMANDS)
    assert len(found) >= 5
