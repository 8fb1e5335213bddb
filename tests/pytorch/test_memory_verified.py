"""cnnspec verify --memory: the plan compared with measurement, and a plan that is wrong."""

import json

import pytest
from click.testing import CliRunner

import cnnspec
from cnnspec.analyses.verdict import FAILED, LIMITED, PASSED
from cnnspec.cli import cli
from cnnspec.ops.kit import memory
from cnnspec.ops.relu import Relu
from cnnspec.pytorch import compare_memory
from cnnspec.units import Shape

NAMES = ["saved", "inference peak", "training peak"]


def test_three_figures_are_compared_and_the_workspace_stands_apart() -> None:
    result = CliRunner().invoke(
        cli, ["verify", "lenet5", "--device", "cpu", "--memory", "--format", "json"]
    )
    assert result.exit_code == 0, result.output
    checks = {c["check"]: c for c in json.loads(result.stdout)["checks"]}
    plan = cnnspec.load("lenet5").memory(compare_memory.BATCH)
    figures = [checks[name]["figures"] for name in NAMES]
    assert [f["measured"] for f in figures] == [plan.saved, plan.inference_peak, plan.training_peak]
    assert all(f["with_workspace"] > f["measured"] for f in figures[1:])  # convolutions need some


def test_a_wrong_plan_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def saves_input(self: Relu, x: Shape, y: Shape, training: bool) -> memory.Functions:
        return memory.saves_input(y)  # in place of the output

    monkeypatch.setattr(Relu, "memory", saves_input)
    net = cnnspec.load("bird_cnn")
    found = {
        c.name: c for c in cnnspec.verify(net, device="cpu", memory=True).checks if c.name in NAMES
    }
    assert found["saved"].status == FAILED
    wrong = found["saved"].differences[0]
    assert wrong.calculated - wrong.measured == 4 * compare_memory.BATCH * (
        8 * 28 * 28 + 16 * 10 * 10 + 120 + 84
    )


def test_memory_is_measured_only_where_it_is_asked_for() -> None:
    assert not set(NAMES) & {c.name for c in cnnspec.verify("mlp_mnist", device="cpu").checks}


def test_what_does_not_fit_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compare_memory, "available_bytes", lambda device: 10**5)
    checks = cnnspec.verify("mlp_mnist", device="cpu", memory=True).checks
    memory = [c for c in checks if c.name == "memory"]
    assert [c.status for c in memory] == [LIMITED]
    assert "it needs about 8.1 MB (7.7 MiB), and 100 kB are free" in memory[0].detail
    assert all(c.status == PASSED for c in checks if c.name != "memory")


def test_several_networks_are_measured_in_processes() -> None:
    arguments = [
        "verify",
        "lenet5",
        "mlp_mnist",
        "--device",
        "cpu",
        "--jobs",
        "1",
        "--memory",
        "--format",
        "json",
    ]
    found = json.loads(CliRunner().invoke(cli, arguments).stdout)["networks"]
    assert all({c["check"] for c in n["checks"]} >= set(NAMES) for n in found)
