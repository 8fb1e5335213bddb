"""The topics of ``cnnspec docs``, as Markdown, and the pages language.md and counting.md."""

import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from cnnspec.conventions import CONVENTIONS, load_convention
from cnnspec.gate.findings import (
    CHECKS,
    CODES,
    can_be_ignored,
    get_documentation,
    get_severity,
    get_title,
)
from cnnspec.ops.kit.derivation import Step
from cnnspec.ops.kit.operator import Example
from cnnspec.ops.registry import OPERATORS, find_installed, load_operator
from cnnspec.problems import RequestError, did_you_mean, visible
from cnnspec.report.formats import escape_prose
from cnnspec.report.formula import substitute_numbers
from cnnspec.report.pages.rules import render_rule
from cnnspec.report.reference.language import (
    Section,
    SpecExample,
    find_examples,
    read_page,
    render_reference,
    render_section,
    run_examples,
)
from cnnspec.rules.registry import RULES
from cnnspec.units import format_count, format_shape

PAGES = ("language", "counting")


def render_topic(name: str) -> str:
    """Return the page of a topic in Markdown. Raises RequestError for an unknown one."""
    if name in PAGES:
        return render_page(name)
    if name in LISTS:
        return LISTS[name]()
    if name in OPERATORS:
        return "\n\n".join(operator_parts(name))
    if name.upper() in CODES:
        return "\n\n".join(rule_parts(name.upper()))
    if name in CONVENTIONS:
        return "\n\n".join(convention_parts(name))
    if section := sections_by_topic().get(name):
        return render_section(section)
    if find_installed(name):
        return "\n\n".join(operator_parts(name))
    hint = did_you_mean(name, list_topics(), "cnnspec docs lists them all")
    raise RequestError(f"there is no topic {visible(name, 60)!r}; {hint}")


def list_topics() -> list[str]:
    """Return all topics, those that have other names too by all of them."""
    return [*PAGES, *LISTS, *sections_by_topic(), *OPERATORS, *CONVENTIONS, *CODES]


def render_page(name: str) -> str:
    """Return a whole page; that of counting has what other tools count, too."""
    parts = [render_reference(name).rstrip("\n")]
    if name == "counting":
        parts += [part for tool in CONVENTIONS for part in convention_parts(tool)]
    return "\n\n".join(parts)


def render_topics() -> str:
    """Return the list of all topics."""
    find_installed()
    groups = {
        "The language: `cnnspec docs language` prints all": names_of_sections("language"),
        "Counting: `cnnspec docs counting` prints all": [
            *names_of_sections("counting"),
            *CONVENTIONS,
        ],
        "Operators: `cnnspec docs operators` says what each does": OPERATORS,
        "Rules: `cnnspec docs rules` says what each demands": CODES,
    }
    listed = [f"{group}.\n\n- {', '.join(names)}" for group, names in groups.items()]
    return "\n\n".join(["# Topics of cnnspec docs", *listed])


def list_operators() -> str:
    """Return a line for each operator: its name, and the first line of its documentation."""
    find_installed()
    lines = []
    for name in OPERATORS:
        documentation = import_module(load_operator(name).__module__).__doc__ or ""
        lines.append(f"- `{name}`: {documentation.splitlines()[0]}")
    return "\n".join(["# Operators", "", *lines])


def list_rules() -> str:
    """Return a line for each rule: its code, what it demands, and its severity."""
    lines = [f"- `{code}`: {get_title(code)} ({get_severity(code)})" for code in CODES]
    return "\n".join(["# Rules", "", *lines])


LISTS = {"operators": list_operators, "rules": list_rules}


def names_of_sections(page: str) -> list[str]:
    """Return the topics of a page, one for each section."""
    return [section.topics[0] for section in read_page(page)[1]]


def list_sections() -> list[Section]:
    """Return the sections of all pages."""
    return [section for page in PAGES for section in read_page(page)[1]]


def sections_by_topic() -> dict[str, Section]:
    """Return the sections of all pages by all their names."""
    return {topic: section for section in list_sections() for topic in section.topics}


