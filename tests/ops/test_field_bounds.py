"""Operators work with the smallest and largest values that their fields take, or say why not."""

from typing import Any

import pytest
import torch

from cnnspec.ops.kit.fields import (
    ChoiceField,
    Field,
    FlagField,
    IntegerField,
    NumberField,
    OperatorError,
)
from cnnspec.ops.kit.list_fields import PerAxisField, SidesField
from cnnspec.ops.registry import OPERATORS, load_operator
from tests.worked_examples import case

CASES = [(name, key) for name in OPERATORS for key in load_operator(name).fields]


def values_at_bounds(field: Field, dimensions: int) -> list[Any]:
    """Return the smallest values of a field, the bounds of a number, and every word."""
    if isinstance(field, FlagField):
        return [False, True]
    if isinstance(field, ChoiceField):
        return [*field.options]
    if isinstance(field, NumberField):
        return [field.minimum, field.maximum]
    if isinstance(field, IntegerField):
        return [field.minimum, field.minimum + 1]
    if isinstance(field, PerAxisField):
        return [field.minimum, [field.minimum + i for i in range(dimensions)]]
    if isinstance(field, SidesField):
        return [0, [0, 1][:dimensions], [[0, 1]] * dimensions, *field.words]
    return []


@pytest.mark.parametrize(("name", "key"), CASES)
def test_an_operator_works_at_the_bounds_of_its_fields(name: str, key: str) -> None:
    torch.manual_seed(0)
    found = case(name, 0)
    for value in values_at_bounds(found.op.fields[key], len(found.inputs[0]) - 1):
        try:
            op = found.op.replace(**{key: value})
            y = op.output(*found.inputs)
            module = op.build(torch, *found.inputs, y=y)
        except OperatorError:
            continue
        assert min(y) >= 1
        assert op.macs(*found.inputs, y=y) >= 0
        assert min(op.elementwise(*found.inputs, y=y).values(), default=0) >= 0
        assert op.derivation(*found.inputs, y=y)
        assert tuple(module(*found.replace(op=op).tensors(2)).shape) == (2, *y)


def test_pytorch_trains_no_batch_norm_without_eps() -> None:
    with pytest.raises(OperatorError, match="eps is 0, but PyTorch trains"):
        load_operator("batchnorm")(eps=0.0).build(torch, (3, 4, 4), y=(3, 4, 4))
