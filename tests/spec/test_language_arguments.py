"""The language: scopes, arguments, variants, settings from outside, include, budgets."""

from pathlib import Path

import pytest

from cnnspec.api import load
from cnnspec.graph.model import Graph
from cnnspec.problems import RequestError, SpecError
from cnnspec.spec.budgets import Limit
from cnnspec.spec.network import read_network
from cnnspec.spec.reader import SpecReader
from cnnspec.spec.source import Source
from tests.support import graph_of

CONV = 'layers = [{{ name = "conv", op = "conv", out_channels = "{}", kernel_size = 1 }}]\n'


def width(graph: Graph) -> int:
    return graph.nodes[-1].output[0]


def test_a_block_of_the_networks_own_file_sees_its_arguments_and_own_ones_hide_them() -> None:
    text = 'args.n = 4\nlayers = [{ name = "b", op = "unit" }]\n[blocks.unit]\n' + CONV.format(
        "{n}"
    )
    assert width(graph_of(text)) == 4
    assert width(graph_of(text + "defaults = { n = 5 }\n")) == 5


def test_a_block_does_not_see_the_arguments_of_the_block_that_calls_it() -> None:
    text = (
        'layers = [{ name = "b", op = "outer", n = 4 }]\n[blocks.outer]\nargs = ["n"]\n'
        'layers = [{ name = "c", op = "inner" }]\n[blocks.inner]\n' + CONV.format("{n}")
    )
    with pytest.raises(SpecError, match="L007 n is not declared"):
        graph_of(text)


def test_an_included_block_sees_only_its_own_arguments(tmp_path: Path) -> None:
    net, shared = tmp_path / "net.toml", tmp_path / "shared"
    shared.mkdir()
    (shared / "unit.toml").write_text('[blocks.unit]\nargs = ["m"]\n' + CONV.format("{m}"))
    net.write_text(
        'name = "net"\ninput = [3, 8, 8]\ninclude = ["shared/unit.toml"]\nargs.n = 4\n'
        'layers = [{ name = "b", op = "unit", m = "{n}" }]\n'
    )
    assert load(str(net)).layers[-1].output == (4, 8, 8)
    (shared / "unit.toml").write_text('[blocks.unit]\nargs = ["m"]\n' + CONV.format("{n}"))
    with pytest.raises(SpecError, match=r"shared/unit\.toml:3:.*L007 n is not declared"):
        load(str(net))


def test_defaults_are_expressions_over_earlier_arguments_and_in_channels() -> None:
    text = (
        'layers = [{ name = "b", op = "unit", m = 5 }]\n[blocks.unit]\nargs = ["m"]\n'
        'defaults = { k = "{m * in_channels}", n = "{k + 1}" }\n' + CONV.format("{n}")
    )
    assert width(graph_of(text)) == 16
    assert width(graph_of(text.replace("m = 5", "m = 5, k = 1"))) == 2


def test_in_channels_are_those_of_the_blocks_first_input_on_every_line() -> None:
    text = """
layers = [{ name = "a", op = "conv", out_channels = "{in_channels + 2}", kernel_size = 1 },
          { name = "b", op = "unit", from = ["a", "input"] }]
[blocks.unit]
inputs = ["x", "y"]
layers = [
  { name = "p", op = "conv", out_channels = "{2 * in_channels}", kernel_size = 1, from = "y" },
  { name = "q", op = "conv", out_channels = "{in_channels}", kernel_size = 1 },
  { name = "cat", op = "concat", from = ["q", "x"] },
]
"""
    assert [n.output[0] for n in graph_of(text).layers()] == [5, 10, 5, 10]


def test_arguments_of_a_network_are_expressions_over_earlier_ones() -> None:
    text = 'args.n = 4\nargs.m = "{2 * n}"\n' + CONV.format("{m}")
    assert width(graph_of(text)) == 8
    assert width(graph_of(text, n=5)) == 10


