"""cnnspec verify --model: a user's own models, and those that cannot be had."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cnnspec.cli import cli
from cnnspec.cli.options import parse_settings
from cnnspec.problems import RequestError
from tests.cli.own_models import LENET


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["verify", *arguments], catch_exceptions=False)


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with models of one's own, which is the current one."""
    (tmp_path / "mine.py").write_text(LENET)
    (tmp_path / "broken.py").write_text("import torch\n1 / 0\n")
    (tmp_path / "lacking.py").write_text("import no_such_library\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield tmp_path
    for name in ("mine", "broken", "lacking"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize("factory", ["Net", "made", "Parts.Inner"])
def test_a_model_of_ones_own_passes(mine: Path, factory: str) -> None:
    result = run("lenet5", "--model", f"mine:{factory}", "--arg", "classes=10", "--arg", "act=tanh")
    assert result.exit_code == 0, result.output
    assert "against mine:" in result.output
    assert "training" in result.output


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("False", False),
        ("false", False),
        ("True", True),
        ("None", None),
        ("3", 3),
        ("0.5", 0.5),
        ("[1, 2]", [1, 2]),
        ("relu", "relu"),
        ('"False"', "False"),
        ("", ""),
    ],
)
def test_an_argument_of_a_factory_is_toml_or_one_of_pythons_words_or_text(
    text: str, value: Any
) -> None:
    """The text "False" would be true to a factory, and prove another network."""
    found = parse_settings((f"a={text}",), "--arg")["a"]
    assert (type(found), found) == (type(value), value)


def test_what_a_model_prints_goes_to_stderr(mine: Path) -> None:
    arguments = ["verify", "lenet5", "--format", "json"]
    done = subprocess.run(
        [sys.executable, "-m", "cnnspec", *arguments, "--model", "mine:Talking"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["passed"] is True
    assert "talking" in done.stderr
    assert "shouting" in done.stderr


def test_a_model_that_exits_is_a_verdict(mine: Path) -> None:
    result = run("lenet5", "--model", "mine:Exiting", "--format", "json")
    assert result.exit_code == 1
    check = json.loads(result.stdout)["checks"][-1]
    assert check["status"] == "impossible"
    assert check["detail"].endswith("SystemExit: 0")


def test_other_calls_pass_with_notes_and_fail_where_strict(mine: Path) -> None:
    result = run("lenet5", "--model", "mine:Spelled", "--seed", "7", "--format", "json")
    assert result.exit_code == 0, result.output
    (calls,) = [c for c in json.loads(result.stdout)["checks"] if c["check"] == "calls"]
    assert {note["measured"] for note in calls["notes"]} == {"mul", "add"}
    assert run("lenet5", "--model", "mine:Spelled", "--strict").exit_code == 1


def test_a_model_that_has_drifted_fails_at_its_layer(mine: Path) -> None:
    result = run("lenet5", "--model", "mine:Net", "--arg", "act=sigmoid", "--format", "json")
    assert result.exit_code == 1
    calls = next(c for c in json.loads(result.output)["checks"] if c["check"] == "calls")
    assert calls["differences"][0]["layer"] == "C1.activation"
    text = run("lenet5", "--model", "mine:Net", "--arg", "classes=11").output
    assert "FAILED" in text
    assert "OUTPUT" in text
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("mine", "--model takes package.module:factory, not 'mine'"),
        ("mine:Nett", "mine has no Nett; did you mean 'Net'?"),
        ("mine:fails", "mine:fails() fails: ValueError: no such width"),
        ("mine:leaves", "mine:leaves() fails: Leaving: for good"),
        ("mine:silent", "mine:silent() fails: Silent: its message cannot be read"),
        ("mine:number", "mine:number() returns an int, not a torch.nn.Module"),
        (
            "mine:network",
            "mine:network is a Net; --model takes a class or a function that makes the model",
        ),
        (
            "no.such.module:Net",
            "there is no module 'no.such.module' to import: it is looked for in the current folder",
        ),
        ("broken:Net", "broken cannot be imported: ZeroDivisionError: division by zero"),
        (
            "lacking:Net",
            "lacking cannot be imported: ModuleNotFoundError: No module named 'no_such_library'",
        ),
    ],
)
def test_a_model_that_cannot_be_had_is_one_message(mine: Path, model: str, message: str) -> None:
    with pytest.raises(RequestError) as error:
        run("lenet5", "--model", model)
    assert str(error.value).startswith(message)
    assert str(error.value).isprintable()


def test_an_argument_that_the_factory_lacks_is_said(mine: Path) -> None:
    with pytest.raises(RequestError, match=r"mine:Net\(width=3\) cannot be called: .*'width'"):
        run("lenet5", "--model", "mine:Net", "--arg", "width=3")


def test_a_model_that_cannot_run_on_the_input_fails(mine: Path) -> None:
    result = run("lenet5", "--model", "mine:Net", "--arg", "padding=1")
    assert result.exit_code == 1
    assert "IMPOSSIBLE" in result.output
    assert "RuntimeError" in result.output
