"""Networks that lack layers of some kind: every command answers, none fails."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from cnnspec.cli import cli
from cnnspec.problems import RequestError, SpecError

NETWORKS = {
    "only views": 'input = [4]\nlayers = [{ name = "f", op = "flatten" }]',
    "a crop": 'input = [1, 4, 4]\nlayers = [{ name = "f", op = "crop", size = 2 }]',
    "nothing at inference": (
        'input = [4]\nlayers = [{ name = "d", op = "dropout", training_only = true }]'
    ),
    "no layer": 'input = [4]\nlayers = [{ name = "r", op = "relu", when = false }]',
    "no parameters": (
        'input = [3, 8, 8]\nlayers = [{ name = "p", op = "maxpool", kernel_size = 2 }]'
    ),
    "one element": 'input = [1]\nlayers = [{ name = "r", op = "relu" }]',
    "no window": 'input = [1]\nlayers = [{ name = "l", op = "linear", out_features = 1 }]',
    "no line of its own": (
        'input = [3, 8, 8]\nlayers = [{ name = "b", op = "b" }]\n'
        '[blocks.b]\nlayers = [{ name = "r", op = "relu" }]'
    ),
    "a budget": (
        'input = [4]\nlayers = [{ name = "d", op = "dropout", training_only = true }]\n'
        '[budget.net]\ninference_peak = "1kB"\ntraining_peak = "1kB"\nmacs = 0'
    ),
}
COMMANDS = [
    *(["table", "--format", f] for f in ("text", "markdown", "latex", "html", "csv", "json")),
    *(["table", "--preset", p] for p in ("activations", "architecture", "full")),
    ["table", "--unfold", "--training"],
    ["table", "--depth", "1", "--convention", "fvcore"],
    ["explain"],
    ["explain", "--vs", "thop"],
    ["draw"],
    ["compare"],
    ["compare", "--across", "--batch", "4", "--optimizer", "adam"],
    *(["memory", "--mode", mode] for mode in ("inference", "training")),
    *(["memory", "--fit", "1GB", "--mode", mode] for mode in ("inference", "training")),
    *(["memory", "--timeline", f"t.{ending}"] for ending in ("svg", "csv", "json")),
    ["memory", "--timeline", "t.svg", "--mode", "inference"],
    ["report", "--html", "o.html"],
    ["sizes"],
    ["check", "--advice"],
    ["lock"],
    ["diff", "lenet5"],
]


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_answers(
    command: list[str], network: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.toml").write_text(f'name = "net"\n{network}\n', encoding="utf-8")
    done = CliRunner().invoke(cli, [command[0], "net.toml", *command[1:]])
    if command[0] == "sizes":  # of vectors there are none
        assert isinstance(done.exception, RequestError | SpecError | None)
        return
    assert (done.exit_code, done.exception) == (0, None), done.output
    assert done.output.strip() or command[0] in ("report", "memory")


@pytest.mark.parametrize("mode", ["inference", "training"])
def test_the_timeline_of_a_network_without_allocations_shows_what_is_always_there(
    mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.toml").write_text(f'name = "net"\n{NETWORKS["only views"]}\n', encoding="utf-8")
    for ending in ("svg", "json"):
        command = ["memory", "net.toml", "--mode", mode, "--timeline", f"t.{ending}"]
        done = CliRunner().invoke(cli, command, catch_exceptions=False)
        assert f"The {mode} peak is reached in input (forward)." in done.output
    always = 16  # the input of 4 floats; without parameters there is no loss and no target
    assert json.loads(Path("t.json").read_text()) == {
        "version": 1,
        "title": f"net, {mode}: batch 1, float32",
        "ground": always,
        "events": [],
    }
    texts = [e.text for e in ElementTree.parse("t.svg").iter() if e.tag.endswith("text")]
    assert f"peak {always} bytes" in texts
