"""cnnspec diff as a user runs it: pages of 80 columns, escapes, and exit codes."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cnnspec.api import load
from cnnspec.cli import cli

LENET = (Path(__file__).parents[2] / "specs" / "lenet5.toml").read_text(encoding="utf-8")


def run(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(cli, ["diff", *arguments], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """LeNet-5 with six more kernels in C1, without its first pooling, and with a dropout."""
    text = (
        LENET.replace("out_channels = 6,", "out_channels = 12,")
        .replace('  { name = "S2",      op = "avgpool", kernel_size = 2 },\n', "")
        .replace('  { name = "OUTPUT"', '  { name = "drop", op = "dropout" },\n  { name = "OUTPUT"')
    )
    monkeypatch.chdir(tmp_path)  # a long path would break the lines of the output elsewhere
    Path("mine.toml").write_text(text, encoding="utf-8")
    return "mine.toml"


def test_text_says_what_has_changed(mine: str) -> None:
    text = run("lenet5", mine).output
    assert "changed   C1: out_channels 6 → 12; output 6x28x28 → 12x28x28; params 156 → 312" in text
    assert "\nremoved   S2: avgpool 6x14x14; 0 params, 0 MACs; kernel_size = 2\n" in text
    assert "\ninserted  drop: dropout 84; 0 params, 0 MACs\n" in text
    assert "follows   C3: output 16x10x10 → 16x24x24; params 2,416 → 4,816 (+2,400); MACs" in text
    assert "C3" not in [
        line.split()[1] for line in text.splitlines() if line.startswith(("changed", "removed"))
    ]
    assert " 3 as before\n" in text.partition("\n\n")[0] + "\n"
    assert max(map(len, text.splitlines())) <= 80


def test_json_has_every_number(mine: str) -> None:
    data = json.loads(run("lenet5", mine, "--format", "json").output)
    before, after = load("lenet5"), load(mine)
    assert (data["version"], data["equal"], data["before"], data["same"]) == (
        1,
        False,
        {"name": "lenet5", "network": "lenet5"},
        3,
    )
    assert data["totals"]["params"] == {
        "before": before.totals.params,
        "after": after.totals.params,
        "change": after.totals.params - before.totals.params,
    }
    assert data["totals"]["comparisons" if "comparisons" in data["totals"] else "additions"][
        "change"
    ]
    layers = {x["name"]: x for x in data["layers"]}
    assert {name: x["status"] for name, x in layers.items()} == {
        "C1": "changed",
        "S2": "removed",
        "C3": "follows",
        "S4": "follows",
        "flatten": "follows",
        "C5": "follows",
        "drop": "inserted",
    }
    assert layers["C1"]["settings"] == {"out_channels": {"before": 6, "after": 12}}
    assert layers["C1"]["macs"] == {"before": 117600, "after": 235200}
    assert layers["S2"]["after"] is None
    assert layers["S2"]["before"]["settings"] == {"kernel_size": 2}
    assert layers["drop"]["before"] is None


def test_markdown_is_ready_for_a_comment(mine: str) -> None:
    text = run("lenet5", mine, "--format", "markdown").output
    assert text.startswith("**lenet5 → ")
    assert "| params" in text
    details = text.partition("<details><summary>4 layers have other numbers only</summary>\n\n|")
    assert details[1]
    assert details[2].rstrip().endswith("</details>")
    cells = [[cell.strip() for cell in line.split(" | ")] for line in details[0].splitlines()]
    assert ["| inserted", "drop", "dropout", "84", "0", "0 |"] in cells
    assert "| changed  | C1" in details[0]
    assert "| follows" not in details[0]
    rows = [
        line.replace("\\|", "").count("|")
        for line in details[0].splitlines()
        if line.startswith("|")
    ]
    assert set(rows) == {6, 7}


def test_long_runs_are_folded_unless_all_is_asked_for() -> None:
    folded, whole = (
        run("resnet50", "resnet101").output,
        run("resnet50", "resnet101", "--all").output,
    )
    assert (
        "inserted  layer3.6.conv1 … layer3.22.add (x68): 18,992,128 params, 3,712,221,184" in folded
    )
    assert whole.count("\ninserted  layer3.") == 68
    assert (
        run("resnet50", "resnet101", "--all", "--format", "json").output
        == run("resnet50", "resnet101", "--format", "json").output
    )


def test_exit_codes(mine: str) -> None:
    assert run("lenet5", "lenet5").output == "lenet5 → lenet5: no difference\n"
    run("lenet5", "lenet5", "--exit-code")
    run("lenet5", mine)
    run("lenet5", mine, "--exit-code", code=1)
    run("lenet5", code=2)


def test_set_and_input_go_to_both_sides() -> None:
    text = run(
        "resnet18", "resnet34", "--set", "classes=10", "--input", "3,64,64", "--format", "json"
    ).output
    totals = json.loads(text)["totals"]
    assert totals["params"]["before"] == load("resnet18", classes=10).totals.params
    assert totals["macs"]["after"] == load("resnet34", classes=10, input=(3, 64, 64)).totals.macs


@pytest.mark.parametrize("format", ["text", "markdown", "json"])
def test_hostile_names_are_shown_escaped(tmp_path: Path, format: str) -> None:
    file = tmp_path / "n.toml"
    spec = """
name = "n"
input = [1, 4, 4]
layers = [
  { name = "<script>|*~{{}}$", op = "relu" },
  { name = "%s", op = "conv", out_channels = 2, kernel_size = 1 },
]
"""
    file.write_text(spec % ("x" * 100))
    page = run("lenet5", str(file), "--format", format).output
    assert all(c.isprintable() or c == "\n" for c in page)
    if format == "text":
        assert max(map(len, page.splitlines())) <= 80
    if format == "markdown":
        assert "<script>" not in page
        assert {
            line.replace("\\|", "").count("|") for line in page.splitlines() if line.startswith("|")
        } == {6, 7}
