"""Diagnostics are the findings of cnnspec check; their fixes mend them."""

from pathlib import Path

import pytest

from cnnspec.editor.diagnostics import Diagnostic, find_diagnostics
from cnnspec.editor.document import Document
from cnnspec.editor.fixes import apply_edits
from cnnspec.editor.positions import to_data
from cnnspec.gate.check import check_file
from cnnspec.gate.config import Config, load_config
from cnnspec.rules.registry import RULES, load_rule
from cnnspec.spec.zoo import zoo_files
from tests.editor.marked import SPEC

BAD = sorted((Path(__file__).parents[1] / "spec" / "bad").glob("*.toml"))
CHANGED = {"S001", "S002", "S003", "S005", "A001", "A007", "A010"}  # rules with a fix


@pytest.mark.parametrize("path", [*BAD, *map(Path, zoo_files()[::6])], ids=lambda path: path.stem)
def test_the_findings_are_those_of_check(path: Path) -> None:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return  # an editor shows it in another encoding
    if text.startswith("\ufeff"):
        return
    checked = check_file(str(path), config=load_config(str(path), {}))
    found = find_diagnostics(Document(text, str(path)))
    wanted = [f for f in checked.findings if not f.ignore_reason]
    assert [d.code for d in found] == [f.problem.rule for f in wanted]
    for diagnostic, finding in zip(found, wanted, strict=True):
        problem = finding.problem
        assert diagnostic.severity == finding.severity
        assert problem.message in diagnostic.message
        assert diagnostic.range.start.line <= diagnostic.range.end.line
        if problem.where.file == str(path):
            assert diagnostic.range.start.line == max(problem.where.line - 1, 0)


def mended(text: str, config: Config, diagnostic: Diagnostic) -> list[str]:
    """The codes that a text has after the first fix of a diagnostic."""
    fixed = apply_edits(text, diagnostic.fixes[0].edits)
    assert fixed != text
    return [d.code for d in find_diagnostics(Document(fixed, "net.toml"), config)]


@pytest.mark.parametrize("code", RULES)
def test_the_fix_of_a_rule_mends_its_example(code: str) -> None:
    config = Config(select=(code,))
    text = load_rule(code).bad.lstrip()
    (found,) = find_diagnostics(Document(text, "net.toml"), config)
    assert bool(found.fixes) == (code in CHANGED)
    if found.fixes:
        assert mended(text, config, found) == []


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('name  = "net"', 'nmae  = "net"', "L001"),
        ("out_features", "out_feature", "L001"),
        ("out_features", "units", "L001"),
        ('op = "linear"', 'op = "Dense"', "L005"),
        ("out_features = 10", 'out_features = "10"', "L003"),
        ("{width}", "{widht}", "L007"),
        ("{out * 2}", "{2 * (outt + 1) - 2}", "L007"),
        ('"{width}"', '"width"', "L003"),
        ('"conv2", "short"', '"conv2", "shrot"', "L006"),
        ('op = "linear", ', 'op = "linear", in_features = 16, ', "L001"),
        ("keepdim = false", "keepdim = False", "T003"),
        ('op = "linear",', 'op = "linear"', "T003"),
        ('op = "linear"', "op = linear", "T003"),
        ("[variants.wide]\ntitle", "[variants.wide]\ntitel", "L015"),
        ("width = 32", "wdith = 32", "L015"),
    ],
)
def test_the_fix_of_a_mistake_mends_it(old: str, new: str, code: str) -> None:
    assert old in SPEC
    text = SPEC.replace(old, new, 1)
    found = find_diagnostics(Document(text, "net.toml"), Config())
    wrong = next(d for d in found if d.code == code)
    clean = [d.code for d in find_diagnostics(Document(SPEC, "net.toml"), Config())]
    assert mended(text, Config(), wrong) == clean


def test_an_expression_is_not_replaced_by_a_number() -> None:
    text = load_rule("S003").bad.lstrip().replace("kernel_size = 4", 'kernel_size = "{2 + 2}"')
    (found,) = find_diagnostics(Document(text, "net.toml"), Config(select=("S003",)))
    assert found.fixes == ()


def test_a_problem_of_an_included_file_is_shown_at_its_name(tmp_path: Path) -> None:
    included = '[blocks.b]\nlayers = [{ name = "a", op = "nothing" }]\n'
    (tmp_path / "b.toml").write_text(included, encoding="utf-8")
    text = 'include = ["b.toml"]\nname = "n"\ninput = [3, 8, 8]\nlayers = [{name="x", op="b"}]\n'
    path = str(tmp_path / "net.toml")
    found = [d for d in find_diagnostics(Document(text, path)) if d.related]
    assert [d.code for d in found] == ["L005"]
    assert (found[0].range.start.line, found[0].range.start.character) == (0, 11)
    assert found[0].related[0].location.range.start.line == 1


def test_wrong_settings_are_shown_and_the_others_are_used(tmp_path: Path) -> None:
    settings = "[tool.cnnspec]\nselect = 3\n"
    (tmp_path / "pyproject.toml").write_text(settings, encoding="utf-8")
    first, *_ = find_diagnostics(Document("", str(tmp_path / "net.toml")))
    assert "select must be a list" in first.message


def test_diagnostics_are_plain_data_for_json() -> None:
    found = find_diagnostics(Document('name = "a"\ninput = [0]\n', "net.toml"))
    data = to_data(found)[0]
    assert data["range"]["start"] == {"line": 0, "character": 0}
    assert {"severity", "code", "message", "help", "networks", "fixes"} <= data.keys()
