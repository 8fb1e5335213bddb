"""cnnspec verify as a user runs it: verdicts, exit codes, formats, own models, refused requests."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result
from support import import_torchvision

from cnnspec.cli import cli
from cnnspec.cli.options import parse_settings
from cnnspec.ops.conv import Conv
from cnnspec.problems import RequestError, SpecError

LENET = """
import os
import sys

import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, classes=10, padding=0, act="tanh"):
        super().__init__()
        self.c1, self.c3 = nn.Conv2d(1, 6, 5), nn.Conv2d(6, 16, 5, padding=padding)
        self.fc = nn.ModuleList([nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, classes)])
        self.act = getattr(torch, act)

    def forward(self, x):
        x = nn.functional.avg_pool2d(self.act(self.c1(x)), 2)
        x = nn.functional.avg_pool2d(self.act(self.c3(x)), 2).flatten(1)
        return self.fc[2](self.act(self.fc[1](self.act(self.fc[0](x)))))

class Parts:
    class Inner(Net):
        pass

def made(**arguments):
    return Net(**arguments)

class Talking(Net):
    def forward(self, x):
        print("talking")
        os.system("echo shouting")
        return super().forward(x)

class Exiting(Net):
    def forward(self, x):
        sys.exit(0)

class Spelled(Net):
    def forward(self, x):
        y = super().forward(x)
        return 0.75 * y + 0.25 * y

def fails():
    raise ValueError("no such width\\x1b[31m")

class Leaving(BaseException):
    pass

def leaves():
    raise Leaving("for good")

def number():
    return 3

