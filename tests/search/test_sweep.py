"""Sweeps and solutions agree with loading each network, and with trying everything."""

import json
from itertools import product

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

import cnnspec
from cnnspec.analyses.comparison import ComparisonSettings
from cnnspec.analyses.comparison_selection import parse_condition
from cnnspec.cli import cli
from cnnspec.search.candidates import DesignSpace
from cnnspec.search.evaluator import CandidateEvaluator
from cnnspec.search.selection import parse_direction
from cnnspec.search.solve import choose_goal, solve

SPEC = """
name = "net"
input = [3, 32, 32]
args.width = 16
args.depth = 2
layers = [
  { name = "stem", op = "conv", out_channels = "{width}", kernel_size = 3, padding = 1 },
  { name = "b{i}", op = "conv", repeat = "{depth}", out_channels = "{width}", kernel_size = 3 },
  { name = "pool", op = "global_avgpool", keepdim = false },
  { name = "fc", op = "linear", out_features = 10 },
]
"""


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("sweep") / "net.toml"
    path.write_text(SPEC, encoding="utf-8")
    return str(path)


def test_each_candidate_is_what_loading_it_gives(spec: str) -> None:
    space = {"width": [8, 12], "depth": [1, 3], "input": [16, 40]}
    found = cnnspec.sweep(spec, space, columns=["params", "macs", "training_peak"], batch=2)
    rows = {(r["width"], r["depth"], r["input"]): r for r in found.rows}
    assert set(rows) == set(product(*space.values()))
    for (width, depth, size), row in rows.items():
        net = cnnspec.load(spec, input=(3, size, size), width=width, depth=depth)
        assert row["params"] == net.totals.params
        assert row["macs"] == net.totals.macs
        assert row["training_peak"] == net.memory(batch=2).training_peak
    assert list(found.to_frame().columns) == [*space, "params", "macs", "training_peak"]


def test_zoo_networks_of_published_sizes() -> None:
    rows = cnnspec.sweep("resnet", {"block": ["bottleneck"], "depth": ["50", "101", "152"]}).rows
    assert [row["params"] for row in rows] == [25_557_032, 44_549_160, 60_192_808]  # torchvision's


def test_conditions_and_refusals_are_counted(spec: str) -> None:
    found = cnnspec.sweep(
        spec, {"depth": range(1, 9), "input": [8, 12]}, where=["macs < 300k", "params < 20000"]
    )
    counts = found.data()
    assert counts["tried"] == 16
    assert (
        len(counts["candidates"])
        + sum(counts["conditions_failed"].values())
        + sum(r["count"] for r in counts["refused"])
        == 16
    )
    refused = {r["rule"]: r["count"] for r in counts["refused"]}
    expected = sum(size - 2 * depth < 1 for depth in range(1, 9) for size in (8, 12))
    assert sum(refused.values()) == expected
    assert "refused: " in found.render()


POINTS = st.lists(st.tuples(st.integers(1, 40), st.integers(1, 6)), min_size=1, max_size=12)


@settings(deadline=None, max_examples=20)
@given(POINTS)
def test_the_pareto_front_is_what_nothing_dominates(points: list[tuple[int, int]]) -> None:
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "net.toml"
        path.write_text(SPEC, encoding="utf-8")
        space = {
            "width": sorted({w for w, _ in points}),
            "depth": sorted({d for _, d in points}),
        }
        every = cnnspec.sweep(str(path), space, columns=["params", "depth"]).rows
        front = cnnspec.sweep(
            str(path), space, columns=["params", "depth"], pareto=["params", "-depth"]
        ).rows

    def dominates(a: dict[str, int], b: dict[str, int]) -> bool:
        pair = [(a["params"], b["params"]), (-a["depth"], -b["depth"])]
        return all(x <= y for x, y in pair) and any(x < y for x, y in pair)

    assert front == [row for row in every if not any(dominates(r, row) for r in every)]


