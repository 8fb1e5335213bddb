"""How many inputs operators take, and of which they read only the size."""

from inspect import signature

import pytest
import torch

from cnnspec.ops.registry import OPERATORS, load_operator
from tests.worked_examples import EXAMPLES, case

JOINS = {  # those that take several inputs in any number
    "add": (2, 64),
    "mul": (2, 64),
    "abs_difference": (2, 2),
    "concat": (2, 256),
    "roi_align": (1, 16),
}


@pytest.mark.parametrize("name", OPERATORS)
def test_arity_is_the_number_of_inputs_that_output_takes(name: str) -> None:
    cls = load_operator(name)
    least, most = cls.arity
    inputs = [*signature(cls.output).parameters.values()][1:]
    required = [p for p in inputs if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD]
    if any(p.kind is p.VAR_POSITIONAL for p in inputs):
        assert len(required) <= least <= most
    else:
        assert (least, most) == (len(required), len(inputs))
    assert all(least <= len(example.inputs) <= most for example in cls.examples)


def test_joins_take_so_many_inputs() -> None:
    assert {name: load_operator(name).arity for name in JOINS} == JOINS


@pytest.mark.parametrize(
    ("name", "number"), [e for e in EXAMPLES if len(load_operator(e[0]).examples[e[1]].inputs) > 1]
)
def test_outputs_depend_on_every_input_of_which_not_only_the_size_is_read(
    name: str, number: int
) -> None:
    torch.manual_seed(0)
    found = case(name, number)
    module, tensors = found.build().eval(), found.tensors(1)
    for i, tensor in enumerate(tensors):
        others = [*tensors]
        others[i] = 1 + tensor.square() if tensor.is_floating_point() else tensor.flip(-1)
        same = bool(module(*others).equal(module(*tensors)))
        assert same == (i in found.op.size_only)


@pytest.mark.parametrize("name", [name for name in OPERATORS if load_operator(name).size_only])
def test_an_input_that_gives_only_the_size_is_in_an_example(name: str) -> None:
    cls = load_operator(name)
    assert any(len(e.inputs) > max(cls.size_only) for e in cls.examples)
