"""The page of planted faults shows the committed scores, and faults are still caught."""

import json
from pathlib import Path

import pytest

import cnnspec
from cnnspec.costs import compute_costs
from tests.faults.flat import flatten_graph
from tests.faults.mutate import KINDS, make_mutants
from tests.faults.score import score_mutants
from tests.faults.several import measure_network
from tests.pages.planted_faults import render_planted_faults_page
from tests.support import import_timm

REPORTS = Path(__file__).parents[2] / "reports"


def test_page_shows_the_committed_scores() -> None:
    data = json.loads((REPORTS / "data" / "faults.json").read_text())
    assert (REPORTS / "planted_faults.md").read_text() == render_planted_faults_page(data)


def test_every_fault_that_changes_the_function_was_caught() -> None:
    data = json.loads((REPORTS / "data" / "faults.json").read_text())
    rows = [row for rows in data["networks"].values() for row in rows]
    assert len(rows) >= 1000
    assert {row["kind"] for row in rows} == KINDS.keys()
    assert all(row["reason"] if not row["by"] else row.get("right", True) for row in rows)


@pytest.mark.parametrize(
    "name", ["resnet18", "googlenet_torchvision", "shufflenet_v2_x0_5", "convnext_tiny"]
)
def test_a_flat_spec_is_the_same_network(name: str) -> None:
    graph = cnnspec.load(name, input=(3, 64, 64)).graph
    again = flatten_graph(graph).graph()
    first, second = (
        [(c.output, c.tensors, c.macs) for c in compute_costs(g.layers(training=True))]
        for g in (graph, again)
    )
    assert first == second


def test_mutants_differ_and_are_reproducible() -> None:
    graph = cnnspec.load("squeezenet1_1", input=(3, 64, 64)).graph
    shapes = {n.name.replace(".", "__"): n.output for n in graph.nodes}
    one, two = (make_mutants(flatten_graph(graph), shapes, 50, "seed") for _ in range(2))
    texts = [m.flat.text() for m in one]
    assert texts == [m.flat.text() for m in two]
    assert len({*texts, flatten_graph(graph).text()}) == 51


def test_a_sample_of_faults_is_caught() -> None:
    for row in score_mutants("squeezenet1_1", (3, 64, 64), 24, 0.05):
        assert row["by"] or row["reason"], row
        assert row.get("right", True), row


def test_several_faults_give_at_most_twice_as_many_rows() -> None:
    import_timm()
    for planting in measure_network("squeezenet1_1", 2):
        assert len(planting.rows) <= 2 * len(planting.faults), planting
