"""cnnspec memory --fit with --reserve, and defaults that commands about memory share."""

import json
import re

import pytest
from click import Command
from click.testing import CliRunner

import cnnspec
from cnnspec.cli import cli, compare, memory, report
from cnnspec.problems import RequestError


def fit(*args: str) -> str:
    done = CliRunner().invoke(cli, ["memory", "lenet5", *args], catch_exceptions=False)
    assert done.exit_code == 0
    return done.output


def test_the_answer_begins_with_what_it_is_for() -> None:
    text = fit("--fit", "1MB")
    assert text.startswith("For tensors as PyTorch 2.13 allocates them on a CPU. A GPU needs more:")


@pytest.mark.parametrize("mode", ["inference", "training"])
def test_a_reserve_is_not_used(mode: str) -> None:
    whole, part, less = (
        json.loads(fit("--format", "json", "--mode", mode, "--fit", *args))
        for args in (["10MB"], ["10MB", "--reserve", "2MB"], ["8MB"])
    )
    assert (part["budget"], part["reserve"], whole["reserve"]) == (10**7, 2 * 10**6, 0)
    assert part["batch"] == less["batch"] < whole["batch"]
    assert part["peak"] <= 8 * 10**6 < part["next_peak"]
    assert [way["batch"] for way in part["advice"]] == [way["batch"] for way in less["advice"]]
    peak = cnnspec.load("lenet5").memory(part["batch"] + 1, mode=mode).peak
    assert peak == part["next_peak"]
    text = fit("--fit", "10MB", "--reserve", "2MB")
    assert re.search(r"within 10 MB .*less 2 MB .*is", text)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--fit", "1MB", "--reserve", "much"], "--reserve takes a size such as 24GiB or 500MB"),
        (["--fit", "1MB", "--reserve", "1MB"], "--reserve 1MB leaves nothing of --fit 1MB"),
        (["--fit", "0"], "--fit takes a size above 0, such as 24GiB, not 0"),
        (["--reserve", "1MB"], "--reserve leaves a part of the size of --fit: give both"),
        (["--fit", "1MB", "--reserve", "900kB"], "and the budget is 1 MB .* less 900 kB"),
    ],
)
def test_a_reserve_that_makes_no_sense(args: list[str], message: str) -> None:
    with pytest.raises(RequestError, match=message):
        fit(*args)


@pytest.mark.parametrize("option", ["batch", "dtype", "optimizer"])
def test_commands_about_memory_have_the_same_defaults(option: str) -> None:
    commands: list[Command] = [module.command for module in (memory, compare, report)]
    if option == "batch":
        del commands[0]  # has no default, because --fit goes without a batch; it means 1
    defaults = [p.default for command in commands for p in command.params if p.name == option]
    assert len(defaults) >= 2
    assert {*defaults} in ({1}, {"float32"}, {"none"})
