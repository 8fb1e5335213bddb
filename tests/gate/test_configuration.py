"""[tool.cnnspec] in pyproject.toml: which one is used, ignores of files, and mistakes in it."""

import json
from pathlib import Path

import pytest

from cnnspec.problems import RequestError
from tests.gate.checking import FAMILY, LINE, check, found, spec, write

pytestmark = pytest.mark.usefixtures("here")


def test_the_nearest_configuration_upwards_is_used() -> None:
    write(
        pyproject="""
[tool.cnnspec]
ignore = ["S001"]
"""
    )
    Path("a/b").mkdir(parents=True)
    Path("a/pyproject.toml").write_text('[project]\nname = "x"\n', encoding="utf-8")
    Path("a/b/net.toml").write_text(spec(LINE), encoding="utf-8")
    assert found("a") == []
    assert [f[2] for f in found("a", "--ignore", "S002")] == ["S001"]
    Path("a/b/pyproject.toml").write_text("[tool.cnnspec]\nstrict = true\n", encoding="utf-8")
    assert [f[2] for f in found("a")] == ["S001"]
    assert check("a").exit_code == 1


def test_per_file_ignores_need_a_reason_and_must_be_used() -> None:
    write(
        pyproject="""[tool.cnnspec.per-file-ignores]
"*et.toml" = { S001 = "as published" }
"other.toml" = { S002 = "as published" }
""",
        net=spec(LINE),
        other=spec(LINE, 227),
    )
    data = json.loads(check(".", "--format", "json").output)
    assert [f["reason"] for f in data["ignored"]] == ["as published"]
    assert [
        (Path(f["file"]).name, f["line"], f["column"], f["code"]) for f in data["findings"]
    ] == [("pyproject.toml", 3, 18, "G002")]
    assert found("net.toml") == []


def test_an_unused_ignore_is_reported_only_if_the_whole_file_was_checked() -> None:
    ignores = """[tool.cnnspec.per-file-ignores]
"family.toml" = { S002 = "x" }
"""
    write(pyproject=ignores, family=FAMILY)
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
        ("budget = 3", "budget is a table with one table for each network, not 3"),
        ("budget.net.parms = 3", "parms is not a key of the budget net"),
    ],
)
def test_a_mistake_in_the_configuration_is_reported(text: str, message: str) -> None:
    write(pyproject=f"[tool.cnnspec]\n{text}\n", net=spec(LINE))
    with pytest.raises(RequestError) as error:
        check("net.toml")
    assert "pyproject.toml:2:" in str(error.value)
    assert message in str(error.value)
