"""Every rule fires on its bad example and is silent on all others, documents itself, and names its
numbers."""

import re
from inspect import getdoc
from pathlib import Path
from sys import modules

import pytest

from cnnspec.graph.build import build_graph
from cnnspec.problems import Problem
from cnnspec.rules import registry
from cnnspec.rules.lint import lint_graph
from cnnspec.rules.rule import SEVERITIES, LintRule
from cnnspec.spec.source import Source

RULES = [registry.load_rule(code) for code in registry.RULES]
EXAMPLES = [
    (f"{rule.code} {kind}", getattr(rule, kind)) for rule in RULES for kind in ("bad", "good")
]
STATED = {"S004"}  # finds most of them: they are parts of networks, whose outputs see little
each = pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule.code))


def found(text: str, *codes: str) -> list[Problem]:
    return lint_graph(build_graph(Source("net.toml", text)), codes or registry.RULES)


@pytest.mark.parametrize(("name", "text"), EXAMPLES, ids=[name for name, _ in EXAMPLES])
def test_an_example_is_found_by_its_own_rule_only(name: str, text: str) -> None:
    code, kind = name.split()
    others = [c for c in registry.RULES if c not in STATED or c == code]
    assert [p.rule for p in found(text, *others)] == [code] * (kind == "bad")


@each
def test_a_rule_documents_itself(rule: LintRule) -> None:
    module = modules[rule.check.__module__]
    doc = getdoc(module) or ""
    assert module.__name__.endswith(f".{registry.RULES[rule.code]}")
    assert len(doc.split("\n\n")) >= 2, "what, then why"
    assert rule.severity in SEVERITIES
    assert rule.title[0].islower()
    assert not rule.title.endswith(".")


@each
def test_a_message_names_its_numbers_and_what_would_mend_it(rule: LintRule) -> None:
    (problem,) = found(rule.bad, rule.code)
    assert len(re.findall(r"\d+", problem.message)) >= 2
    assert problem.hint
    line = rule.bad.splitlines()[problem.where.line - 1]
    assert line.lstrip().startswith("{")


def test_the_room_holds_the_rules_of_the_registry_and_no_others() -> None:
    room = Path(registry.__file__).parent
    assert {p.stem for p in room.glob("*.py")} == {
        *registry.RULES.values(),
        "__init__",
        "registry",
        "rule",
        "lint",
    }
    assert [rule.code for rule in RULES] == list(registry.RULES)
