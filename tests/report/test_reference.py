"""The reference of cnnspec docs: its examples give what they promise, and it is complete."""

import re
import sys

import pytest
from click.testing import CliRunner, Result

from cnnspec.cli import cli
from cnnspec.conventions import CONVENTIONS
from cnnspec.gate.findings import CODES
from cnnspec.ops.registry import OPERATORS, load_operator
from cnnspec.problems import ERROR_RULES
from cnnspec.report.reference.language import SpecExample, find_examples, run_examples
from cnnspec.report.reference.plain_text import render_plain
from cnnspec.report.reference.topics import (
    anchor,
    list_sections,
    list_topics,
    render_pages,
    render_topic,
)
from cnnspec.spec.blocks import COMPOSITE
from cnnspec.spec.budgets import LIMITS, SETTINGS
from cnnspec.spec.functions import FUNCTIONS
from cnnspec.spec.reader import CONTROL, KEYS, SHORTHAND

SECTIONS = list_sections()
PAGES = render_pages("")
every_section = pytest.mark.parametrize("section", SECTIONS, ids=lambda s: s.topics[0])


def docs(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["docs", *arguments])


def is_toml_line(text: str, line: str) -> bool:
    """Whether a line of a terminal page is one of a spec, which is not wrapped."""
    return any(line.strip() in spec for spec in re.findall(r"```toml\n(.*?)```", text, re.S))


@every_section
def test_examples_give_what_their_words_say(section) -> None:  # type: ignore[no-untyped-def]
    examples = find_examples(section.text)
    for example, result in zip(examples, run_examples(examples), strict=True):
        codes = set(re.findall(r"^net\.toml:\d+:\d+: ([A-Z]\d{3}) ", result, re.M))
        assert codes == set(example.codes), f"{example.spec}\n{result}"
        if not example.codes:
            assert result.startswith("(no findings)") == ("check" in example.words)


@every_section
def test_specs_of_examples_fit_a_terminal(section) -> None:  # type: ignore[no-untyped-def]
    for example in find_examples(section.text):
        assert max(map(len, example.spec.split("\n"))) <= 78, example.spec


def test_an_example_without_its_mistake_is_an_error() -> None:
    spec = 'name = "n"\ninput = [3]\nlayers = [{ name = "r", op = "relu" }]\n'
    with pytest.raises(ValueError, match="an example for L001 has no problem"):
        [*run_examples([SpecExample(spec, ("L001",))])]


def test_every_key_of_the_language_is_described() -> None:
    code = set(
        re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", PAGES["language.md"], flags=re.S))
    )
    words = {word for text in code for word in re.findall(r"\w+", text)}
    headings = set(re.findall(r"\w+", " ".join(re.findall(r"^## .*", PAGES["language.md"], re.M))))
    keys = {*KEYS, *CONTROL, *COMPOSITE, *SHORTHAND, *LIMITS, *SETTINGS, *FUNCTIONS, "batch"}
    assert keys - words - headings == set()


def test_every_rule_of_the_language_has_an_example() -> None:
    shown = {code for section in SECTIONS for e in find_examples(section.text) for code in e.codes}
    assert ERROR_RULES.keys() - shown == {"T001", "T002"}  # about bytes, which a page cannot show
    assert all(f"({code})" in PAGES["language.md"] for code in ("T001", "T002"))


def test_contents_lead_to_sections() -> None:
    for page in PAGES.values():
        prose = re.sub(r"^```.*?^```$", "", page, flags=re.M | re.S)
        anchors = [anchor(title) for title in re.findall(r"^## (.*)", prose, re.M)]
        assert re.findall(r"^- \[.*\]\(#(.*)\)$", prose, re.M) == anchors
        assert len(set(anchors)) == len(anchors)


def test_topics_are_different_and_every_one_has_a_page() -> None:
    topics = list_topics()
    assert len(set(topics)) == len(topics)
    for topic in topics:
        text = render_topic(topic)
        plain = render_plain(text)
        assert len(plain) > 100, topic
        too_long = [line for line in plain.split("\n") if len(line) > 80]
        assert [line for line in too_long if not is_toml_line(text, line)] == [], topic


def test_without_a_topic_all_are_listed() -> None:
    result = docs()
    assert result.exit_code == 0
    listed = set(re.findall(r"[\w-]+", result.output))
    assert {*OPERATORS, *CONVENTIONS, *CODES, *(s.topics[0] for s in SECTIONS)} <= listed
    assert max(map(len, result.output.split("\n"))) <= 80


def test_an_operator_has_its_formula_fields_and_numbers() -> None:
    text = docs("conv").output
    assert text.startswith("conv\n====\n\nConvolution")
    assert "- `stride`, default 1: " in text
    assert "- `out_channels`, required: " in text
    assert (
        '  { name = "conv", op = "conv", out_channels = 96, kernel_size = 11, stride = 4 }' in text
    )
    assert "  parameters              = ((m*n*d) + 1)*k\n" in text
    assert " = ((11*11*3) + 1)*96\n" in text


def test_a_rule_has_its_reason_and_examples() -> None:
    text = docs("s001").output
    assert text.startswith("S001: windows read every pixel of their input\n=====")
    assert "Severity: warning." in text
    assert "\nWhy: " in text
    assert "net.toml:4:80: S001 the last row and column of input are never read" in text
    text = docs("L006").output
    assert "Severity: error. It cannot be ignored." in text
    assert 'L006 "conv" is neither an input nor a line above' in text


def test_a_convention_says_what_operators_count() -> None:
    assert "- `batchnorm`: 2 per element of its input" in docs("fvcore").output
    assert docs("flops").output.startswith("flops: floating-point operations\n----")


def test_an_unknown_topic_gets_a_suggestion() -> None:
    result = docs("convv")
    assert str(result.exception) == "there is no topic 'convv'; did you mean 'conv'?"
    result = docs("zzzz")
    assert str(result.exception) == "there is no topic 'zzzz'; cnnspec docs lists them all"


def test_lists_have_a_line_for_each_operator_and_rule() -> None:
    listed = re.findall(r"^- `(\w+)`: \w", docs("operators").output, re.M)
    assert listed == list(OPERATORS)
    assert re.findall(r"^- `(\w+)`: ", docs("rules").output, re.M) == list(CODES)


def test_a_command_is_not_a_topic() -> None:
    message = "sweep is a command, not a topic: see cnnspec sweep --help"
    assert str(docs("sweep").exception) == message
    assert docs("lock").output.startswith("locks, lock: changes")


def test_markdown_is_that_of_the_pages() -> None:
    assert docs("language", "--markdown").output.startswith("# The language\n\nA spec is")
    assert "```toml" in docs("each", "--markdown").output


@pytest.mark.parametrize("name", OPERATORS)
def test_markdown_of_an_operator_shows_formulas_as_they_are_written(name: str) -> None:
    """No formula such as n*k*m becomes emphasis, and the plain text has all words."""
    markdown = render_topic(name)
    documented = sys.modules[load_operator(name).__module__].__doc__ or ""
    words = documented.replace("``", "`").split()
    prose = re.sub(r"^# \w+|```.*?```|`[^`]*`|\\.", "", markdown, flags=re.DOTALL)
    assert set("*_`~<>") & set(prose) == set()
    plain = " ".join(render_plain(markdown).split())
    assert " ".join(words) in plain
