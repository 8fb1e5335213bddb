"""Every operator has one file with a source, worked examples, and derivations that are true."""

import re
from fractions import Fraction
from importlib import import_module
from math import ceil, floor, prod
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from cnnspec.ops.kit.derivation import Step
from cnnspec.ops.kit.operator import Example, Operator
from cnnspec.ops.kit.windows import SimpleReach
from cnnspec.ops.registry import OPERATORS, load_operator

FOLDER = Path(import_module("cnnspec.ops").__path__[0])
SHARED = {"__init__", "registry", "input"}  # input: the first node of graphs, no operator of specs
ROLES = {"layer", "norm", "activation", "regulariser", "join", "shape", "loss"}
KINDS = {
    "comparisons",
    "additions",
    "multiplications",
    "divisions",
    "exponentials",
    "logarithms",
    "square_roots",
    "powers",
    "lookups",
}
FUNCTIONS = {"floor": floor, "ceil": ceil, "max": max, "min": min}

every_operator = pytest.mark.parametrize(
    "op", [pytest.param(load_operator(name), id=name) for name in OPERATORS]
)
every_example = pytest.mark.parametrize(
    ("op", "example"),
    [
        pytest.param(load_operator(name), example, id=f"{name}-{i}")
        for name in OPERATORS
        for i, example in enumerate(load_operator(name).examples)
    ],
)


def total(tensors: dict[str, tuple[int, ...]]) -> int:
    return sum(map(prod, tensors.values()))


def derived(op: type[Operator], example: Example) -> list[Step]:
    return op.of(example).derivation(*example.inputs, y=example.output)


def evaluated(step: Step) -> Any:
    """Evaluate a step's formula with its numbers, in exact arithmetic."""
    assert re.fullmatch(r"[\w+\-*/(), ]+", step.formula), step.formula
    assert "**" not in step.formula, step.formula
    assert (
        set(re.findall(r"[A-Za-z_]\w*", step.formula)) - FUNCTIONS.keys() == step.values.keys()
    ), step
    exact = re.sub(r"\b\d+\b", r"Fraction(\g<0>)", step.formula)
    numbers = {symbol: Fraction(value) for symbol, value in step.values.items()}
    return eval(exact, {"__builtins__": {}, "Fraction": Fraction, **FUNCTIONS}, numbers)


def test_registry_lists_exactly_the_operator_modules() -> None:
    assert {path.stem for path in FOLDER.glob("*.py")} - SHARED == set(OPERATORS)


@every_operator
def test_nothing_works_in_place_unless_it_is_asked_to(op: type[Operator]) -> None:
    assert not op.defaults.get("inplace", False)


def test_titles_are_unique() -> None:
    """Only an operator that includes an activation may share a title, as LeNet-5's rbf does."""
    titles = [
        load_operator(name).title for name in OPERATORS if not load_operator(name).activation_title
    ]
    assert len(titles) == len(set(titles))


@every_operator
def test_module_states_what_it_is_and_its_source(op: type[Operator]) -> None:
    module = import_module(op.__module__)
    assert module.__doc__ is not None
    assert re.match(r"[^\n]+: [^\n]+\.\n\n|[^\n]+\.\n\n", module.__doc__), (
        "a first line that says what it is"
    )
    assert "\n\nSource: " in module.__doc__
    assert op.title.strip()
    assert op.role in ROLES
    assert op.examples
    assert all(example.source.strip() for example in op.examples)


@every_operator
def test_fields_have_documentation_and_a_schema_that_their_default_satisfies(
    op: type[Operator],
) -> None:
    for field in op.fields.values():
        assert field.doc.strip(), field.name
        Draft7Validator.check_schema(field.schema())
        if not field.required and field.default is not None:
            assert field.accept(field.default) == field.default, field.name
            Draft7Validator(field.schema()).validate(field.default)


@every_example
def test_examples_hold(op: type[Operator], example: Example) -> None:
    built, inputs = op.of(example), example.inputs
    low, high = op.arity
    assert low <= len(inputs) <= high
    assert built.output(*inputs) == example.output
    assert total(built.parameters(*inputs)) == example.params
    assert total(built.buffers(*inputs)) == example.buffers
    assert built.macs(*inputs, y=example.output) == example.macs
    for name, value in example.fields.items():
        Draft7Validator(op.fields[name].schema()).validate(value)


@every_example
def test_counts_are_whole_and_of_known_kinds(op: type[Operator], example: Example) -> None:
    work = op.of(example).elementwise(*example.inputs, y=example.output)
    assert work.keys() <= KINDS
    assert all(type(n) is int and n >= 0 for n in work.values())


@every_example
def test_formulas_give_their_results(op: type[Operator], example: Example) -> None:
    steps = derived(op, example)
    assert steps
    for step in steps:
        assert all(type(n) is int for n in (step.result, *step.values.values())), step
        assert evaluated(step) == step.result, step


@every_example
def test_derivation_gives_parameters_and_macs(op: type[Operator], example: Example) -> None:
    results = {step.quantity: step.result for step in derived(op, example)}
    assert results.get("parameters", 0) == example.params
    assert results.get("multiply-accumulates", 0) == example.macs


@every_example
def test_windows_have_one_entry_for_each_dimension_and_phase(
    op: type[Operator], example: Example
) -> None:
    reach = op.of(example).window(*example.inputs, y=example.output)
    if isinstance(reach, SimpleReach):
        return
    assert len(reach) == len(example.inputs[0]) - 1
    assert all(w.period == len(w.offsets) and w.advance > 0 for w in reach)
