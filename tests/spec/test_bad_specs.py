"""Bad specs and what they print, word for word: tests/spec/bad/NAME.toml against NAME.expected.

A first line ``# options: ...`` holds options of ``cnnspec table``. After a change of wording, run
``pytest tests/spec/test_bad_specs.py --rewrite-expected`` and read the difference as prose.
Lists of all operators, norms and activations are {operators}, {norms} and {activations} there.
"""

import re
import shlex
from pathlib import Path

import pytest

from cnnspec.cli import cli
from cnnspec.ops.registry import OPERATORS, load_operator
from cnnspec.problems import ERROR_RULES, RequestError, SpecError

BAD = Path(__file__).parent / "bad"
SPECS = sorted(p.stem for p in BAD.glob("*.toml"))


LISTS = {
    "{operators}": [*OPERATORS],
    "{norms}": [name for name in OPERATORS if load_operator(name).role == "norm"],
    "{activations}": [name for name in OPERATORS if load_operator(name).role == "activation"],
}


def printed(arguments: list[str]) -> str:
    """What ``cnnspec table`` prints about a spec that it cannot show."""
    with pytest.raises((SpecError, RequestError)) as caught:
        cli(["table", *arguments], standalone_mode=False)
    return ("cnnspec: " if caught.type is RequestError else "") + f"{caught.value}\n"


@pytest.mark.parametrize("name", SPECS)
def test_bad_spec_prints_what_is_expected(
    name: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.chdir(BAD)
    first = Path(f"{name}.toml").read_text(encoding="utf-8", errors="replace").partition("\n")[0]
    found = printed([f"{name}.toml", *shlex.split(first.partition("# options:")[2])])
    for words, names in LISTS.items():
        found = found.replace(f"known here: {', '.join(names)}", f"known here: {words}")
    expected = Path(f"{name}.expected")
    if request.config.getoption("--rewrite-expected"):
        expected.write_text(found, encoding="utf-8")
    assert found == expected.read_text(encoding="utf-8")


def test_every_expected_text_has_its_spec() -> None:
    assert sorted(p.stem for p in BAD.glob("*.expected")) == SPECS


def test_every_rule_has_a_bad_spec() -> None:
    shown = "".join(p.read_text(encoding="utf-8") for p in BAD.glob("*.expected"))
    codes = set(re.findall(r"^[^ ].*?: ([TLD]\d{3}) ", shown, re.M))
    assert codes == ERROR_RULES.keys() - {"T001"}, (
        "T001 is about files that cannot be fixtures: see below"
    )


def test_what_is_no_readable_file_is_said_to_be_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder.toml").mkdir()
    Path("long.toml").write_text("#" * (2**19 + 1))
    Path("empty.toml").write_text("")
    assert printed(["folder.toml"]) == "folder.toml: T001 not a readable spec: it is a directory\n"
    assert (
        printed(["long.toml"])
        == "long.toml: T001 a spec has at most 524,288 bytes, this file has 524,289\n"
    )
    assert (
        printed(["missing.toml"])
        == "missing.toml: T001 not a readable spec: No such file or directory\n"
    )
    assert printed(["empty.toml"]).count("L002") == 3


def test_a_link_out_of_the_folder_is_no_include(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside, inside = tmp_path / "outside.toml", tmp_path / "specs"
    outside.write_text('[blocks.unit]\nlayers = [{ name = "relu", op = "relu" }]\n')
    inside.mkdir()
    (inside / "link.toml").symlink_to(outside)
    (inside / "net.toml").write_text(
        'name = "net"\ninput = [3]\ninclude = ["link.toml"]\n'
        'layers = [{ name = "b", op = "relu" }]\n'
    )
    monkeypatch.chdir(inside)
    assert printed(["net.toml"]).startswith(
        "net.toml:3:12: L013 'link.toml' is neither below the file's own folder"
    )
