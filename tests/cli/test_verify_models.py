"""cnnspec verify FOLDER, and --models: each spec is compared with the model that it names."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from cnnspec.analyses.verdict import Verdict
from cnnspec.cli import COMMANDS, cli
from cnnspec.graph.build import load_graph
from cnnspec.problems import RequestError, SpecError
from cnnspec.pytorch.parallel import VerificationTask, verify_task

MODELS = """
import os
from pathlib import Path
from torch import nn

Path(__file__).with_name("imported").touch()

def net(width, kernel=3):
    print("making it")
    os.system("echo with a process")
    return nn.Sequential(nn.Conv2d(3, width, kernel), nn.ReLU())

def net8():
    return net(8)

def fails():
    raise SystemExit(0)
"""

SPEC = """
name = "{name}"
input = [3, 8, 8]
args.width = 8
layers = [
  {{ name = "conv", op = "conv", out_channels = "{{width}}", kernel_size = 3 }},
  {{ name = "relu", op = "relu" }},
]
{more}
"""
VARIANTS = "[variants.small]\nwidth = 8\n[variants.large]\nwidth = 16\n"
FACTORY = '[model]\nfactory = "my_nets:net"\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with models and the specs of them, which is the current one."""
    (tmp_path / "my_nets.py").write_text(MODELS)
    (tmp_path / "specs").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield tmp_path
    sys.modules.pop("my_nets", None)


@pytest.fixture
def quick(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, and networks are verified in this process, as starting others takes seconds."""

    def verify_here(tasks: list[VerificationTask], jobs: int) -> list[Verdict | None]:
        return [verify_task(task, 1.0) for task in tasks]

    monkeypatch.setattr("cnnspec.pytorch.parallel.verify_in_processes", verify_here)
    return folder


def write_spec(name: str, more: str) -> None:
    Path(f"specs/{name}.toml").write_text(SPEC.format(name=name, more=more))


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, [*arguments], catch_exceptions=False)


def verify(*arguments: str) -> tuple[int, dict[str, Any]]:
    """Run verify with one process; return the exit code, and statuses by network and check."""
    result = run("verify", *arguments, "--jobs", "1", "--device", "cpu", "--format", "json")
    return result.exit_code, {
        entry["network"]: {
            c["check"]: c["status"] for c in entry["checks"] if c["against"] == "[model]"
        }
        for entry in json.loads(result.stdout)["networks"]
    }


PASSED = dict.fromkeys(
    ("calls", "outputs", "tensors", "evaluation", "training", "gradients"), "passed"
)


def test_every_variant_in_a_folder_is_compared_with_its_model(quick: Path) -> None:
    write_spec("right", VARIANTS + FACTORY + 'args = { width = "{width}" }\n')
    write_spec("wrong", FACTORY + "args = { width = 8, kernel = 1 }\n")
    write_spec("other", "")
    write_spec("text", '[model]\nfactory = "my_nets:net{width}"\n')
    write_spec("exits", '[model]\nfactory = "my_nets:fails"\n')
    code, found = verify("specs", "--models")
    assert code == 1
    assert found["wrong"] == {"calls": "failed", "outputs": "failed"}
    del found["wrong"]
    assert found == {
        "small": PASSED,
        "large": PASSED,
        "other": {"model": "limited"},
        "text": PASSED,
        "exits": {"model": "impossible"},
    }
    assert verify("specs/right.toml", "--models") == (0, {"small": PASSED, "large": PASSED})
    assert verify("specs/right.toml:large", "--models") == (0, {"large": PASSED})
    assert verify("specs") == (0, {name: {} for name in ("small", "large", "wrong", *found)})


@pytest.mark.parametrize("options", [(), ("--strict",)])
def test_strict_reaches_the_models(quick: Path, options: tuple[str, ...]) -> None:
    write_spec("net", FACTORY + "args.width = 8\n")
    text = MODELS.replace("nn.ReLU())", "nn.ReLU(), nn.ReLU())")
    (quick / "my_nets.py").write_text(text)
    code, found = verify("specs", "--models", *options)
    assert (code, found["net"]["calls"]) == ((1, "failed") if options else (0, "passed"))


def test_the_table_has_one_column_for_all_models(folder: Path) -> None:
    write_spec("a", '[model]\nfactory = "my_nets:net8"\n')
    write_spec("b", FACTORY + "args.width = 8\n")
    result = run("verify", "specs", "--models", "--jobs", "1", "--device", "cpu")
    assert result.exit_code == 0
    columns = result.stdout.splitlines()[0].split()
    assert columns == ["Network", "PyTorch", "fvcore", "[model]"]


def test_only_verify_with_models_imports_what_a_spec_names(quick: Path) -> None:
    write_spec("net", FACTORY + "args.width = 8\n")
    name = "specs/net.toml"
    for command in COMMANDS:
        for arguments in ((name,), (".",), (name, name), (name, "conv")):
            CliRunner().invoke(cli, [command, *arguments])
    run("verify", "specs", "--jobs", "1")
    run("verify", name, "--strict", "--memory")
    assert not Path("imported").exists()
    assert verify("specs", "--models") == (0, {"net": PASSED})
    assert Path("imported").exists()


def test_only_verify_has_the_option() -> None:
    def options(command: str) -> set[str]:
        found = cli.get_command(click.Context(cli), command)
        assert found is not None
        return {name for p in found.params for name in p.opts}

    assert [command for command in COMMANDS if "--models" in options(command)] == ["verify"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("specs", "--models"), r"--models compares .* none of these names one; .* \[model\]"),
        (("specs", "--models", "--model", "my_nets:net"), "--models is for specs .* --model$"),
        (("--all", "--models"), "--models is for specs .* --all$"),
        (("specs", "--model", "my_nets:net"), "--model goes with one network"),
        (("specs", "-"), "- is one spec: give it alone"),
        (("my_nets.py.d",), "there is no network"),
        ((".", "--models", "--against", "timm", "nowhere/"), "there is no nowhere/"),
    ],
)
def test_a_request_without_an_answer_says_why(
    folder: Path, arguments: tuple[str, ...], message: str
) -> None:
    write_spec("net", "")
    with pytest.raises(RequestError, match=message):
        run("verify", *arguments)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("[model]\n", "L002 model needs a factory"),
        ("[model]\nfactory = 3\n", "L003 factory is package.module:factory, .* not 3"),
        ('[model]\nfactory = "my nets:net"\n', "L003 factory is package.module:factory"),
        ('[model]\nfactory = "my_nets"\n', "L003 factory is package.module:factory"),
        ('[model]\nfactory = "my_nets:{width}"\n', 'L003 factory is .* not "my_nets:8"'),
        ('[model]\nfactory = "my_nets:{depth}"\n', "L007 depth is not declared"),
        (FACTORY + "args = [3]\n", "L003 args is a table of arguments .*, not "),
        (FACTORY + 'args = { width = "{1 / 0}" }\n', "L007 .* division by zero"),
        (FACTORY + "kwargs = {}\n", "L001 kwargs is not a key of model"),
    ],
)
def test_a_wrong_table_is_a_problem_of_the_spec(folder: Path, table: str, message: str) -> None:
    write_spec("net", table)
    with pytest.raises(SpecError, match=message):
        load_graph("specs/net.toml")
