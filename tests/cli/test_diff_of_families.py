"""cnnspec diff of whole files: every variant of both is compared, and none is left out."""

import json
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from cnnspec.cli import cli

NET = """name = "net"
input = [1, 8, 8]
args.width = 4
args.extra = false
layers = [
  { name = "a", op = "conv", out_channels = "{width}", kernel_size = 3 },
  { name = "b", op = "relu", when = "{extra}" },
]
[variants.thin]
[variants.wide]
width = 8
[variants.gone]
"""
NOW = NET.replace("width = 8", "width = 8\nextra = true").replace(
    "[variants.gone]", "[variants.new]"
)


@pytest.fixture(autouse=True)
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A spec in git with three variants: since then one changed, one was removed, one is new."""
    monkeypatch.chdir(tmp_path)
    Path("net.toml").write_text(NET)
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    for words in (["init", "-q"], ["add", "."], [*who, "commit", "-qm", "first"]):
        subprocess.run(["git", *words], check=True)
    Path("net.toml").write_text(NOW)


def run(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(cli, ["diff", *arguments], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.output


def test_text_has_the_networks_that_differ_and_names_the_others() -> None:
    text = run("net.toml@HEAD", "net.toml")
    assert text.startswith(
        "net.toml@HEAD → net.toml: 3 of 4 networks differ\n\n\n"
        "net.toml:wide@HEAD → net.toml:wide: layers: 1 "
    )
    assert "\ninserted  b: relu" in text
    assert text.endswith("\n\n\ninserted  new\nremoved   gone\nas before thin\n")
    assert max(map(len, text.splitlines())) <= 80


def test_one_network_that_differs_is_one() -> None:
    Path("net.toml").write_text(NET.replace("width = 8", "width = 9"))
    assert run("net.toml@HEAD", "net.toml").startswith(
        "net.toml@HEAD → net.toml: 1 of 3 networks differs\n"
    )


def test_the_names_of_pages_can_be_given_again() -> None:
    whole = run("net.toml@HEAD", "net.toml")
    assert run("net.toml:wide@HEAD", "net.toml:wide").strip() in whole


def test_markdown_has_a_heading_for_each() -> None:
    text = run("net.toml@HEAD", "net.toml", "--format", "markdown")
    assert text.startswith(
        "**net.toml@HEAD → net.toml: 3 of 4 networks differ**\n\n"
        "**net.toml:wide@HEAD → net.toml:wide: "
    )
    assert text.endswith("\n\n- inserted: new\n- removed: gone\n- as before: thin\n")


def test_json_has_every_network_of_both() -> None:
    data = json.loads(run("net.toml@HEAD", "net.toml", "--format", "json"))
    single = json.loads(run("net.toml:wide@HEAD", "net.toml:wide", "--format", "json"))
    assert (data["equal"], data["inserted"], data["removed"]) == (False, ["new"], ["gone"])
    assert [n["equal"] for n in data["networks"]] == [True, False]
    assert {"version": 1, **data["networks"][1]} == single


def test_exit_codes_tell_of_every_network() -> None:
    run("net.toml@HEAD", "net.toml", "--exit-code", code=1)
    Path("net.toml").write_text(NET)
    assert run("net.toml@HEAD", "net.toml", "--exit-code").startswith(
        "net.toml@HEAD → net.toml: no difference in 3 networks\n"
    )
    Path("net.toml").write_text(NET + "[variants.more]\n")
    run("net.toml@HEAD", "net.toml", "--exit-code", code=1)


def test_files_without_a_network_in_common_are_compared_by_their_first() -> None:
    Path("other.toml").write_text(NET.replace("[variants.", "[variants.other_"))
    assert run("net.toml", "other.toml").startswith("net.toml → other.toml: no difference\n")


def test_networks_of_the_zoo_are_named_with_their_revision() -> None:
    from cnnspec.report.diff_data import network_in_spec

    assert (
        network_in_spec("resnet@HEAD~1", "resnet18"),
        network_in_spec("resnet", "resnet18"),
    ) == (
        "resnet18@HEAD~1",
        "resnet18",
    )
