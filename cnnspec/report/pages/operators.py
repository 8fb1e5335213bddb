"""operators.md: every operator, from its docstring, its fields, and its worked examples."""

import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from cnnspec.ops.kit.operator import Example, Operator
from cnnspec.ops.registry import OPERATORS, operator
from cnnspec.report import formula
from cnnspec.report.formats import grid, markdown
from cnnspec.units import format_count, format_shape

ROLES = {
    "layer": "Layers",
    "norm": "Norms",
    "activation": "Activations",
    "regulariser": "Regularisers",
    "join": "Joins of several inputs",
    "shape": "The same elements in another shape",
    "loss": "Losses",
}


def pages(reports: str) -> dict[str, str]:
    """The page."""
    return {"operators.md": page()}


def page() -> str:
    """The page as Markdown."""
    found = {name: operator(name) for name in OPERATORS}
    parts = [
        "# Operators",
        (
            f"What a layer can be: {len(found)} operators. Each is one file, in which all that is"
            " said here stands: the formula and its source, the fields with which specs call it,"
            " and worked examples, which the tests hold. Shapes are without the batch, channels"
            " first."
        ),
    ]
    by_role = {role: [n for n, cls in found.items() if cls.role == role] for role in ROLES}
    parts += [
        "\n".join(
            f"- {ROLES[role]}: " + ", ".join(f"[{markdown(n)}](#{n})" for n in names)
            for role, names in by_role.items()
            if names
        )
    ]
    for role, names in by_role.items():
        if names:
            parts += [
                f"## {ROLES[role]}",
                *[part for name in names for part in described(name, found[name])],
            ]
    return "\n\n".join(parts)


def described(name: str, cls: type[Operator]) -> Iterator[str]:
    """What there is to say of one operator."""
    module = import_module(cls.__module__)
    yield f"### {name}"
    yield (
        f"In tables: {markdown(cls.title)}. Its file:"
        f" [cnnspec/ops/{name}.py](../cnnspec/ops/{name}.py)."
    )
    yield prose(module.__doc__ or "")
    if cls.fields:
        rows = [
            [name, field.doc, field.takes, "required" if field.required else default(field.default)]
            for name, field in cls.fields.items()
        ]
        yield grid(["Field", "What it is", "Takes", "Default"], rows, [False] * 4, "markdown")
    yield grid(
        ["Example", "Input", "Fields", "Output", "Params", "MACs"],
        [example(e) for e in cls.examples],
        [False, True, False, True, True, True],
        "markdown",
    )
    yield from steps(cls, cls.examples[0])


def prose(docstring: str) -> str:
    """A docstring as Markdown: its paragraphs, with what is code in it."""
    paragraphs = [" ".join(p.split()) for p in docstring.strip().split("\n\n")]
    return "\n\n".join(
        "".join(
            part if i % 2 else markdown(part) for i, part in enumerate(re.split(r"(`[^`]+`)", p))
        )
        for p in (paragraph.replace("``", "`") for paragraph in paragraphs)
    )


def default(value: Any) -> str:
    return (
        "none" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    )


def example(of: Example) -> list[str]:
    """A worked example in cells."""
    fields = ", ".join(f"{key} = {default(value)}" for key, value in of.fields.items())
    return [
        of.source,
        "; ".join(map(format_shape, of.inputs)),
        fields or "–",
        format_shape(of.output),
        format_count(of.params),
        format_count(of.macs),
    ]


def steps(cls: type[Operator], of: Example) -> Iterator[str]:
    """The formulas of the first example with its numbers."""
    found = cls.of(of).derivation(*of.inputs, y=of.output)
    if found:
        yield "The first of them, in formulas:"
        yield "\n".join(
            f"- {step.quantity}: ${' = '.join(formula.stages(step))}$" for step in found
        )
