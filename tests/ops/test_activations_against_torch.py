"""Compare activations with PyTorch: shapes and parameters; their fields are PyTorch's arguments."""

import re
import sys
from inspect import signature
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.testing import assert_close

from cnnspec.ops.kit.fields import (
    ChoiceField,
    Field,
    FlagField,
    IntegerField,
    NumberField,
    OperatorError,
)
from cnnspec.ops.registry import OPERATORS, load_operator
from tests.ops.agreement import shapes_agree
from tests.ops.draws import Shape, often, shapes
from tests.ops.test_build_values import FIELDS


def torch_class(name: str) -> Any:
    """Return the class of PyTorch that an operator's documentation names, or None."""
    found = re.search(r"``torch\.nn\.(\w+)``", documentation(name))
    return getattr(nn, found[1]) if found else None


def documentation(name: str) -> str:
    return sys.modules[load_operator(name).__module__].__doc__ or ""


def field_values(field: Field) -> st.SearchStrategy[Any]:
    """Draw values of a field: a flag, a number up to 10, or one of its words."""
    if isinstance(field, NumberField):
        return st.floats(max(field.minimum, 0.01), min(field.maximum, 10))
    if isinstance(field, ChoiceField):
        return st.sampled_from(field.options)
    if isinstance(field, IntegerField):
        return st.just(field.minimum)
    assert isinstance(field, FlagField), f"no values of {field.name} are drawn: add them here"
    return st.booleans()


# Those of parameters have tests of their own.
ACTIVATIONS = [
    name
    for name in OPERATORS
    if load_operator(name).role == "activation"
    and not any(example.params for example in load_operator(name).examples)
]


@pytest.mark.parametrize("name", [*(n for n in ACTIVATIONS if torch_class(n)), "identity"])
@often
@given(st.data())
def test_activations(name: str, data: st.DataObject) -> None:
    cls, build = load_operator(name), torch_class(name)
    strategies = {key: field_values(field) for key, field in cls.fields.items()}
    drawn, x = data.draw(st.fixed_dictionaries(strategies)), data.draw(shapes())
    dim = {"dim": drawn.get("dim", 0) + 1} if "dim" in signature(build).parameters else {}
    try:
        module = build(**drawn | dim)
    except AssertionError:  # PyTorch refuses these values
        with pytest.raises(OperatorError):
            cls(**drawn).output(x)
        return
    shapes_agree(name, drawn, module, x)
    op, values = cls(**drawn), torch.randn(2, *x)
    assert op.parameters(x) == {}
    assert_close(op.build(torch, x, y=x)(values.clone()), module(values.clone()))


@pytest.mark.parametrize("name", [n for n in ACTIVATIONS if not torch_class(n)])
def test_values_of_activations_that_pytorch_does_not_have_are_tested(name: str) -> None:
    """Its documentation names ``torch.nn.CLASS``, or test_build_values has its formula."""
    assert name in FIELDS


@often
@given(shapes(), st.booleans())
def test_prelu(x: Shape, shared: bool) -> None:
    module = nn.PReLU(1 if shared else x[0])
    shapes_agree("prelu", {"shared": shared}, module, x)
    assert load_operator("prelu")(shared=shared).parameters(x) == {
        "weight": tuple(module.weight.shape)
    }
