"""operators.md: every operator with its documentation, fields and worked examples."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from cnnspec.ops.kit.operator import Example, Operator
from cnnspec.ops.registry import OPERATORS, load_operator
from cnnspec.report import formula
from cnnspec.report.formats import escape_markdown, escape_prose, render_grid
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


def render_pages(reports: str) -> dict[str, str]:
    """The page. Reads nothing in ``reports``."""
    return {"operators.md": render_operators_page()}


def render_operators_page() -> str:
    """All operators, grouped by their roles."""
    found = {name: load_operator(name) for name in OPERATORS}
    parts = [
        "# Operators",
        (
            f"What a layer can be: {len(found)} operators. Each is one file, which contains what"
            " this page shows: the formula and its source, the fields that a spec may set, and"
            " worked examples, which the tests check. Shapes are channels first, without the batch."
        ),
    ]
    by_role = {role: [n for n, cls in found.items() if cls.role == role] for role in ROLES}
    parts += [
        "\n".join(
            f"- {ROLES[role]}: " + ", ".join(f"[{escape_markdown(n)}](#{n})" for n in names)
            for role, names in by_role.items()
            if names
        )
    ]
    for role, names in by_role.items():
        if names:
            parts += [
                f"## {ROLES[role]}",
                *[part for name in names for part in operator_sections(name, found[name])],
            ]
    return "\n\n".join(parts)


def operator_sections(name: str, cls: type[Operator]) -> Iterator[str]:
    """The heading, the documentation, the fields and the examples of one operator."""
    module = import_module(cls.__module__)
    yield f"### {name}"
    yield (
        f"In tables: {escape_markdown(cls.title)}. Its file:"
        f" [cnnspec/ops/{name}.py](../cnnspec/ops/{name}.py)."
    )
    yield from map(escape_prose, (module.__doc__ or "").strip().split("\n\n"))
    if cls.fields:
        rows = [
            [
                name,
                field.doc,
                field.takes,
                "required" if field.required else format_value(field.default),
            ]
            for name, field in cls.fields.items()
        ]
        yield render_grid(
            ["Field", "What it is", "Takes", "Default"], rows, [False] * 4, "markdown"
        )
    yield render_grid(
        ["Example", "Input", "Fields", "Output", "Params", "MACs"],
        [example_cells(e) for e in cls.examples],
        [False, True, False, True, True, True],
        "markdown",
    )
    yield from formula_section(cls, cls.examples[0])


def format_value(value: Any) -> str:
    """The value of a field as a spec writes it; ``none`` for no value."""
    if value is None:
        return "none"
    return str(value).lower() if isinstance(value, bool) else str(value)


def example_cells(of: Example) -> list[str]:
    """The cells of a worked example."""
    fields = ", ".join(f"{key} = {format_value(value)}" for key, value in of.fields.items())
    return [
        of.source,
        "; ".join(map(format_shape, of.inputs)),
        fields or "–",
        format_shape(of.output),
        format_count(of.params),
        format_count(of.macs),
    ]


def formula_section(cls: type[Operator], of: Example) -> Iterator[str]:
    """The formulas of an example with its numbers; nothing where the operator has none."""
    found = cls.of(of).derivation(*of.inputs, y=of.output)
    if found:
        yield "The formulas of the first example:"
        yield "\n".join(
            f"- {step.quantity}: ${' = '.join(formula.latex_stages(step))}$" for step in found
        )
