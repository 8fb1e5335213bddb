"""What candidates have in common is computed once; each is still what loading it alone gives."""

import pickle
from pathlib import Path
from random import Random
from typing import Any

import pytest

import cnnspec
from cnnspec.analyses.comparison import ComparisonSettings, find_measure
from cnnspec.analyses.comparison_selection import parse_condition
from cnnspec.problems import SpecError
from cnnspec.search.candidates import DesignSpace
from cnnspec.search.evaluator import CandidateEvaluator
from cnnspec.spec.zoo import variant_names, zoo_files

TOTALS = ["params", "buffers", "macs", "flops", "activations", "size", "input"]
FAMILIES = {Path(f).stem: f for f in zoo_files()}


def vary(value: Any, rng: Random) -> tuple[Any, ...]:
    """Some values near the default of an argument: some that fit, some that do not."""
    if isinstance(value, bool):
        return (True, False)
    if isinstance(value, int):
        return tuple(sorted({value, max(1, value + rng.choice([-1, 1, 8])), 2 * value}))
    return (value, value * 2) if isinstance(value, float) else (value,)


def space_of(name: str, rng: Random) -> DesignSpace:
    """A design space around a network: its numbers and its input vary."""
    net = cnnspec.load(name)
    values = {key: vary(value, rng) for key, value in net.graph.arguments.items()}
    if len(net.graph.inputs) == 1 and "input" not in values:
        size = net.input[-1]
        values["input"] = (size, max(1, size - 1), size + 32)
    return DesignSpace(values)


def measure_alone(name: str, settings: dict[str, Any], limit: int) -> dict[str, Any] | None:
    """The totals of a candidate that is loaded alone; None if it is refused."""
    own = dict(settings)
    native = cnnspec.load(name)
    size = None if "input" in native.graph.arguments else own.pop("input", None)
    shape = None if size is None else (native.input[0], *(size for _ in native.input[1:]))
    try:
        net = cnnspec.load(name, input=shape, max_lines=limit, **own)
    except SpecError:
        return None
    t = net.totals
    return {
        "params": t.params,
        "buffers": t.buffers,
        "macs": t.macs,
        "flops": t.flops,
        "activations": t.activations,
        "size": 4 * (t.params + t.buffers),
        "input": net.input,
    }


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_totals_are_those_of_networks_loaded_alone(family: str) -> None:
    rng = Random(family)
    names = variant_names(FAMILIES[family]) or [family]
    name = rng.choice(names)
    space = space_of(name, rng)
    evaluator = CandidateEvaluator(
        name, space, ComparisonSettings(), [find_measure(key) for key in TOTALS]
    )
    numbers = rng.choices(range(space.size), k=6)
    for number in [*numbers, *numbers[:2]]:
        found = evaluator.evaluate(number)
        alone = measure_alone(name, found.settings, evaluator.max_lines)
        assert (None if found.refused else found.values) == alone


SHARED = """
name = "net"
input = [4, 8, 8]
args.width = 4
args.inside = "b.c"
layers = [
  { name = "a", op = "pair", width = "{width}" },
  { name = "b", op = "pair", width = "{width}" },
  { name = "last", op = "add", from = ["previous", "{inside}"] },
]
[blocks.pair]
args = ["width"]
layers = [
  { name = "c", op = "conv", out_channels = "{width}", kernel_size = 1 },
  { name = "d", op = "relu" },
]
"""


def test_a_network_that_reads_inside_of_a_call_is_not_summed(tmp_path: Path) -> None:
    path = tmp_path / "net.toml"
    path.write_text(SHARED, encoding="utf-8")
    space = DesignSpace({"width": (4, 6), "inside": ("b", "b.c", "a.x")})
    evaluator = CandidateEvaluator(str(path), space, ComparisonSettings(), [find_measure("params")])
    for _ in range(2):
        for number in range(space.size):
            found = evaluator.evaluate(number)
            alone = measure_alone(str(path), found.settings, 5000)
            assert found.values.get("params") == (alone and alone["params"])
            assert bool(found.refused) == (alone is None)


def test_a_call_without_a_reader_is_reported_as_without_sums(tmp_path: Path) -> None:
    text = SHARED.replace('from = ["previous", "{inside}"]', 'from = ["previous", "input"]')
    text = text.replace(
        '{ name = "d", op = "relu" }', '{ name = "d", op = "relu", from = "input" }'
    )
    path = tmp_path / "net.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SpecError, match="nothing reads"):
        CandidateEvaluator(str(path), DesignSpace({"width": (4,)}), ComparisonSettings())


OUTER = """
name = "net"
input = [4, 8, 8]
args.width = 4
args.sizes = { small = 2, large = 6 }
args.size = "small"
layers = [
  { name = "a", op = "own", n = 1 },
  { name = "b", op = "table" },
]
[blocks.own]
args = ["n"]
defaults = { width = "{width + 1}" }
layers = [{ name = "c", op = "conv", out_channels = "{width}", kernel_size = 1 }]
[blocks.table]
layers = [{ name = "c", op = "conv", out_channels = "{sizes[size]}", kernel_size = 1 }]
"""


def test_arguments_of_the_network_inside_of_blocks_make_other_calls(tmp_path: Path) -> None:
    path = tmp_path / "net.toml"
    path.write_text(OUTER, encoding="utf-8")
    space = DesignSpace({"width": (4, 5), "size": ("small", "large"), "input": (8, 9)})
    evaluator = CandidateEvaluator(str(path), space, ComparisonSettings(), [find_measure("macs")])
    for number in range(space.size):
        found = evaluator.evaluate(number)
        alone = measure_alone(str(path), found.settings, 5000)
        assert alone is not None
        assert found.values == {"macs": alone["macs"]}


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v2", "densenet121", "efficientnet_b0"])
def test_calls_of_an_earlier_candidate_are_known(name: str) -> None:
    space = DesignSpace({"classes": (10, 11, 12)})
    evaluator = CandidateEvaluator(name, space, ComparisonSettings(), [find_measure("macs")])
    evaluator.evaluate(0)
    calls = len(evaluator.totals.calls)
    evaluator.evaluate(1)
    assert evaluator.totals.used > 0
    assert len(evaluator.totals.calls) == calls


def test_conditions_are_tried_on_totals_first() -> None:
    space = DesignSpace({"input": (160, 192, 224)})
    conditions = [parse_condition("training_peak < 1TB"), parse_condition("macs < 1G")]
    evaluator = CandidateEvaluator(
        "resnet18", space, ComparisonSettings(), [find_measure("depth")], conditions
    )
    small, *large = map(evaluator.evaluate, range(3))
    assert small.failed == ""
    assert small.values == {"depth": 18}
    assert {c.failed for c in large} == {"macs < 1G"}
    assert not any("training_peak" in c.values for c in large)


def test_a_pickled_evaluator_gives_the_same() -> None:
    space = DesignSpace({"input": (160, 192), "batch": (1, 8)})
    measures = [find_measure("macs"), find_measure("training_peak")]
    evaluator = CandidateEvaluator("resnet18", space, ComparisonSettings(), measures)
    again = pickle.loads(pickle.dumps(evaluator))
    found = [evaluator.evaluate(n) for n in range(space.size)]
    assert [again.evaluate(n) for n in range(space.size)] == found
    assert pickle.loads(pickle.dumps(found)) == found
