"""The comparison of a written spec with its imported graph finds every kind of difference."""

from collections.abc import Callable

import pytest

from cnnspec.importing.folding.round_trip import read_back
from cnnspec.importing.imported_graph import ImportedGraph, ImportedNode
from cnnspec.problems import RequestError
from tests.importing.zoo_imports import folded_text, import_graph
from tests.support import graph_of

SPEC = """
input = [4, 8, 8]
layers = [
  { name = "a", op = "conv", out_channels = 4, kernel_size = 3, padding = 1 },
  { name = "b", op = "conv", out_channels = 4, kernel_size = 3, padding = 1 },
  { name = "c", share = "b" },
  { name = "aux", op = "global_avgpool", training_only = true },
  { name = "add", op = "add", from = ["a", "c"] },
  { name = "drop", op = "stochastic_depth", p = 0.1 },
]
"""
GRAPH = import_graph(graph_of(SPEC))
NAMES = ["input", "a", "b", "c", "aux", "add", "drop"]


def change(name: str, **values: object) -> Callable[[ImportedGraph], ImportedGraph]:
    """Return a function that changes one node of a graph."""

    def apply(graph: ImportedGraph) -> ImportedGraph:
        nodes = list(graph.nodes)
        at = NAMES.index(name)
        nodes[at] = nodes[at].replace(**values)
        return graph.replace(nodes=tuple(nodes))

    return apply


CHANGES: dict[str, tuple[Callable[[ImportedGraph], ImportedGraph], str]] = {
    "operator": (change("add", kind="mul"), "add: add, not mul"),
    "field": (
        change("a", fields={"out_channels": 4, "kernel_size": 3, "padding": 1, "bias": False}),
        "a: bias is True, not False",
    ),
    "padding": (
        change("a", fields={"out_channels": 4, "kernel_size": 3, "padding": 2}),
        "a: padding is [(1, 1), (1, 1)], not [(2, 2), (2, 2)]",
    ),
    "rate": (change("drop", fields={"p": 0.1001}), "drop: p is 0.1, not 0.1001"),
    "wiring": (change("b", inputs=(0,)), "b: reads ['a'], not the nodes (0,)"),
    "order of inputs": (
        change("add", inputs=(3, 1)),
        "add: reads ['a', 'b_2'], not the nodes (3, 1)",
    ),
    "shape": (change("a", output=(4, 9, 9)), "a: gives (4, 8, 8), not (4, 9, 9)"),
    "weights of its own": (change("c", weights=("own",)), "b_2: shares other parameters"),
    "weights of another layer": (
        change("b", weights=GRAPH.nodes[1].weights),
        "b: shares other parameters",
    ),
    "training only": (change("aux", training_only=False), "aux: training_only is True"),
    "outputs": (lambda graph: graph.replace(outputs=(5,)), "the outputs are ['drop']"),
    "another node": (
        lambda graph: graph.replace(
            nodes=(*graph.nodes, ImportedNode("relu", {}, (6,), (4, 8, 8))), outputs=(7,)
        ),
        "7 nodes, not 8",
    ),
}


def test_the_text_of_the_graph_itself_is_right() -> None:
    read_back(folded_text(GRAPH), GRAPH)


@pytest.mark.parametrize("case", CHANGES)
def test_a_difference_is_found(case: str) -> None:
    changed, message = CHANGES[case]
    with pytest.raises(RequestError) as error:
        read_back(folded_text(GRAPH), changed(GRAPH))
    assert message in str(error.value)


def test_equal_values_in_other_words_are_no_difference() -> None:
    fields = {"out_channels": 4, "kernel_size": (3, 3), "padding": ((1, 1), (1, 1)), "stride": 1}
    read_back(folded_text(GRAPH), change("a", fields=fields)(GRAPH))
    read_back(folded_text(GRAPH), change("drop", fields={"p": 0.10000000149011612})(GRAPH))


def test_what_the_language_cannot_express_is_an_error_with_the_reason() -> None:
    shared = GRAPH.nodes[2].weights
    other = change("c", fields={**GRAPH.nodes[3].fields, "stride": 2}, output=(4, 4, 4))
    graph = other(GRAPH).replace(
        nodes=(*other(GRAPH).nodes[:4], ImportedNode("flatten", {}, (3,), (64,))), outputs=(4,)
    )
    assert graph.nodes[3].weights == shared
    with pytest.raises(RequestError, match="cannot be written as a spec: b_2: gives"):
        folded_text(graph)


def test_layers_that_nothing_reads_are_left_out_and_named() -> None:
    nodes = (*GRAPH.nodes, ImportedNode("relu", {}, (1,), (4, 8, 8)))
    text = folded_text(GRAPH.replace(nodes=nodes))
    assert "# Left out, because nothing reads them: relu." in text
    assert '"relu"' not in text
