"""cnnspec verify as a user runs it: verdicts, exit codes, formats, refused requests."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from cnnspec.cli import cli
from cnnspec.ops.conv import Conv
from cnnspec.problems import RequestError, SpecError
from tests.support import import_torchvision


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["verify", *arguments], catch_exceptions=False)


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
    # what Python keeps for semaphores ends a little later
    assert any(ended(process.pid) for _ in range(200))


def ended(group: int) -> bool:
    """Whether all processes of a group have ended, after a moment."""
    time.sleep(0.05)
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False
