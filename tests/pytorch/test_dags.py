"""Random networks of every operator: planned memory is what PyTorch allocates, to the byte."""

import re

import pytest

from cnnspec.analyses.memory.optimizer_step import OPTIMIZERS
from cnnspec.graph.model import Graph
from cnnspec.problems import RequestError
from cnnspec.pytorch.built_module import build_module
from cnnspec.pytorch.measure_memory import measure_memory
from tests import support
from tests.pytorch.dags import DRAWN, Dag
from tests.pytorch.test_memory import EXACT, differences

MANY = 500


def size(seed: int) -> int:
    """Return the lines of a network: one or a few, so that any operator can be the largest."""
    return 1 + seed % 10


def test_the_networks_draw_every_operator() -> None:
    drawn: set[str] = set()
    for seed in range(4 * MANY):  # a new operator changes what each seed draws
        drawn |= set(re.findall(r'op = "(\w+)"', Dag(seed, size(seed)).text))
        if drawn == set(DRAWN):
            break
    assert drawn == set(DRAWN)


def compare(seed: int) -> None:
    dag = Dag(seed, size(seed))
    graph = support.graph_of(dag.text)
    optimizer = OPTIMIZERS[seed % len(OPTIMIZERS)]
    try:
        found = differences(graph, dag.batch, optimizer, dag.frozen)
    except RequestError:  # no output depends on a layer that is not frozen
        found = EXACT if not gradients(graph, dag) else {}
    assert found == EXACT, f"{found}\n{dag.text}\nfrozen {dag.frozen}"


def gradients(graph: Graph, dag: Dag) -> int:
    """Measure the bytes of a network's gradients."""
    return measure_memory(
        graph, build_module(graph), dag.batch, "mse", "none", frozenset(dag.frozen)
    ).gradients


@pytest.mark.parametrize("seed", range(MANY, MANY + 24))
def test_a_random_network_needs_what_was_planned(seed: int) -> None:
    compare(seed)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(MANY))
def test_each_of_many_random_networks_needs_what_was_planned(seed: int) -> None:
    compare(seed)
