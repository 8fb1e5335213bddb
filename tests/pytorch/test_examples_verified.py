"""A network of each operator's worked example passes verify: shapes, tensors and MACs."""

from math import prod
from typing import Any

import pytest

from cnnspec.ops.registry import load_operator
from cnnspec.pytorch.verify import verify
from tests import support
from tests.pytorch.test_memory_of_examples import example_text
from tests.worked_examples import EXAMPLES

LARGE = 1_000_000  # elements of inputs, or MACs, of examples that take long


def example_cases() -> list[Any]:
    """Return the worked examples; the large ones for long runs."""
    cases = []
    for name, i in EXAMPLES:
        kind = load_operator(name)
        if kind.undoes:  # its input has to be that of a pool
            continue
        size = sum(map(prod, kind.examples[i].inputs)) + kind.examples[i].macs
        marks = [pytest.mark.long] if size > LARGE else []
        cases.append(pytest.param(name, i, id=f"{name}-{i}", marks=marks))
    return cases


@pytest.mark.parametrize(("name", "number"), example_cases())
def test_a_worked_example_is_verified(name: str, number: int) -> None:
    verdict = verify(support.graph_of(example_text(name, number)))
    assert verdict.passed, str(verdict)
