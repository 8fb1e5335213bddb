"""The rest of the package treats operators that it does not know by their properties."""

from collections.abc import Iterator

import pytest

from cnnspec.analyses.architecture import count_depth, describe_chain, find_longest_path, is_pool
from cnnspec.analyses.audit.layer_quantities import kind_in_order
from cnnspec.analyses.input_sizes import find_input_sizes
from cnnspec.analyses.network_costs import NetworkCosts
from cnnspec.api import Network
from cnnspec.graph.model import Graph
from cnnspec.ops.kit.fields import OperatorError
from cnnspec.problems import SpecError
from cnnspec.rules.registry import load_rule
from cnnspec.rules.rule import LintedNetwork
from cnnspec.spec.schema import language_schema
from tests.ops.new_operators import NETWORK, PeakPool, register_operators
from tests.support import graph_of


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    yield from register_operators(monkeypatch)


def remarks(code: str, graph: Graph) -> list[str]:
    """Return the rows that a rule reports."""
    return [remark.node.row for remark in load_rule(code).check(LintedNetwork(graph))]


def test_a_pool_is_linted_for_unread_pixels() -> None:
    text = """
input = [3, 15, 15]
layers = [{ name = "pool", op = "crest", kernel_size = 2 }]
"""
    assert remarks("S001", graph_of(text)) == ["pool"]
    assert remarks("S001", graph_of(text.replace("15", "16"))) == []


def test_a_pool_that_averages_padding_is_linted() -> None:
    text = """
input = [3, 16, 16]
layers = [{ name = "pool", op = "crest", kernel_size = 3, stride = 1, padding = 1, zeros = true }]
"""
    assert remarks("S005", graph_of(text)) == ["pool"]
    assert remarks("S005", graph_of(text.replace("true", "false"))) == []


def test_a_pool_that_drops_most_of_a_map_is_linted() -> None:
    text = """
input = [16, 64, 64]
layers = [
  { name = "pool", op = "crest", kernel_size = 4 },
  { name = "conv", op = "conv", out_channels = 32, kernel_size = 3, padding = 1 },
]
"""
    assert remarks("A009", graph_of(text)) == ["pool"]


def test_a_pool_counts_for_input_sizes() -> None:
    graph = graph_of("""
input = [3, 16, 16]
layers = [{ name = "pool", op = "crest", kernel_size = 4 }]
""")
    sizes = find_input_sizes(graph, bound=17)
    assert sizes.valid == list(range(4, 18))
    assert sizes.whole == [4, 8, 12, 16]


def test_pools_norms_and_activations_are_no_layers_with_weights() -> None:
    graph = graph_of(NETWORK)
    nodes = list(graph.layers())
    assert count_depth(nodes) == 3
    assert [n.name for n in find_longest_path(nodes, is_pool)] == ["pool"]
    assert [kind_in_order(row) for row in NetworkCosts(graph).rows() if kind_in_order(row)] == [
        "conv",
        "pool",
        "conv",
        "fc",
    ]
    assert describe_chain(graph) == "Image, Conv3-8, Peak Pooling, Conv3-16, FC-10"


def test_a_bias_before_a_norm_is_linted() -> None:
    graph = graph_of(NETWORK.replace("bias = false", "bias = true"))
    assert remarks("A001", graph) == ["conv"]
    assert remarks("A001", graph_of(NETWORK)) == []


def test_dropout_before_a_norm_is_linted() -> None:
    text = """
input = [3, 16, 16]
layers = [{ name = "drop", op = "dropout" }, { name = "norm", op = "plain_norm" }]
"""
    assert remarks("A008", graph_of(text)) == ["drop"]


def test_only_an_activation_makes_two_layers_more_than_one() -> None:
    text = """
input = [8, 16, 16]
layers = [
  { name = "first", op = "conv", out_channels = 8, kernel_size = 3, norm = "plain_norm" },
  { name = "second", op = "conv", out_channels = 8, kernel_size = 3 },
]
"""
    assert remarks("A007", graph_of(text)) == ["first"]
    active = text.replace('"plain_norm"', '"plain_norm", activation = "ramp"')
    assert remarks("A007", graph_of(active)) == []


def test_a_repeated_activation_is_linted() -> None:
    graph = graph_of("""
input = [3, 16, 16]
layers = [{ name = "one", op = "ramp" }, { name = "two", op = "ramp" }]
""")
    [remark] = load_rule("A006").check(LintedNetwork(graph))
    assert remark.node.row == "two"
    assert remark.message.endswith("has just activated, and changes nothing")


def test_norms_and_activations_have_their_own_keys() -> None:
    for key, name in (("norm", "ramp"), ("activation", "plain_norm"), ("norm", "crest")):
        with pytest.raises(SpecError, match=rf"{name} is not an? {key}\n"):
            graph_of(f"""
layers = [{{ name = "conv", op = "conv", out_channels = 8, kernel_size = 3, {key} = "{name}" }}]
""")


def test_the_schema_knows_them() -> None:
    definitions = language_schema()["definitions"]
    assert "plain_norm" in definitions["norm"]["description"]
    assert "ramp" in definitions["activation"]["description"]
    assert "crest" not in definitions["norm"]["description"]
    text = str(language_schema())
    assert "whether the zeros of the padding count in a mean" in text


def test_they_are_drawn_as_what_they_are() -> None:
    svg = str(Network(graph_of(NETWORK)).draw())
    assert 'class="cnn-pool"' in svg
    assert "crest 2×2" in svg
    assert "plain_norm, ramp" in svg


def test_an_operator_does_not_change() -> None:
    pool = PeakPool(kernel_size=2)
    with pytest.raises(AttributeError, match="cannot be set"):
        pool.kernel_size = 3
    assert pool.replace(kernel_size=3, stride=1).axes((1, 8, 8))[0].positions == 6
    assert pool.axes((1, 8, 8))[0].positions == 4
    with pytest.raises(OperatorError, match="colour is not a field"):
        pool.replace(colour=1)
    with pytest.raises(OperatorError, match="kernel_size is an integer"):
        pool.replace(kernel_size=0)