def operator_parts(name: str) -> Iterator[str]:
    """Yield the parts of an operator's page: formula and source, fields, an example, the steps."""
    cls = load_operator(name)
    yield f"# {name}"
    paragraphs = (import_module(cls.__module__).__doc__ or "").strip().split("\n\n")
    yield from map(escape_prose, paragraphs)
    yield "## Fields"
    fields = [
        f"- `{key}`, {describe_default(field.required, field.default)}:"
        f" {escape_prose(field.doc)}. Takes {escape_prose(field.takes)}."
        for key, field in cls.fields.items()
    ]
    yield "\n".join(fields) or "It has no fields."
    for number, example in enumerate(cls.examples, 1):
        yield f"## Example {number}" if len(cls.examples) > 1 else "## Example"
        yield f"{escape_prose(example.source)}."
        yield f"```toml\n{spec_line(name, example)}\n```"
        inputs = " and ".join(map(format_shape, example.inputs))
        yield (
            f"{inputs} → {format_shape(example.output)}, {format_count(example.params)} parameters,"
            f" {format_count(example.macs)} MACs"
        )
        if number == 1:
            steps = cls.of(example).derivation(*example.inputs, y=example.output)
            yield f"```text\n{render_steps(steps)}\n```"


def describe_default(required: bool, default: Any) -> str:
    """Return ``required``, or the default as TOML writes it."""
    if required:
        return "required"
    return "optional" if default is None else f"default {format_toml(default)}"


def format_toml(value: Any) -> str:
    """Return a value as TOML writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(format_toml, value))}]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {format_toml(v)}" for k, v in value.items()) + " }"
    return str(value)


def spec_line(name: str, example: Example) -> str:
    """Return the line of a spec that calls the operator of a worked example."""
    values = {"name": name, "op": name, **example.fields}
    return format_toml(values)


def render_steps(steps: list[Step]) -> str:
    """Return formulas with symbols, with the numbers, and with the result."""
    width = max((len(step.quantity) for step in steps), default=0)
    lines = []
    for step in steps:
        stages = dict.fromkeys([step.formula, substitute_numbers(step), format_count(step.result)])
        names = [step.quantity, *[""] * len(stages)]
        lines += [f"{n:{width}} = {stage}" for n, stage in zip(names, stages, strict=False)]
    return "\n".join(lines)


def rule_parts(code: str) -> Iterator[str]:
    """Yield the parts of a rule's page: what it demands, why, and examples."""
    yield f"# {code}: {get_title(code)}"
    if can_be_ignored(code):
        yield (
            f"Severity: {get_severity(code)}. To ignore it on a line of a spec, end the line with"
            f" `# cnnspec: ignore {code}: REASON`."
        )
    else:
        yield f"Severity: {get_severity(code)}. It cannot be ignored."
    if code in RULES:
        yield render_rule(code).strip()
        return
    if code in CHECKS:
        yield get_documentation(code)
    for section in list_sections():
        examples = find_examples(section.text)
        for example, result in zip(examples, run_examples(examples), strict=True):
            if code in example.codes:
                yield f"## A mistake, from `cnnspec docs {section.topics[0]}`"
                yield from example_parts(example, result)


def example_parts(example: SpecExample, result: str) -> Iterator[str]:
    """Yield an example and its result."""
    yield f"```toml\n{example.spec}```"
    yield f"```text\n{result}\n```"


def convention_parts(name: str) -> Iterator[str]:
    """Yield how a tool counts: what its figure is, and what each operator counts."""
    found = load_convention(name)
    yield f"## {name} {found.version}: what it counts as {found.unit}"
    yield found.about
    yield "\n".join(f"- `{op}`: {counted.says}" for op, counted in found.rules.items())
    yield (
        "It has no rule for other operators, so they count nothing. If such an operator has"
        f" parameters or MACs, cnnspec gives no figure for {name}."
    )


def render_pages(reports: str) -> dict[str, str]:
    """Return each page of the reference, with a table of contents."""
    return {f"{name}.md": insert_contents(render_page(name)) for name in PAGES}


def insert_contents(page: str) -> str:
    """Return a page with links to its sections before the first of them."""
    titles = [
        line.removeprefix("## ")
        for line in re.sub(r"^```.*?^```$", "", page, flags=re.M | re.S).split("\n")
        if line.startswith("## ")
    ]
    contents = "\n".join(f"- [{title}](#{anchor(title)})" for title in titles)
    head, mark, rest = page.partition("\n## ")
    return f"{head}\n{contents}\n{mark}{rest}"


def anchor(title: str) -> str:
    """Return the anchor that GitHub and GitLab give to a heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
