"""All problems of a file at once: no fault hides an independent one, and none is reported twice."""

from collections import Counter
from itertools import combinations

import pytest

from cnnspec.problems import SpecError
from tests.support import graph_of

FIELDS = {"name": '"x"', "op": '"conv"', "out_channels": "4", "kernel_size": "3", "from": '"input"'}
FAULTS = {  # of a line that calls an operator, each in keys of its own
    "key not known": {"use_bias": "false"},
    "wrong type": {"kernel_size": "0"},
    "norm not known": {"norm": '"bn"'},
    "activation not known": {"activation": '"swish"'},
    "activation with a field not known": {"activation": '{ op = "leaky_relu", slope = 0.1 }'},
    "from not known": {"from": '"nowhere"'},
    "from is no name": {"from": "3"},
    "from that is no expression": {"from": '"{a b}"'},
    "no expression": {"groups": '"{2 +}"'},
    "not declared": {"stride": '"{undeclared}"'},
    "not declared in a list": {"dilation": '["{absent}", "{missing}"]'},
    "value does not fit": {"padding": '"{1 / 2}"'},
    "name that is none": {"name": '"a.b"'},
    "name that is taken": {"name": '"first"'},
    "name not declared": {"name": '"x{elsewhere}"'},
    "training_only": {"training_only": '"yes"'},
    "when": {"when": "1"},
    "repeat": {"repeat": '"three"', "from": '"previous"'},
    "each": {"each": "3", "from": '"previous"'},
    "required": {"out_channels": ""},
}
BLOCK = """
[blocks.unit]
args     = ["width", "size"]
defaults = { stride = 1, twice = "{2 * stride}" }
layers   = [
{ name = "c", op = "conv", out_channels = "{width}", kernel_size = "{size}", stride = "{stride}" },
{ name = "relu", op = "relu" },
]
"""
CALL = {"name": '"x"', "op": '"unit"', "width": "4", "size": "3", "from": '"input"'}
CALLED = {  # of a line that calls a block
    "argument not known": {"colour": "3"},
    "argument lacking": {"width": ""},
    "argument not declared": {"width": '"{undeclared}"'},
    "no expression": {"size": '"{3 -}"'},
    "optional one not declared": {"stride": '"{missing}"'},
    "argument does not fit inside": {"size": "0"},
    "norm": {"norm": '"batchnorm"'},
    "from not known": {"from": '"nowhere"'},
    "name that is none": {"name": '"a/b"'},
    "training_only": {"training_only": "1"},
}


def said(base: dict[str, str], *faults: dict[str, str]) -> Counter[tuple[str, str]]:
    """The rules and messages of a network with one line that has the given faults."""
    line = base.copy()
    for fault in faults:
        line |= fault
    text = ", ".join(f"{key} = {value}" for key, value in line.items() if value)
    try:
        graph_of(f'layers = [{{ name = "first", op = "relu" }}, {{ {text} }}]\n{BLOCK}')
    except SpecError as error:
        return Counter((p.rule, p.message) for p in error.problems)
    return Counter()


def pairs(faults: dict[str, dict[str, str]]) -> list[tuple[str, str]]:
    """Return the pairs of faults in different keys, as wrong rows may hold what is required."""
    found = [(a, b) for a, b in combinations(faults, 2) if not faults[a].keys() & faults[b].keys()]
    return [pair for pair in found if pair != ("each", "required")]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_an_operator_is_one_problem(fault: str) -> None:
    found = said(FIELDS, FAULTS[fault])
    assert found.total() == (2 if fault == "not declared in a list" else 1), found


@pytest.mark.parametrize("fault", CALLED)
def test_a_fault_of_a_call_is_one_problem(fault: str) -> None:
    found = said(CALL, CALLED[fault])
    assert found.total() == 1, found


@pytest.mark.parametrize(("one", "other"), pairs(FAULTS))
def test_two_faults_of_an_operator_are_both_reported(one: str, other: str) -> None:
    assert said(FIELDS, FAULTS[one], FAULTS[other]) == said(FIELDS, FAULTS[one]) + said(
        FIELDS, FAULTS[other]
    )


@pytest.mark.parametrize(("one", "other"), pairs(CALLED))
def test_two_faults_of_a_call_are_both_reported(one: str, other: str) -> None:
    assert said(CALL, CALLED[one], CALLED[other]) == said(CALL, CALLED[one]) + said(
        CALL, CALLED[other]
    )
