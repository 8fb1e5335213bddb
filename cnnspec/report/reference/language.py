"""Render the reference of the language: language.md, with what each of its examples gives.

Each block ```` ```toml ```` of language.md is a complete spec. Its result is rendered behind it, so
the page cannot be out of date. Words after ``toml`` say how the example is run:

- nothing: the layers of the network are shown; ``variants``: those of each variant;
- rule codes: the example is a mistake, and the messages with these codes are shown;
- ``check``, or codes of the check (B, C, G, K, S, A): ``cnnspec check`` runs on it;
- ``lock``: a lock is written; ``locked``: the check finds the lock of the example before;
- ``NAME=VALUE``, ``input=C,H,W`` and ``NAME=C,H,W``: as the options ``--set`` and ``--input``;
  with D008 also ``--strict-input``.
"""

import os
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from cnnspec.costs import compute_node_cost
from cnnspec.graph.build import VariantRequest, build_variant, read_spec
from cnnspec.graph.model import Graph, Node
from cnnspec.problems import Problem, SpecError
from cnnspec.records import Record
from cnnspec.report.formats import render_grid
from cnnspec.spec.source import Source
from cnnspec.units import format_count, format_shape

FENCE = re.compile(r"^```toml(.*)\n((?:.*\n)*?)```$", re.MULTILINE)
CODE = re.compile(r"[A-Z]\d{3}")
CHECKED = "ABCGKS"  # the letters of rules that only `cnnspec check` applies
NAME = "net.toml"  # of the example in messages


class Section(Record):
    """One section of a reference page: its names, its title, and its Markdown without results."""

    topics: tuple[str, ...]
    title: str
    text: str


class SpecExample(Record):
    """One spec of a reference page, and the words behind ``toml``."""

    spec: str
    words: tuple[str, ...]

    @property
    def codes(self) -> tuple[str, ...]:
        """Return the codes of the rules that the example breaks."""
        return tuple(word for word in self.words if CODE.fullmatch(word))

    @property
    def is_checked(self) -> bool:
        """Whether ``cnnspec check`` runs on the example, and not only the reader of specs."""
        return "check" in self.words or any(code[0] in CHECKED for code in self.codes)

    @property
    def settings(self) -> dict[str, Any]:
        """Return the arguments and the input that are given from outside."""
        pairs = dict(word.split("=", 1) for word in self.words if "=" in word)
        shapes: dict[str, tuple[int, ...]] = {}
        for name in [name for name, value in pairs.items() if "," in value]:
            shapes[name] = tuple(map(int, pairs.pop(name).split(",")))
        return {
            "settings": {name: int(value) for name, value in pairs.items()},
            "input_shape": shapes.get("input") or shapes or None,
        }


@cache
def read_page(page: str) -> tuple[str, tuple[Section, ...]]:
    """Return the introduction and the sections of ``PAGE.md`` beside this module."""
    with open(os.path.join(os.path.dirname(__file__), f"{page}.md"), encoding="utf-8") as file:
        head, *parts = re.split(r"^## (.*)\n", file.read(), flags=re.MULTILINE)
    sections = zip(parts[::2], parts[1::2], strict=True)
    return head.strip(), tuple(
        Section(tuple(title.partition(":")[0].split(", ")), title, text.strip())
        for title, text in sections
    )


def find_examples(text: str) -> list[SpecExample]:
    """Return the examples in the Markdown of a section, in order."""
    return [SpecExample(spec, tuple(words.split())) for words, spec in FENCE.findall(text)]


def render_section(section: Section) -> str:
    """Return a section as Markdown, with the result of each example behind it."""
    examples = find_examples(section.text)
    results = iter(zip(examples, run_examples(examples), strict=True))

    def filled(match: re.Match[str]) -> str:
        example, result = next(results)
        given = [word for word in example.words if "=" in word]
        options = [option_of(word) for word in given]
        options += ["--strict-input"] if "D008" in example.words else []
        caption = f"With `{' '.join(options)}`:\n\n" if options else ""
        shown = f"```toml\n{match[2]}```"
        if example.codes:
            shown = f"A mistake:\n\n{shown}"
        return f"{shown}\n\n{caption}```text\n{result}\n```"

    return f"## {section.title}\n\n{FENCE.sub(filled, section.text)}"


