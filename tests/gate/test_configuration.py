"""The configuration of check in pyproject.toml: which one holds, its ignores of files, and what is
not understood."""

import json
from pathlib import Path

import pytest
from gate.checking import FAMILY, LINE, check, found, spec, write

from cnnspec.problems import RequestError

pytestmark = pytest.mark.usefixtures("here")


def test_the_nearest_configuration_upwards_holds() -> None:
    write(pyproject='[tool.cnnspec]\nignore = ["S001"]\n')
    Path("a/b").mkdir(parents=True)
    Path("a/pyproject.toml").write_text('[project]\nname = "x"\n', encoding="utf-8")
    Path("a/b/net.toml").write_text(spec(LINE), encoding="utf-8")
    assert found("a") == []
    assert [f[2] for f in found("a", "--ignore", "S002")] == ["S001"]
    Path("a/b/pyproject.toml").write_text("[tool.cnnspec]\nstrict = true\n", encoding="utf-8")
    assert [f[2] for f in found("a")] == ["S001"]
    assert check("a").exit_code == 1


def test_files_can_be_ignored_for_a_reason_in_the_configuration() -> None:
    write(
        pyproject=(
            '[tool.cnnspec.per-file-ignores]\n"*et.toml" = { S001 = "as published" }\n'
            '"other.toml" = { S002 = "as published" }\n'
        ),
        net=spec(LINE),
        other=spec(LINE, 227),
    )
    data = json.loads(check(".", "--format", "json").output)
    assert [f["reason"] for f in data["ignored"]] == ["as published"]
    assert [
        (Path(f["file"]).name, f["line"], f["column"], f["code"]) for f in data["findings"]
    ] == [("pyproject.toml", 3, 18, "G002")]
    assert found("net.toml") == []


def test_an_ignore_of_the_configuration_is_held_against_whole_files_only() -> None:
    write(
        pyproject="[tool.cnnspec.per-file-ignores]\n'family.toml' = { S002 = 'x' }\n", family=FAMILY
    )
    assert [f[2] for f in found("family.toml")] == ["S001", "G002"]
    assert [f[2] for f in found("family.toml:wide")] == ["S001"]
    write(family=FAMILY.replace("conv", "cnov"))
    assert [f[2] for f in found("family.toml")] == ["L005"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("selct = ['S']", "there is no setting 'selct'; did you mean 'select'?"),
        ("select = 'S'", 'select must be a list of strings, not "S"'),
        ("select = ['S9']", "there is no rule 'S9'; write S001, for example, or A for all A rules"),
        ("strict = 1", "strict must be true or false, not 1"),
        (
            "per-file-ignores.'a.toml' = ['S001']",
            "the ignores of a file must be a table of codes with reasons",
        ),
        ("per-file-ignores.'a.toml' = { S001 = '' }", 'an ignore must have a reason, not ""'),
        (
            "per-file-ignores.'a.toml' = { S01 = 'x' }",
            "there is no rule 'S01'; did you mean 'S001'?",
        ),
        (
            "per-file-ignores.'a.toml' = { T003 = 'x' }",
            "T003 cannot be ignored; fix the cause",
        ),
        ("budget = 3", "budget is a table with one table a network, not 3"),
        ("budget.net.parms = 3", "parms is not a key of the budget net"),
    ],
)
def test_a_configuration_that_is_not_understood_is_said_to_be_none(text: str, message: str) -> None:
    write(pyproject=f"[tool.cnnspec]\n{text}\n", net=spec(LINE))
    with pytest.raises(RequestError) as error:
        check("net.toml")
    assert "pyproject.toml:2:" in str(error.value)
    assert message in str(error.value)
