"""Code actions mend and ignore findings, and show other variants."""

import pytest

from cnnspec.editor.actions import IGNORE_RULE, MEND, SHOW, CodeAction, find_code_actions
from cnnspec.editor.diagnostics import find_diagnostics
from cnnspec.editor.document import Document
from cnnspec.editor.fixes import apply_edits
from cnnspec.editor.positions import Range
from cnnspec.gate.config import Config
from cnnspec.gate.findings import can_be_ignored
from cnnspec.rules.registry import RULES, load_rule
from tests.editor.marked import SPEC, at


def actions_of(text: str, code: str, kind: str, reason: str) -> list[CodeAction]:
    """The actions of a kind for the only finding that a rule has about a text."""
    document = Document(text, "net.toml")
    found = find_diagnostics(document, Config(select=(code,)))
    actions = find_code_actions(document, found[0].range, found, reason)
    return [action for action in actions if action.kind == kind]


def codes_in(text: str, *codes: str) -> list[str]:
    """The codes of the findings about a text."""
    return [d.code for d in find_diagnostics(Document(text, "net.toml"), Config(select=codes))]


@pytest.mark.parametrize("code", RULES)
def test_ignoring_a_rule_needs_a_reason(code: str) -> None:
    assert can_be_ignored(code)
    text = load_rule(code).bad.lstrip()
    for reason, left in (("the paper crops", []), ("", sorted(["G001", code]))):
        (action,) = actions_of(text, code, IGNORE_RULE, reason)
        assert sorted(codes_in(apply_edits(text, action.edits), code, "G")) == left


def test_a_comment_on_the_line_is_kept() -> None:
    text = load_rule("A001").bad.lstrip().replace("kernel_size = 3 },", "kernel_size = 3 }, # a")
    (action,) = actions_of(text, "A001", IGNORE_RULE, "why not")
    ignored = apply_edits(text, action.edits)
    assert "  # cnnspec: ignore A001: why not\n  { name" in ignored
    assert codes_in(ignored, "A001", "G") == []


def test_a_second_rule_joins_the_comment() -> None:
    comment = "kernel_size = 3 },  # cnnspec: ignore S001: why not"
    text = load_rule("A001").bad.lstrip().replace("kernel_size = 3 },", comment)
    (action,) = actions_of(text, "A001", IGNORE_RULE, "")
    assert "# cnnspec: ignore S001, A001: why not\n" in apply_edits(text, action.edits)


def test_a_fix_is_an_action_with_the_code_of_its_rule() -> None:
    (action,) = actions_of(load_rule("A001").bad.lstrip(), "A001", MEND, "")
    assert (action.title, action.code) == ("A001: set bias = false", "A001")


def test_an_error_cannot_be_ignored() -> None:
    text = SPEC.replace('op = "linear"', 'op = "Dense"')
    assert actions_of(text, "L005", IGNORE_RULE, "x") == []
    assert [a.title for a in actions_of(text, "L005", MEND, "x")] == ['L005: change it to "linear"']


def test_the_header_of_a_variant_shows_its_numbers() -> None:
    document, position = at("[variants.wi^de]")
    (action,) = find_code_actions(document, Range(position, position), [])
    assert (action.kind, action.variant) == (SHOW, "wide")
    shown = Document(document.text, "net.toml", "wide")
    assert find_code_actions(shown, Range(position, position), []) == []