def option_of(word: str) -> str:
    """Return the option of the command line that a word of an example stands for."""
    if word.startswith("input="):
        return f"--input {word[6:]}"
    return f"--input {word}" if "," in word else f"--set {word}"


def render_reference(page: str) -> str:
    """Return a whole page as Markdown, with the results of its examples."""
    head, sections = read_page(page)
    return "\n\n".join([head, *map(render_section, sections)]) + "\n"


def run_examples(examples: list[SpecExample]) -> Iterator[str]:
    """Return what each example gives: its layers, or the messages about it."""
    lock = ""
    for example in examples:
        if "lock" in example.words:
            lock = write_lock(example)
            yield lock.strip()
        elif example.is_checked:
            yield (
                check_example(example, lock if "locked" in example.words else "") or "(no findings)"
            )
        elif example.codes:
            yield "\n".join(str(p) for p in find_problems(example))
        else:
            yield "\n\n".join(map(render_layers, build_example(example)))


def build_example(example: SpecExample) -> list[Graph]:
    """Return the graph of an example, or those of all its variants. Raises SpecError."""
    spec, problems = read_spec(Source(NAME, example.spec))
    names = list(spec.variants) if "variants" in example.words else [""]
    requests = [VariantRequest(spec, problems, name, **example.settings) for name in names]
    return [build_variant(wanted, "D008" in example.words) for wanted in requests]


def find_problems(example: SpecExample) -> tuple[Problem, ...]:
    """Return the problems for which an example is refused."""
    try:
        build_example(example)
    except SpecError as error:
        return tuple(error.problems)
    raise ValueError(f"an example for {', '.join(example.codes)} has no problem:\n{example.spec}")


def render_layers(graph: Graph) -> str:
    """Return a table of a graph's nodes: what each is, what it reads and what it gives."""
    rows = [
        [
            node.name + (" (training only)" if node.training_only else ""),
            node.kind,
            ", ".join(before.name for before in node.inputs),
            format_shape(node.output),
            format_count(compute_node_cost(node).params),
        ]
        for node in graph.layers(training=True)
    ]
    headings = ["Layer", "Op", "Reads", "Output", "Params"]
    table = render_grid(headings, rows, [False, False, False, True, True], "text")
    return f"{graph.title}, {describe_inputs(graph.inputs)}\n\n{table}"


def describe_inputs(inputs: list[Node]) -> str:
    """Return the inputs with their shapes: ``input 3x32x32``."""
    return ", ".join(f"{node.name} {format_shape(node.output)}" for node in inputs)


def check_example(example: SpecExample, lock: str) -> str:
    """Return the findings of ``cnnspec check`` in an example with a ``lock`` beside it."""
    from cnnspec.gate.check import check_file

    def check(path: str) -> str:
        found = []
        for finding in check_file(path).findings:
            level = "" if finding.severity == "error" else f" [{finding.severity}]"
            if not finding.ignore_reason:
                found.append(finding.problem.replace(message=finding.problem.message + level))
        folder = os.path.dirname(path) + os.sep
        return "\n".join(map(str, found)).replace(folder, "")

    return run_in_folder(example, lock, check)


def write_lock(example: SpecExample) -> str:
    """Return the lock of an example."""
    from cnnspec.gate.locks import make_lock

    return run_in_folder(example, "", lambda path: make_lock(path).text)


def run_in_folder(example: SpecExample, lock: str, run: Callable[[str], str]) -> str:
    """Return ``run(path)`` of an example in a temporary folder: its file, and its lock if any."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        path = os.path.join(folder, NAME)
        for name, text in ((path, example.spec), (path.removesuffix("toml") + "lock", lock)):
            if text:
                with open(name, "w", encoding="utf-8") as file:
                    file.write(text)
        return run(path)
