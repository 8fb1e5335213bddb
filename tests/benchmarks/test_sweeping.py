"""A sweep finds the totals that loading each candidate gives; prints how much faster it is."""

import time
from typing import Any

import pytest

import cnnspec
from cnnspec.analyses.comparison import ComparisonSettings, find_measure
from cnnspec.search.candidates import DesignSpace
from cnnspec.search.evaluator import CandidateEvaluator

SPACES: dict[str, dict[str, tuple[Any, ...]]] = {
    "resnet18": {"classes": tuple(range(10, 30)), "input": (160, 192, 224, 256)},
    "resnet": {"depth": ("18", "34", "50"), "input": tuple(range(160, 320, 16))},
}


@pytest.mark.parametrize("name", SPACES)
def test_candidates_have_the_totals_of_loaded_networks(name: str) -> None:
    space = DesignSpace(SPACES[name])
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
    print(f"{name}: {loaded / swept:.1f} times as fast")