FAMILY = """
title = "Family"
args.n = 4
args.m = "{n + 1}"
layers = [{ name = "conv", op = "conv", out_channels = "{m}", kernel_size = 1 }]
[variants.small]
[variants.large]
n     = 8
title = "Large"
year  = 1998
input = [1, 4, 4]
"""


def test_a_family_means_its_first_variant() -> None:
    graph = graph_of(FAMILY)
    assert (graph.name, graph.family, graph.title, graph.year) == ("small", "net", "Family", None)
    assert (width(graph), graph.inputs[0].output) == (5, (3, 8, 8))


def test_a_variant_has_arguments_title_year_and_input_of_its_own() -> None:
    graph = graph_of(FAMILY, "large")
    assert (graph.name, graph.family, graph.title, graph.year) == ("large", "net", "Large", 1998)
    assert (width(graph), graph.inputs[0].output) == (9, (1, 4, 4))
    with pytest.raises(RequestError, match="no variant 'larg'; did you mean 'large'"):
        graph_of(FAMILY, "larg")


def test_settings_come_after_the_variant_before_arguments_are_evaluated_and_input_is_last(
    tmp_path: Path,
) -> None:
    file = tmp_path / "net.toml"
    file.write_text(
        'name = "net"\ninput = [3, "{n}", "{n}"]\n' + FAMILY.replace("input = [1, 4, 4]\n", "")
    )
    assert load(f"{file}:large").layers[-1].output == (9, 8, 8)
    assert load(f"{file}:large", n=6).layers[-1].output == (7, 6, 6)
    assert load(f"{file}:large", n=6, input=(3, 2, 2)).layers[-1].output == (7, 2, 2)
    assert load(str(file)).layers[-1].output == (5, 4, 4)


def test_in_channels_follow_the_input_that_comes_from_outside(tmp_path: Path) -> None:
    file = tmp_path / "net.toml"
    file.write_text('name = "net"\ninput = [3, 8, 8]\n' + CONV.format("{in_channels}"))
    assert load(str(file), input=(7, 8, 8)).layers[-1].output == (7, 8, 8)


def test_references_budgets_and_claims_bind_to_variants() -> None:
    text = (
        'name = "net"\ninput = [3, 8, 8]\n'
        + FAMILY
        + '[reference.large]\ntimm = "x"\n[budget.small]\nparams = 10\n[[claims]]\nvariant ='
        ' "large"\nquantity = "params"\nvalue = "9"\n'
    )
    reader = SpecReader()
    spec = read_network(reader, Source("net.toml", text), ".")
    assert not reader.problems
    assert spec is not None
    limit = Limit("params", True, 10, "", ("budget", "small", "params"))
    assert (spec.references, spec.budgets) == (
        {"large": {"timm": "x"}},
        {"small": {"limits": [limit]}},
    )
    assert spec.claims[0].subject.variant == "large"


def test_a_network_without_variants_binds_by_its_own_name() -> None:
    text = CONV.format("{4}") + '[reference.net]\ntimm = "x"\n'
    graph_of(text)
    with pytest.raises(SpecError, match='L015 "family" is not a variant'):
        graph_of(text.replace("reference.net", "reference.family"))


def test_a_number_looks_up_the_text_that_is_a_key_of_a_table() -> None:
    text = """
name = "net"
input = [3, 8, 8]
args.depth = "18"
args.widths.18 = 4
args.widths.34 = 8
layers = [
  { name = "conv", op = "conv", out_channels = "{widths[depth]}", kernel_size = 1 },
]
"""
    assert width(graph_of(text)) == 4
    assert width(graph_of(text, depth=34)) == 8
    for depth in (50, "50", [1], True, 18.0):
        with pytest.raises(SpecError, match=r"L007 .*the table has no .*, only 18, 34"):
            graph_of(text, depth=depth)
    text = text.replace("{widths[depth]}", "{7 if depth in widths else 5}")
    found = {depth: width(graph_of(text, depth=depth)) for depth in (34, 50, "34", True)}
    assert found == {34: 7, 50: 5, "34": 7, True: 5}
