"""A plan of memory takes at most 20 times as long as the analysis of the shapes."""

import time
from collections.abc import Callable

from cnnspec.analyses.memory.network_memory import plan_memory
from cnnspec.garbage import garbage_collection_paused
from cnnspec.graph.build import load_graph

LIMIT = 20


def seconds(run: Callable[[], object]) -> float:
    """The least CPU time of several runs."""
    found = []
    for _ in range(5):
        start = time.process_time()
        run()
        found.append(time.process_time() - start)
    return min(found)


def test_planning_the_deepest_resnet_keeps_to_its_limit() -> None:
    graph = load_graph("resnet152", {}, None, 10**5)
    with garbage_collection_paused():
        shapes = seconds(lambda: load_graph("resnet152", {}, None, 10**5))
        assert seconds(lambda: plan_memory(graph, 32, optimizer="adam")) < LIMIT * shapes
