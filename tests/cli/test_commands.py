"""Each command as a user runs it: output, refused requests and exit codes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cnnspec.api import load, networks
from cnnspec.cli import COMMANDS, cli
from cnnspec.problems import RequestError, SpecError

FAMILY = """name = "family"
input = [3, 32, 32]
args.width = 4
layers = [{ name = "c", op = "conv", out_channels = "{width}", kernel_size = 3 }]
[variants.thin]
[variants.wide]
width = 16
"""


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, list(arguments), catch_exceptions=False)


def data(*arguments: str) -> dict[str, object]:
    result = run("table", *arguments, "--format", "json")
    assert result.exit_code == 0
    found: dict[str, object] = json.loads(result.output)
    return found


def process(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """The command line as a process, problems and exit code included."""
    command = [sys.executable, "-m", "cnnspec", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", timeout=60, check=False
    )


@pytest.fixture
def family(tmp_path: Path) -> str:
    file = tmp_path / "family.toml"
    file.write_text(FAMILY, encoding="utf-8")
    return str(file)


def test_help_lists_each_command() -> None:
    help_ = run("--help").output
    assert all(f"\n  {name} " in help_ for name in COMMANDS)
    assert "cnnspec table alexnet" in help_


@pytest.mark.parametrize("command", ["", *COMMANDS])
@pytest.mark.parametrize("terminal", [80, 200])
def test_help_has_examples_and_fits_100_columns(command: str, terminal: int) -> None:
    result = CliRunner().invoke(cli, [*command.split(), "--help"], env={"COLUMNS": str(terminal)})
    assert result.exit_code == 0
    assert max(map(len, result.output.splitlines())) <= min(terminal, 100)
    assert f"cnnspec {command}".strip() in result.output.partition("Options:")[0].partition("\n")[2]


def test_list_has_the_totals_of_each_network() -> None:
    for entry in json.loads(run("list", "resnet", "--format", "json").output)["networks"]:
        totals = load(entry["network"]).totals
        assert (entry["params"], entry["macs"]) == (totals.params, totals.macs)


def test_list_has_a_line_for_each_network() -> None:
    found = json.loads(run("list", "lenet", "--format", "json").output)["networks"]
    names = [n for variants in networks().values() for n in variants if "lenet" in n]
    assert [n["network"] for n in found] == names
    assert {
        "network": "lenet5",
        "title": "LeNet-5",
        "family": "lenet5",
        "task": "classification",
        "year": 1998,
        "input": [1, 32, 32],
        "params": 61706,
        "macs": 416520,
    } in found
    lines = run("list", "lenet").output.splitlines()
    assert [line.split()[0] for line in lines[2:-2]] == names
    assert ["lenet5", "classification", "1998", "1x32x32", "61.71k", "416.5k"] in [
        line.split() for line in lines
    ]


def test_list_filters_and_sorts_as_compare_does() -> None:
    options = ("--filter", "task = detection", "--filter", "params < 30M", "--sort", "-macs")
    found = json.loads(run("list", *options, "--format", "json").output)["networks"]
    expected = json.loads(
        run("compare", "--all", *options, "--columns", "network,macs", "--format", "json").output
    )["networks"]
    assert [n["network"] for n in found] == [n["network"] for n in expected] != []
    assert [n["macs"] for n in found] == sorted((n["macs"] for n in expected), reverse=True)
    page = run("list", "vgg", "--columns", "network,family,depth", "--exact").output
    assert page.splitlines()[0].split() == ["Network", "Family", "Depth"]


def test_every_network_has_a_task() -> None:
    entries = json.loads(run("list", "--format", "json").output)["networks"]
    assert {n["task"] for n in entries} == {
        "classification",
        "detection",
        "segmentation",
        "generation",
        "reconstruction",
        "similarity",
    }


@pytest.mark.parametrize("format", ["text", "markdown", "latex", "html", "csv"])
def test_list_and_table_print_every_format(format: str) -> None:
    for arguments in (("list", "lenet", "--exact"), ("table", "lenet5")):
        result = run(*arguments, "--format", format)
        assert result.exit_code == 0
        assert "lenet5" in result.output.replace("\\", "") or format == "csv"
        assert "416520" in result.output.replace(",", "") or format == "csv"


def test_table_takes_a_file_and_its_variants(family: str) -> None:
    assert data(family)["network"] == "thin"
    assert data(f"{family}:wide")["network"] == "wide"
    assert data(f"{family}:wide")["layers"][0]["output"] == [16, 30, 30]  # type: ignore[index]


def test_set_and_input_change_the_network(family: str) -> None:
    wide, small = data(f"{family}:wide", "--set", "width=2"), data(family, "--input", "1,10,12")
    assert wide["layers"][0]["output"] == [2, 30, 30]  # type: ignore[index]
    assert small["layers"][0]["output"] == [4, 8, 10]  # type: ignore[index]
    assert data(family, "--input", "1x10x12")["input"] == [1, 10, 12]


def test_table_options_reach_the_table(family: str) -> None:
    text = run("table", "lenet5", "--columns", "layer,params", "--reverse").output
    assert text.index("OUTPUT") < text.index("C1")
    wide = run("table", "bird_cnn", "--preset", "activations", "--layout", "hwc").output
    assert "CONV1 (f=5, s=1)  (28, 28, 8)" in wide


def test_explain_takes_the_network_and_then_the_layer() -> None:
    one = run("explain", "alexnet", "conv2")
    assert one.output.startswith("conv2: conv, pool1 96x27x27 → 256x27x27\n")
    assert "307,456" in one.output
    assert "conv3" not in one.output
    whole = run("explain", "lenet5").output
    assert whole.startswith("LeNet-5 (lenet5), input 1x32x32\n\nC1: conv, ")
    total, legend = whole.split("\n\n")[-2:]
    assert total.endswith("the sums of the rows above.")
    assert legend.startswith("Symbols:\n  C  ")


def test_schema_prints_the_json_schema() -> None:
    assert json.loads(run("schema").output)["$schema"] == "http://json-schema.org/draft-07/schema#"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("table", "lenet"),
            (
                "there is no network 'lenet'; cnnspec list shows all networks; did you mean"
                " 'lenet5'?"
            ),
        ),
        (
            ("table", "lenet5", "--columns", "parms"),
            "there is no column 'parms'; did you mean 'params'?",
        ),
        (
            ("table", "lenet5", "--columns", "params", "--format", "json"),
            "--columns and --convention go with tables; JSON has every key",
        ),
        (
            ("table", "lenet5", "--input", "3,a"),
            "--input takes sizes such as 3,224,224, channels first, not '3,a'",
        ),
        (
            ("table", "lenet5", "--set", "classes"),
            "--set takes name=value, not 'classes'; for example --set classes=10",
        ),
        (("explain", "lenet5", "C9"), "lenet5 has no layer 'C9'; its layers are C1, S2,"),
    ],
)
def test_a_request_that_is_not_understood_says_what_would_be(
    arguments: tuple[str, ...], message: str
) -> None:
    with pytest.raises(RequestError) as error:
        run(*arguments)
    assert str(error.value).startswith(message)


def test_an_argument_that_the_network_lacks_is_a_problem_of_the_command_line(family: str) -> None:
    with pytest.raises(SpecError) as error:
        run("table", family, "--set", "widht=3")
    assert (
        str(error.value)
        == "--set widht: L015 widht is not an argument of family\n  help: did you mean 'width'?"
    )


@pytest.mark.parametrize(
    ("arguments", "code", "start"),
    [
        (("table", "lenet5"), 0, ""),
        (("table", "no_such_network"), 2, "cnnspec: there is no network"),
        (("table", "lenet5", "--input", "1,2,2"), 2, ""),
        (("table", "lenet5", "--preset", "none"), 2, "Usage: "),
        (("tabel", "lenet5"), 2, "Usage: "),
    ],
)
def test_exit_codes(arguments: tuple[str, ...], code: int, start: str) -> None:
    done = process(*arguments)
    assert done.returncode == code
    assert done.stderr.startswith(start)
    assert "Traceback" not in done.stderr
    assert bool(done.stderr) == bool(code) != bool(done.stdout)
