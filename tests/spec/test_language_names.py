"""The language: order and names, blocks, presets, inputs and outputs, norm and activation."""

from typing import Any

import pytest

from cnnspec.graph.model import Graph
from cnnspec.problems import SpecError
from tests.support import graph_of, setting

RELU = '{{ name = "{}", op = "relu"{} }}'


def edges(graph: Graph) -> dict[str, list[str]]:
    """What each layer reads, by name."""
    return {n.name: [i.name for i in n.inputs] for n in graph.layers()}


def layers(*lines: tuple[str, str]) -> str:
    """A network of relus, each with a name and more keys."""
    return (
        "layers = ["
        + ", ".join(RELU.format(name, f", {more}" if more else "") for name, more in lines)
        + "]\n"
    )


def test_a_line_reads_the_line_before_it() -> None:
    assert edges(graph_of(layers(("a", ""), ("b", ""), ("c", "")))) == {
        "a": ["input"],
        "b": ["a"],
        "c": ["b"],
    }


def test_from_names_lines_above_the_input_and_the_previous_line() -> None:
    text = (
        'layers = [{ name = "a", op = "relu" }, { name = "b", op = "relu", from = "input" }, '
        '{ name = "c", op = "add", from = ["a", "previous", "input"] }]'
    )
    assert edges(graph_of(text)) == {"a": ["input"], "b": ["input"], "c": ["a", "b", "input"]}


def test_file_order_is_execution_order_with_blocks_expanded() -> None:
    text = (
        'layers = [{ name = "z", op = "relu" }, { name = "b", op = "unit" }, { name = "a", op ='
        ' "relu" }]\n[blocks.unit]\n' + layers(("y", ""), ("x", ""))
    )
    assert [n.name for n in graph_of(text).nodes] == ["input", "z", "b.y", "b.x", "a"]


def test_a_dotted_path_leads_down_into_blocks() -> None:
    text = """
layers = [
  { name = "b", op = "outer" },
  { name = "add", op = "add", from = ["b.inner.one", "b.inner", "b"] },
]
[blocks.outer]
layers = [{ name = "inner", op = "unit" }, { name = "last", op = "relu" }]
[blocks.unit]
layers = [{ name = "one", op = "relu" }, { name = "two", op = "relu" }]
"""
    assert edges(graph_of(text))["add"] == ["b.inner.one", "b.inner.two", "b.last"]


def test_from_takes_the_number_that_an_expression_gives_as_a_name() -> None:
    text = (
        'layers = [{ name = "{i}", op = "relu", repeat = 3 }, { name = "b", op = "relu", from = "{2'
        ' - 1}" }, { name = "c", op = "add", from = ["b", "2"] }]'
    )
    assert edges(graph_of(text))["b"] == ["1"]


def test_a_block_takes_its_inputs_in_the_order_of_from() -> None:
    text = """
layers = [{ name = "a", op = "relu" }, { name = "b", op = "join", from = ["a", "input"] }]
[blocks.join]
inputs = ["below", "skip"]
layers = [{ name = "first", op = "relu" }, { name = "second", op = "relu", from = "skip" },
          { name = "add", op = "add", from = ["first", "second"] }]
"""
    assert edges(graph_of(text)) == {
        "a": ["input"],
        "b.first": ["a"],
        "b.second": ["input"],
        "b.add": ["b.first", "b.second"],
    }


def test_from_says_which_of_several_outputs() -> None:
    text = """
layers = [{ name = "b", op = "fork" }, { name = "c", op = "concat", from = ["b.left", "b.right"] }]
[blocks.fork]
outputs = ["left", "right"]
layers  = [{ name = "left", op = "relu" }, { name = "right", op = "relu", from = "input" }]
"""
    assert edges(graph_of(text))["c"] == ["b.left", "b.right"]


def test_outputs_name_what_a_block_gives_instead_of_its_last_line() -> None:
    text = """
layers = [{ name = "b", op = "unit" }, { name = "c", op = "relu" }]
[blocks.unit]
outputs = ["deep.one"]
layers  = [{ name = "deep", op = "two" }, { name = "loss", op = "relu", training_only = true }]
[blocks.two]
outputs = ["one"]
layers  = [{ name = "one", op = "relu" }]
"""
    assert edges(graph_of(text))["c"] == ["b.deep.one"]


def test_a_network_has_the_outputs_that_it_names_or_its_last_line() -> None:
    text = layers(("a", ""), ("b", 'from = "input"'))
    assert [n.name for n in graph_of('outputs = ["b", "a"]\n' + text).outputs] == ["b", "a"]
    assert [n.name for n in graph_of(layers(("a", ""), ("b", ""))).outputs] == ["b"]


