"""Every rule finds its bad example and nothing else, documents itself, and names its numbers."""

import re
from inspect import getdoc
from pathlib import Path
from sys import modules

import pytest

from cnnspec.rules import registry
from cnnspec.rules.rule import SEVERITIES, LintRule
from tests.rules.linting import lint_text

RULES = [registry.load_rule(code) for code in registry.RULES]
EXAMPLES = [
    (f"{rule.code} {kind}", getattr(rule, kind)) for rule in RULES for kind in ("bad", "good")
]
EXCEPTED = {"S004"}  # finds most examples: they are parts of networks, whose outputs see little
PARTS = ("Why: ", "Fix: ", "Ignore it if: ")
each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule.code))


@pytest.mark.parametrize(("name", "text"), EXAMPLES, ids=[name for name, _ in EXAMPLES])
def test_an_example_is_found_by_its_own_rule_only(name: str, text: str) -> None:
    code, kind = name.split()
    others = [other for other in registry.RULES if other not in EXCEPTED or other == code]
    assert [problem.rule for problem in lint_text(text, *others)] == [code] * (kind == "bad")


@each_rule
def test_a_rule_quotes_its_finding(rule: LintRule) -> None:
    (problem,) = lint_text(rule.bad, rule.code)
    assert " ".join(str(problem).split()) == " ".join(rule.finding.split())


@each_rule
def test_a_rule_documents_itself(rule: LintRule) -> None:
    module = modules[rule.check.__module__]
    assert module.__name__ == f"cnnspec.rules.{registry.RULES[rule.code]}"
    summary, *parts = (getdoc(module) or "").split("\n\n")
    assert re.fullmatch(r"Finds [^\n]+\.", summary), "one sentence on one line"
    starts = [part.partition(":")[0] + ": " for part in parts]
    assert [start for start in starts if start in PARTS] == [*PARTS]
    assert rule.severity in SEVERITIES
    assert rule.title[0].islower()
    assert not rule.title.endswith(".")


@each_rule
def test_a_message_names_its_numbers_and_how_to_fix_it(rule: LintRule) -> None:
    (problem,) = lint_text(rule.bad, rule.code)
    assert len(re.findall(r"\d+", problem.message)) >= 2
    assert problem.hint
    line = rule.bad.splitlines()[problem.where.line]
    assert line.lstrip().startswith(("{", "input ="))


def test_the_folder_has_the_rules_of_the_registry_and_no_others() -> None:
    folder = Path(registry.__file__).parent
    files = {path.stem for path in folder.glob("*.py")}
    assert files == {*registry.RULES.values(), "__init__", "registry", "rule"}
    assert [rule.code for rule in RULES] == list(registry.RULES)
