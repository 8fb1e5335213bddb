"""cnnspec new: the starter passes the check and shows the language; existing files are kept."""

import json
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft7Validator

from cnnspec.api import load
from cnnspec.cli import cli
from cnnspec.problems import RequestError


def run(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(cli, list(arguments), catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_starter_is_a_network_without_fault(folder: Path) -> None:
    assert (
        run("new", "mine.toml").output
        == "wrote mine.toml; to see it: cnnspec table mine.toml; to check it: cnnspec check"
        " mine.toml\n"
    )
    assert run("check", "--strict", "--advice", ".").output == "1 file, 2 networks: no findings\n"
    net = load("mine.toml")
    assert tomllib.loads((folder / "mine.toml").read_text())["task"] == "classification"
    assert (net.name, load("mine.toml:mine_small").layers[1].output) == ("mine", (16, 32, 32))
    # 3x3 stem of 27*32 + 64; a unit of w has 2*(9*w*w + 2w), its first conv and shortcut read the
    # width before it
    units = {(32, 32): 2 * (9 * 32 * 32 + 64)}
    units |= {
        (a, b): 9 * a * b + 2 * b + 9 * b * b + 2 * b + (a * b + 2 * b) * (a != b)
        for a, b in ((32, 64), (64, 64), (64, 128), (128, 128))
    }
    assert net.totals.params == 27 * 32 + 64 + sum(units.values()) + 1290
    assert "classifier" in run("table", "mine.toml").output


def test_the_starter_shows_what_the_language_has(folder: Path) -> None:
    run("new")
    text = (folder / "network.toml").read_text(encoding="utf-8")
    comments = "\n".join(line.partition("#")[2] for line in text.splitlines())
    for word in (
        "block",
        "each:",
        "repeat:",
        "when:",
        "norm and activation",
        "preset",
        "Variants",
        "arguments",
    ):
        assert word in comments, word
    used = set(json.dumps(tomllib.loads(text)).split('"')[1::2])
    assert {
        "each",
        "repeat",
        "when",
        "norm",
        "activation",
        "from",
        "blocks",
        "variants",
        "budget",
        "args",
    } <= used
    assert max(map(len, comments.splitlines())) <= 120


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("my-net.toml", "my_net"),
        ("a b.toml", "a_b"),
        ("input.toml", "my_network"),
        ("2.toml", "2"),
        ("..toml", "my_network"),
        ("résumé.toml", "my_network"),
        ("new/folder/net.toml", "net"),
        ("x.y.toml", "x_y"),
        (f"{'n' * 98}.toml", "my_network"),
    ],
)
def test_the_file_names_the_network(folder: Path, file: str, name: str) -> None:
    run("new", file)
    assert load(str(folder / file)).graph.family == name
    run("check", "--strict", str(folder / file))


def test_what_is_there_stays_unless_force_is_given(folder: Path) -> None:
    (folder / "mine.toml").write_text("mine")
    for _ in range(2):
        with pytest.raises(RequestError) as error:
            run("new", "mine.toml")
        assert str(error.value) == "mine.toml already exists; --force overwrites it"
    assert (folder / "mine.toml").read_text() == "mine"
    (folder / "link.toml").symlink_to("nowhere.toml")
    with pytest.raises(RequestError):
        run("new", "link.toml")
    run("new", "mine.toml", "--force")
    assert load("mine.toml").name == "mine"
    assert sorted(p.name for p in folder.iterdir()) == ["link.toml", "mine.toml"]


def test_the_schema_is_written_beside_it_and_named_in_the_first_line(folder: Path) -> None:
    run("new", "nets/mine.toml", "--schema")
    text = (folder / "nets" / "mine.toml").read_text()
    assert text.startswith("#:schema cnnspec.schema.json\n")
    schema = json.loads((folder / "nets" / "cnnspec.schema.json").read_text(encoding="utf-8"))
    assert schema == json.loads(run("schema").output)
    assert list(Draft7Validator(schema).iter_errors(tomllib.loads(text))) == []
    (folder / "nets" / "cnnspec.schema.json").write_text("mine")
    run("new", "nets/other.toml", "--schema")
    assert (folder / "nets" / "cnnspec.schema.json").read_text() == "mine"


@pytest.mark.parametrize("file", ["net", "net.json", "", "nets/", "a\x1b.toml"])
def test_what_is_no_name_of_a_spec(folder: Path, file: str) -> None:
    with pytest.raises(RequestError, match=r"a spec must have a printable name NAME\.toml, not"):
        run("new", file)
    assert list(folder.iterdir()) == []
