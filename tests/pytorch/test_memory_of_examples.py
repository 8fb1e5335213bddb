"""Planned memory of each operator, alone and as in its worked examples, compared with PyTorch.

Every operator is compared here, or by lines of its own in test_memory.py."""

from typing import Any

import pytest

from cnnspec.analyses.memory.network_memory import plan_memory
from cnnspec.ops.registry import OPERATORS, load_operator
from cnnspec.problems import RequestError
from tests import support
from tests.pipeline import value as toml
from tests.pytorch.test_memory import AFTER, ALONE, BEFORE, EXACT, differences, lines
from tests.worked_examples import EXAMPLES
from tests.worked_examples import case as example_case

# Memory that no plan knows; the plan says so.
UNMEASURED = {("lstm", 0), ("gru", 0)}


def example_text(name: str, number: int, inplace: bool = False) -> str:
    """Return a spec in which layers with parameters are before and after a worked example."""
    found, fields = example_case(name, number), load_operator(name).examples[number].fields
    given = fields | {"inplace": True} if inplace else fields
    names = [f"x{i}" for i in range(len(found.inputs))]
    before = "\n".join(
        f'  {{ name = "of_{x}", op = "channel_scale", from = "{x}" }},' for x in names
    )
    keys = "".join(f", {key} = {toml(value)}" for key, value in given.items())
    after = "" if found.op.role == "loss" else '  { name = "after", op = "channel_scale" },'
    return f"""
inputs = {toml(names)}
input = {toml({x: list(shape) for x, shape in zip(names, found.inputs, strict=True)})}
layers = [
{before}
  {{ name = "op", op = "{name}", from = {toml([f"of_{x}" for x in names])}{keys} }},
{after}
]
"""


def example_cases() -> list[Any]:
    """Return the worked examples; of operators that have lines in test_memory, for long runs."""
    known = "".join(lines().values())
    return [
        pytest.param(
            name,
            i,
            inplace,
            id=f"{name}-{i}{'-inplace' * inplace}",
            marks=[pytest.mark.long] if f'op = "{name}"' in known else [],
        )
        for name, i in EXAMPLES
        for inplace in (False, True)[: 1 + ("inplace" in load_operator(name).fields)]
        if (name, i) not in UNMEASURED
        and not load_operator(name).undoes  # its input has to be that of a pool
    ]


@pytest.mark.parametrize(("name", "number", "inplace"), example_cases())
def test_a_worked_example_needs_what_was_planned(name: str, number: int, inplace: bool) -> None:
    graph = support.graph_of(example_text(name, number, inplace))
    assert differences(graph, 2) == EXACT


@pytest.mark.parametrize(("name", "number"), sorted(UNMEASURED))
def test_an_unmeasured_example_is_refused(name: str, number: int) -> None:
    with pytest.raises(RequestError, match=f"the memory of {name} is not known"):
        plan_memory(support.graph_of(example_text(name, number)), 2)


def test_an_operator_that_undoes_another_has_lines() -> None:
    known = "".join(lines().values())
    undoing = [name for name in OPERATORS if load_operator(name).undoes]
    assert undoing
    assert all(f'op = "{name}"' in known for name in undoing)


PLACES = {"first": ("", AFTER), "last": (BEFORE, ""), "alone": ("", "")}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("case", [c for c in lines() if c.removesuffix(" in place") in ALONE])
def test_an_operator_can_be_the_first_or_the_last(case: str, place: str) -> None:
    """What reads the network's input gives it no gradient; what is last meets the loss."""
    before, after = PLACES[place]
    own = lines()[case].removesuffix(AFTER)
    graph = support.graph_of(f"input = [8, 16, 16]\nlayers = [\n{before}{own}{after}]\n")
    assert differences(graph, 2) == EXACT