network = Net()
"""


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


def test_a_network_that_equals_its_calculation_passes() -> None:
    result = run("lenet5")
    assert result.exit_code == 0
    first, _, *checks = result.output.splitlines()
    assert first == "lenet5: passed on CPU, 4 of 4 checks passed"
    assert [line.split()[:2] for line in checks if line] == [
        ["passed", "shapes"],
        ["passed", "tensors"],
        ["passed", "MACs"],
        ["passed", "MACs"],
    ]


def test_a_wrong_formula_fails_by_both_counters(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Conv.macs
    monkeypatch.setattr(
        Conv, "macs", lambda self, *shapes, **named: right(self, *shapes, **named) + 1
    )
    result = run("lenet5", "--format", "json")
    assert result.exit_code == 1
    found = json.loads(result.output)
    assert not found["passed"]
    failed = [c for c in found["checks"] if c["status"] == "failed"]
    assert [(c["check"], c["against"]) for c in failed] == [
        ("MACs", "PyTorch on CPU"),
        ("MACs", "fvcore"),
    ]
    assert failed[0]["differences"][0] == {
        "layer": "C1",
        "quantity": "macs",
        "calculated": 117601,
        "measured": 117600,
        "cause": "how the work is counted",
    }


def test_meta_says_what_it_cannot_count() -> None:
    result = run("lenet5", "--device", "meta", "--format", "json")
    assert result.exit_code == 0
    found = json.loads(result.output)
    assert found["device"] == "meta device"
    assert [c["status"] for c in found["checks"]] == ["passed"] * 3 + ["limited"]
    assert found["checks"][3]["detail"]


def test_set_and_input_reach_the_built_module() -> None:
    assert (
        run(
            "resnet20_cifar", "--device", "meta", "--set", "classes=7", "--input", "3,40,40"
        ).exit_code
        == 0
    )


def test_several_networks_come_in_their_order_with_a_summary() -> None:
    result = run("resnet20_cifar", "lenet5", "--device", "meta", "--against", "timm", "--jobs", "2")
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert lines[0].split() == ["Network", "PyTorch", "fvcore", "timm"]
    assert [line.split()[0] for line in lines[2:4]] == ["resnet20_cifar", "lenet5"]
    assert "limited: reference against timm: the spec names no model of it" in lines
    assert lines[-1] == "2 networks: 2 passed, 0 failed, 2 of the passed ones with limits."
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("format", ["text", "json", "markdown", "junit", "github"])
def test_a_report_goes_into_a_file_and_text_to_the_terminal(format: str, tmp_path: Path) -> None:
    file = tmp_path / "report"
    result = run("lenet5", "--device", "meta", "--format", format, "--output", str(file))
    assert result.exit_code == 0
    assert result.output.startswith("lenet5: passed on meta device")
    page = file.read_text()
    assert page == run("lenet5", "--device", "meta", "--format", format).output
    if format == "junit":
        suite = ElementTree.fromstring(page).find("testsuite")
        assert suite is not None
        assert suite.get("tests") == "4"


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
    with pytest.raises(RequestError, match=r"mine:Net\(width=3\) fails: TypeError: .*'width'"):
        run("lenet5", "--model", "mine:Net", "--arg", "width=3")


def test_a_model_that_cannot_run_on_the_input_fails(mine: Path) -> None:
    result = run("lenet5", "--model", "mine:Net", "--arg", "padding=1")
    assert result.exit_code == 1
    assert "IMPOSSIBLE" in result.output
    assert "RuntimeError" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "which network?"),
        (("--all", "lenet5"), "--all is every network of the zoo: give names, or --all"),
        (("--all", "--set", "classes=10"), "--set and --input go with names, not with --all"),
        (("--all", "--model", "mine:Net"), "--model goes with one network"),
        (("lenet5", "alexnet", "--model", "mine:Net"), "--model goes with one network"),
        (("lenet5", "--arg", "a=1"), "--arg goes with --model"),
        (("lenet5", "no_such_network"), "there is no network 'no_such_network'"),
        (("lenet5", "--model", "mine:Net", "--arg", "a"), "--arg takes name=value, not 'a'"),
        (("lenet5", "--output", "no/such/folder/x"), "no/such/folder/x cannot be written"),
        (
            ("mobilenet_v1", "--against", "torchvision"),
            (
                "the spec of mobilenet_v1 names no reference in torchvision; "
                "it names one in timm (mobilenetv1_100)"
            ),
        ),
        (
            ("lenet5", "--against", "timm"),
            "the spec of lenet5 names no reference in timm; it names none",
        ),
    ],
)
def test_a_request_that_is_not_understood_says_why(
    arguments: tuple[str, ...], message: str
) -> None:
    with pytest.raises(RequestError) as error:
        run(*arguments)
    assert str(error.value).startswith(message)


def test_cuda_where_there_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    for names in (["lenet5"], ["lenet5", "alexnet"]):
        with pytest.raises(
            RequestError, match="there is no CUDA device here; --device auto runs on the CPU then"
        ):
            run(*names, "--device", "cuda")


@pytest.mark.parametrize("module", ["cnnspec.pytorch.verify", "fvcore.nn"])  # the first needs torch
def test_a_missing_extra_says_which_to_install(
    module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(RequestError, match=r"pip install 'cnnspec\[verify\]'"):
        run("lenet5")


def test_a_missing_library_says_which_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "timm", raising=False)
    monkeypatch.setattr("cnnspec.pytorch.load_models.find_spec", lambda name: None)
    with pytest.raises(
        RequestError, match=r"comparing with timm needs it: pip install 'cnnspec\[references\]'"
    ):
        run("mobilenet_v1", "--against", "timm")


def test_a_spec_with_problems_is_no_verdict(tmp_path: Path) -> None:
    file = tmp_path / "net.toml"
    file.write_text('name = "net"\ninput = [3, 8, 8]\nlayers = [{ name = "a", op = "cnov" }]\n')
    with pytest.raises(SpecError):
        run(str(file), "lenet5")


def reference_spec(folder: Path, model: str, classes: int, more: str = "") -> str:
    """SqueezeNet 1.1 as a file with another reference, or with other defaults."""
    text = (
        (Path(__file__).parents[2] / "specs" / "squeezenet.toml")
        .read_text()
        .partition("[reference]")[0]
    )
    assert "args.classes = 1000" in text
    text = text.replace("args.classes = 1000", f"args.classes = {classes}")
    file = folder / "net.toml"
    file.write_text(f'{text}[reference.squeezenet1_1]\ntorchvision = "{model}"\n{more}')
    return f"{file}:squeezenet1_1"


def test_a_reference_is_compared_with_the_arguments_that_make_it_equal(tmp_path: Path) -> None:
    import_torchvision()
    name = reference_spec(tmp_path, "squeezenet1_1", 10, "set = { classes = 1000 }\n")
    result = run(name, "--against", "torchvision", "--input", "3,64,64", "--format", "json")
    assert result.exit_code == 0, result.output
    theirs = [
        c
        for c in json.loads(result.output)["checks"]
        if c["against"] == "torchvision squeezenet1_1"
    ]
    assert [c["check"] for c in theirs] == ["calls", "outputs", "tensors", "evaluation", "training"]
    assert all(c["detail"].startswith("with classes = 1000") for c in theirs)
    other = run(name, "--against", "torchvision", "--input", "3,64,64", "--set", "classes=12")
    assert other.exit_code == 1
    assert "with classes = 12" in " ".join(other.output.split())


@pytest.mark.parametrize(
    ("model", "status"), [("squeezenet1_0", "failed"), ("no_such_model", "impossible")]
)
def test_a_wrong_reference_fails(tmp_path: Path, model: str, status: str) -> None:
    import_torchvision()
    result = run(
        reference_spec(tmp_path, model, 1000),
        "--against",
        "torchvision",
        "--input",
        "3,64,64",
        "--format",
        "json",
    )
    assert result.exit_code == 1
    assert status in [c["status"] for c in json.loads(result.output)["checks"]]


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="it is about signals of POSIX")
def test_ctrl_c_ends_all_processes_at_once() -> None:
    command = [sys.executable, "-m", "cnnspec", "verify", "lenet5", "alexnet", "--jobs", "2"]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A test run in the background of a shell ignores Ctrl-C, and its processes inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while process.poll() is None and len(children.read_text().split()) < 2:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert (output, errors) == ("", "cnnspec: interrupted\n")
    assert any(
        ended(process.pid) for _ in range(200)
    )  # what Python keeps for semaphores ends a little later


def ended(group: int) -> bool:
    """Whether all processes of a group have ended, after a moment."""
    time.sleep(0.05)
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False
