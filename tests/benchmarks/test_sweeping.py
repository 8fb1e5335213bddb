"""A sweep evaluates candidates several times as fast as loading each of them."""

import time
from typing import Any

import pytest

import cnnspec
from cnnspec.analyses.comparison import ComparisonSettings, find_measure
from cnnspec.search.candidates import DesignSpace
from cnnspec.search.evaluator import CandidateEvaluator

SPACES: dict[str, tuple[dict[str, tuple[Any, ...]], float]] = {
    "resnet18": ({"classes": tuple(range(10, 30)), "input": (160, 192, 224, 256)}, 10),
    "resnet": ({"depth": ("18", "34", "50"), "input": tuple(range(160, 320, 16))}, 4),
}


@pytest.mark.long
@pytest.mark.parametrize("name", SPACES)
def test_candidates_are_evaluated_faster_than_loaded(name: str) -> None:
    values, least = SPACES[name]
    space = DesignSpace(values)
    measures = [find_measure(key) for key in ("params", "macs", "activations")]
    evaluator = CandidateEvaluator(name, space, ComparisonSettings(), measures)
    start = time.process_time()
    found = [evaluator.evaluate(number).values["macs"] for number in range(space.size)]
    swept = (time.process_time() - start) / space.size
    numbers = range(0, space.size, max(1, space.size // 10))
    start = time.process_time()
    for number in numbers:
        settings = space.settings(number)
        size = settings.pop("input")
        totals = cnnspec.load(name, input=(3, size, size), **settings).totals
        assert totals.macs == found[number]
    loaded = (time.process_time() - start) / len(numbers)
    assert loaded > least * swept
    print(f"{name}: {loaded / swept:.1f} times as fast")
