"""The language: repeat, each, when, share and training_only."""

import pytest

from cnnspec.api import Network
from cnnspec.graph.model import Graph
from cnnspec.problems import SpecError
from tests.support import graph_of, setting


def names(graph: Graph) -> list[str]:
    return [n.name for n in graph.layers(training=True)]


def read_by(graph: Graph, name: str) -> list[str]:
    return next([i.name for i in n.inputs] for n in graph.layers(training=True) if n.name == name)


def widths(graph: Graph) -> list[int]:
    return [n.output[0] for n in graph.layers() if n.kind == "conv"]


UNIT = """
[blocks.unit]
args     = ["out"]
defaults = { kernel = 1 }
layers   = [{ name = "conv", op = "conv", out_channels = "{out}", kernel_size = "{kernel}" }]
"""


def test_a_repeated_line_is_numbered_from_0_and_its_name_is_the_last() -> None:
    line = '{ name = "b", op = "add", from = ["a", "a.1"] }'
    graph = graph_of(f'layers = [{{ name = "a", op = "relu", repeat = 3 }}, {line}]')
    assert names(graph) == ["a.0", "a.1", "a.2", "b"]
    assert read_by(graph, "b") == ["a.2", "a.1"]
    assert read_by(graph, "a.2") == ["a.1"]


def test_an_expression_in_the_name_of_a_repeated_line_replaces_the_number() -> None:
    assert names(graph_of('layers = [{ name = "a{i + 1}", op = "relu", repeat = "{1 + 1}" }]')) == [
        "a1",
        "a2",
    ]


def test_i_counts_from_0_on_each_repeated_line_and_not_inside_its_block() -> None:
    text = 'layers = [{ name = "a", op = "unit", out = "{4 + i}", repeat = 3 }]' + UNIT
    assert widths(graph_of(text)) == [4, 5, 6]
    with pytest.raises(SpecError, match="L007 i is not declared"):
        graph_of(text.replace('"{out}"', '"{out + i}"'))


def test_rows_fill_arguments_in_order_by_name_or_as_one_cell() -> None:
    graph = graph_of(
        'layers = [{ name = "a", op = "unit", each = [[4], [5, 3], { kernel = 3, out = 6 }, 7] }]'
        + UNIT
    )
    assert [(n.output[0], setting(n, "kernel_size")) for n in graph.layers()] == [
        (4, 1),
        (5, 3),
        (6, 3),
        (7, 1),
    ]


def test_each_takes_its_rows_from_an_argument_and_a_line_gives_the_rest() -> None:
    graph = graph_of(
        'args.rows = [4, 5]\nlayers = [{ name = "a", op = "unit", kernel = 3, each = "{rows}" }]'
        + UNIT
    )
    assert [(n.output[0], setting(n, "kernel_size")) for n in graph.layers()] == [(4, 3), (5, 3)]


def test_rows_of_an_operator_or_a_preset_are_tables_of_fields() -> None:
    rows = "[{ out_channels = 4 }, { out_channels = 5, bias = false }]"
    assert widths(
        graph_of(f'layers = [{{ name = "a", op = "conv", kernel_size = 1, each = {rows} }}]')
    ) == [4, 5]
    text = (
        f'layers = [{{ name = "a", op = "one", each = {rows} }}]\n[blocks.one]\nop ='
        ' "conv"\nkernel_size = 1\n'
    )
    assert widths(graph_of(text)) == [4, 5]


def test_from_is_evaluated_anew_each_time() -> None:
    text = (
        'layers = [{ name = "a{i}", op = "relu", repeat = 3 }, '
        '{ name = "b{i}", op = "add", repeat = 2, from = ["previous", "a{i}"] }]'
    )
    graph = graph_of(text)
    assert [read_by(graph, n) for n in ("b0", "b1")] == [["a2", "a0"], ["b0", "a1"]]


def test_when_false_takes_the_line_out_and_its_name_stands_for_its_first_input() -> None:
    text = """
outputs = ["gone", "last"]
layers = [
  { name = "a", op = "relu" },
  { name = "gone", op = "unit", from = "input", when = false },
  { name = "last", op = "add", from = ["previous", "gone"] },
]
[blocks.unit]
op           = "linear"
out_features = 9
norm         = "batchnorm"
activation   = "relu"
"""
    graph = graph_of(text)
    assert names(graph) == ["a", "last"]
    assert read_by(graph, "last") == ["a", "input"]
    assert [n.name for n in graph.outputs] == ["last"]


def test_a_join_that_is_left_out_stands_for_the_first_of_its_inputs() -> None:
    graph = graph_of(
        'layers = [{ name = "a", op = "relu" }, '
        '{ name = "sum", op = "add", from = ["input", "a"], when = false }, '
        '{ name = "b", op = "add", from = ["sum", "previous"] }]'
    )
    assert read_by(graph, "b") == ["input", "a"]


def test_when_is_asked_for_each_instance() -> None:
    text = 'layers = [{ name = "a{i}", op = "relu", repeat = 4, when = "{i % 2 == 0}" }]'
    assert names(graph_of(text)) == ["a0", "a2"]


def test_shared_layers_count_their_parameters_once_and_their_work_each_time() -> None:
    text = """
layers = [
  { name = "a", op = "conv_bn_relu", out_channels = 3, kernel_size = 1 },
  { name = "pool", op = "maxpool", kernel_size = 2 },
  { name = "b", share = "a" },
  { name = "c", share = "b" },
]
[blocks.conv_bn_relu]
op = "conv"
norm = "batchnorm"
activation = "relu"
"""
    graph = graph_of(text)
    rows = {r.name: r for r in Network(graph).layers}
    assert [rows[n].params for n in "abc"] == [12 + 6, 0, 0]
    assert [rows[n].macs for n in "abc"] == [9 * 64, 9 * 16, 9 * 16]
    assert {n.name: n.shares.name for n in graph.layers() if n.shares} == {
        "b": "a",
        "b.norm": "a.norm",
        "c": "a",
        "c.norm": "a.norm",
    }


def test_a_block_is_shared_whole() -> None:
    text = """
layers = [{ name = "p3", op = "head" }, { name = "p4", share = "p3", from = "input" },
          { name = "sum", op = "add", from = ["p3", "p4"] }]
[blocks.head]
layers = [{ name = "conv", op = "conv", out_channels = 4, kernel_size = 3, repeat = 2 },
          { name = "again", share = "conv" }]
"""
    graph = graph_of(text)
    shared = {n.name: n.shares.name for n in graph.layers() if n.shares}
    assert shared == {
        "p3.again": "p3.conv.1",
        "p4.conv.0": "p3.conv.0",
        "p4.conv.1": "p3.conv.1",
        "p4.again": "p3.conv.1",
    }
    assert Network(graph).totals.params == (3 * 9 + 1) * 4 + (4 * 9 + 1) * 4


def test_training_only_is_dropped_at_inference_and_never_previous() -> None:
    text = """
layers = [
  { name = "a", op = "relu" },
  { name = "aux", op = "head", training_only = true },
  { name = "b", op = "relu" },
]
[blocks.head]
layers = [{ name = "one", op = "relu" }, { name = "two", op = "relu" }]
"""
    graph = graph_of(text)
    assert names(graph) == ["a", "aux.one", "aux.two", "b"]
    assert [n.name for n in graph.layers()] == ["a", "b"]
    assert read_by(graph, "b") == ["a"]
    assert read_by(graph, "aux.two") == ["aux.one"]
