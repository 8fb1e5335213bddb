"""Tables that translate operators for other tools have a rule for every operator."""

from typing import Any

import pytest
import torch

from cnnspec.analyses.alignment.call_graph import MERGED
from cnnspec.conventions import CONVENTIONS, load_convention
from cnnspec.ops.kit.operator import Example, Operator
from cnnspec.ops.registry import OPERATORS, load_operator
from cnnspec.pytorch.recording.recorder import record_model
from cnnspec.spec import hints

# Operators of several functions that a recording merges into one call.
MERGED_FUNCTIONS = ("lrn", "scale")


def recorded_kinds(cls: type[Operator], example: Example) -> list[str]:
    """Return the operations that a recording shows of an operator, built for an example."""
    op = cls.of(example)
    module: Any = op.build(torch, *example.inputs, y=op.output(*example.inputs))
    inputs = [torch.rand(2, *shape) for shape in example.inputs]
    if op.undoes:
        inputs[-1] = inputs[-1].long()  # the indices of the pool
    recording, _ = record_model(module.train(op.role == "regulariser"), tuple(inputs))
    return [call.kind for call in recording.calls if call.kind not in ("input", MERGED)]


@pytest.mark.parametrize("name", OPERATORS)
def test_a_recording_shows_every_operator_that_is_one_operation(name: str) -> None:
    cls = load_operator(name)
    kinds = [recorded_kinds(cls, example) for example in cls.examples]
    if name in MERGED_FUNCTIONS:
        assert [name] in kinds
    elif cls.is_composite:
        assert all(name not in found for found in kinds)
    elif cls.keeps_values and cls.role != "regulariser":
        assert all(found == [] for found in kinds)  # views are no calls
    else:
        assert [name] in kinds
        assert all(found in ([name], []) for found in kinds)  # [] where it changes nothing


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_every_convention_counts_the_operators_with_parameters_or_macs(convention: str) -> None:
    rules = load_convention(convention).rules
    assert rules.keys() <= OPERATORS.keys()
    for name in OPERATORS:
        cls = load_operator(name)
        if not cls.is_composite and any(e.params or e.macs for e in cls.examples):
            assert name in rules


def test_foreign_names_stand_for_operators() -> None:
    assert set(hints.OPERATOR_NAMES.values()) <= OPERATORS.keys()
    assert not hints.OPERATOR_NAMES.keys() & (OPERATORS.keys() - set(hints.OPERATOR_NAMES.values()))


@pytest.mark.parametrize("name", OPERATORS)
def test_properties_agree(name: str) -> None:
    cls = load_operator(name)
    assert cls.pools in ("", "window", "map", "channels")
    assert cls.slides_over in ("", "input", "output")
    assert cls.weight_layout in ("", "out-in", "in-out", "table")
    assert cls.autocast in ("", "casts", "follows", "statistics")
    assert not cls.keeps_values or cls.is_affine
    assert not cls.uses_batch_statistics or cls.role == "norm"
    assert not cls.drops_elements or "p" in cls.fields
    assert not (cls.is_commutative or cls.takes_gates) or cls.role == "join"
    for example in cls.examples:
        op, x = cls.of(example), example.inputs[0]
        assert bool(op.axes(*example.inputs)) == bool(cls.slides_over)
        weight = op.weight_shape(*example.inputs) if cls.weight_layout else None
        if cls.weight_layout == "out-in":
            assert weight is not None
            assert weight[0] == example.output[0]
            assert op.mixes_channels(x) == (weight[1] > 1 or x[0] == 1)
        if cls.weight_layout == "in-out":
            assert weight is not None
            assert weight[0] == x[0]