@pytest.mark.parametrize(
    ("bound", "goal"),
    [
        ("params <= 200k", ""),
        ("params >= 200k", ""),
        ("macs <= 3M", ""),
        ("params <= 100", ""),
        ("params >= 10G", ""),
        ("params != 3", "-params"),
    ],
)
def test_bisection_finds_what_trying_all_finds(bound: str, goal: str, spec: str) -> None:
    space = DesignSpace({"width": tuple(range(1, 400))})
    conditions = [parse_condition(bound)]
    direction = parse_direction(goal, "--maximize") if goal else choose_goal(conditions)
    measures = [direction.measure, *(c.measure for c in conditions)]
    evaluator = CandidateEvaluator(spec, space, ComparisonSettings(), measures)
    found = solve(evaluator, space, conditions, direction)
    sort = "-params" if direction.large else "params"
    rows = cnnspec.sweep(spec, {"width": range(1, 400)}, where=[bound], sort=sort).rows
    assert (found.best.settings["width"] if found.best else None) == (
        rows[0]["width"] if rows else None
    )
    if rows and not goal:
        assert found.method == "bisection"
        assert found.tried < 40
    if not rows:
        assert found.nearest is not None


def test_a_measure_that_does_not_grow_is_not_bisected(tmp_path: object, spec: str) -> None:
    saw = '"{500 * (width % 29) + 1}", kernel_size = 3, padding = 1'
    text = SPEC.replace('"{width}", kernel_size = 3, padding = 1', saw)
    path = f"{tmp_path}/saw.toml"
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    space = DesignSpace({"width": tuple(range(1, 400))})
    conditions = [parse_condition("params <= 60k")]
    measures = [c.measure for c in conditions]
    evaluator = CandidateEvaluator(path, space, ComparisonSettings(), measures)
    found = solve(evaluator, space, conditions, choose_goal(conditions))
    assert found.method == "all"
    widths = {"width": range(1, 400)}
    rows = cnnspec.sweep(path, widths, where=["params <= 60k"], sort="-params").rows
    assert found.best is not None
    assert found.best.settings["width"] == rows[0]["width"]


def test_the_command_solves_for_an_input_and_a_batch(spec: str) -> None:
    asked = ["solve", "resnet18", "--for", "input=160..512:32", "--where", "macs <= 3G"]
    ran = CliRunner().invoke(cli, asked)
    assert ran.exit_code == 0
    assert ran.output.splitlines()[:2] == ["resnet18: input = 288", "  macs = 2,998,439,936"]
    asked = ["solve", spec, "--for", "batch=1..300", "--where", "training_peak <= 10MiB"]
    best = json.loads(CliRunner().invoke(cli, [*asked, "--format", "json"]).output)["best"]
    net = cnnspec.load(spec)
    assert net.memory(batch=best["batch"]).training_peak <= 10 * 2**20
    assert net.memory(batch=best["batch"] + 1).training_peak > 10 * 2**20


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("sweep lenet5 --set widht=3", "widht is not an argument of lenet5"),
        ("sweep lenet5 --set batch=1..", "takes a range such as 16..128"),
        (f"sweep lenet5 --set batch=1..{10**20}", "the numbers of a range have at most 12 digits"),
        ("sweep lenet5 --set batch=2,3 --set batch=4", "batch is given twice"),
        ("sweep lenet5 --input 28..32 --where 'parms < 3'", "there is no measure 'parms'"),
        ("sweep lenet5 --input 1..99999 --set batch=1..99999", "at most 1,000,000 can be tried"),
        (
            "solve lenet5 --for input=1..99999 --for batch=1..99999 --where 'params < 3'",
            "at most 1,000,000 can be tried",
        ),
        ("solve lenet5 --for input=28..40 --where params", "--where takes a measure"),
        ("solve lenet5 --for nothing --where 'params < 3'", "--for takes name=value"),
    ],
)
def test_bad_requests_are_explained_before_anything_runs(asked: str, message: str) -> None:
    import shlex

    with pytest.raises(cnnspec.RequestError, match=message):
        CliRunner().invoke(cli, shlex.split(asked), catch_exceptions=False)


def test_a_sample_is_part_of_the_grid_and_repeatable(spec: str) -> None:
    space = {"width": range(1, 40), "depth": range(1, 5)}
    one = cnnspec.sweep(spec, space, sample=10, seed=1).rows
    assert one == cnnspec.sweep(spec, space, sample=10, seed=1).rows
    assert one != cnnspec.sweep(spec, space, sample=10, seed=2).rows
    assert len({(r["width"], r["depth"]) for r in one}) == 10
    assert len(cnnspec.sweep(spec, {"depth": [1, 2]}, sample=10).rows) == 2