def test_several_inputs_have_a_shape_each_or_one_shape() -> None:
    text = (
        'inputs = ["left", "right"]\ninput = {}\n'
        'layers = [{{ name = "cat", op = "concat", from = ["left", "right"] }}]'
    )
    table = graph_of(text.format("{ right = [2, 4, 4], left = [3, 4, 4] }"))
    assert [(n.name, n.output) for n in table.nodes] == [
        ("left", (3, 4, 4)),
        ("right", (2, 4, 4)),
        ("cat", (5, 4, 4)),
    ]
    assert graph_of(text.format("[3, 4, 4]")).nodes[-1].output == (6, 4, 4)


def test_a_preset_fills_in_fields_that_a_line_may_override() -> None:
    text = """
layers = [
  { name = "a", op = "conv_bn", out_channels = 4, kernel_size = 1 },
  { name = "b", op = "conv_bn", out_channels = 4, kernel_size = 3, bias = true, norm = "none" },
]
[blocks.conv_bn]
op   = "conv"
bias = false
norm = "batchnorm"
"""
    graph = graph_of(text)
    assert [n.name for n in graph.layers()] == ["a", "a.norm", "b"]
    assert [setting(n, "bias") for n in graph.layers() if n.kind == "conv"] == [False, True]


def test_a_preset_may_fill_in_a_preset_and_take_arguments() -> None:
    text = """
layers = [{ name = "a", op = "wide", times = 3 }]
[blocks.wide]
op           = "conv1x1"
args         = ["times"]
out_channels = "{times * in_channels}"
[blocks.conv1x1]
op           = "conv"
kernel_size  = 1
out_channels = 1
"""
    assert graph_of(text).nodes[-1].output == (9, 8, 8)


def test_norm_and_activation_are_nodes_behind_and_the_name_means_the_last() -> None:
    text = (
        'layers = [{ name = "a", op = "conv", out_channels = 4, kernel_size = 1, activation ='
        ' "relu", norm = "batchnorm" }, { name = "b", op = "relu", from = "a" }]'
    )
    assert edges(graph_of(text)) == {
        "a": ["input"],
        "a.norm": ["a"],
        "a.activation": ["a.norm"],
        "b": ["a.activation"],
    }


def test_norm_and_activation_take_a_table_a_preset_an_expression_or_none() -> None:
    text = """
args.act = "leaky_relu"
layers = [
  { name = "a", op = "pointwise", norm = { op = "groupnorm", groups = 2 }, activation = "{act}" },
  { name = "b", op = "pointwise", norm = "gn", activation = "none" },
  { name = "c", op = "pointwise", activation = { op = "relu", inplace = true } },
]
[blocks.pointwise]
op           = "conv"
out_channels = 4
kernel_size  = 1
[blocks.gn]
op     = "groupnorm"
groups = 4
"""
    graph = graph_of(text)
    kinds = {n.name: n.kind for n in graph.layers() if n.part}
    assert kinds == {
        "a.norm": "groupnorm",
        "a.activation": "leaky_relu",
        "b.norm": "groupnorm",
        "c.activation": "relu",
    }
    named: dict[str, Any] = {n.name: n.op for n in graph.layers()}
    assert (named["a.norm"].groups, named["b.norm"].groups, named["c.activation"].inplace) == (
        2,
        4,
        True,
    )


@pytest.mark.parametrize(
    ("padding", "output"),
    [
        ("1", (1, 4, 4)),
        ("[0, 1]", (1, 3, 4)),
        ("[[0, 1], [2, 2]]", (1, 4, 5)),
        ('"valid"', (1, 3, 3)),
        ('"half"', (1, 4, 4)),
        ('"same"', (1, 4, 4)),
    ],
)
def test_padding_in_numbers_pairs_and_words(padding: str, output: tuple[int, ...]) -> None:
    line = (
        '{ name = "a", op = "conv", out_channels = 1, kernel_size = 3, stride = 2, padding ='
        f" {padding} }}"
    )
    assert graph_of(f"layers = [{line}]").nodes[-1].output == output


def test_a_layer_that_nobody_reads_is_an_error_unless_outputs_names_it() -> None:
    text = layers(("a", ""), ("b", 'from = "input"'))
    with pytest.raises(SpecError, match="L012 nothing reads a,"):
        graph_of(text)
    graph_of('outputs = ["a", "b"]\n' + text)
