"""The rest of the package treats operators that it does not know by their properties."""

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any, ClassVar

import pytest
from support import graph_of
from torch import nn

import cnnspec
from cnnspec.analyses.architecture import count_depth, describe_chain, find_longest_path, is_pool
from cnnspec.analyses.audit.layer_quantities import kind_in_order
from cnnspec.analyses.input_sizes import find_input_sizes
from cnnspec.analyses.memory.passes import autocast_saved_bytes
from cnnspec.analyses.network_costs import NetworkCosts
from cnnspec.api import Network
from cnnspec.graph.model import Graph
from cnnspec.ops.batchnorm import BatchNorm
from cnnspec.ops.kit.elementwise import Activation, Elementwise
from cnnspec.ops.kit.fields import OperatorError, flag_field
from cnnspec.ops.kit.operator import Operator
from cnnspec.ops.kit.pooling import Pool
from cnnspec.ops.maxpool import MaxPool
from cnnspec.ops.registry import OPERATORS, load_operator
from cnnspec.ops.relu import Relu
from cnnspec.problems import SpecError
from cnnspec.pytorch.recording import operations
from cnnspec.rules.registry import load_rule
from cnnspec.rules.rule import LintedNetwork
from cnnspec.spec.schema import language_schema
from cnnspec.units import Shape


class PeakPool(Pool):
    title = "Peak Pooling"
    takes = "largest"
    autocast = "follows"

    zeros: bool = flag_field("whether the zeros of the padding count in a mean", default=False)

    @property
    def averages_padding(self) -> bool:
        return self.zeros

    def memory(self, x: Shape, y: Shape, training: bool) -> Any:
        return MaxPool.memory(self, x, y, training)  # type: ignore[arg-type]

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        return self.largest(torch, x, y)


class PlainNorm(Elementwise):
    title = "Plain Norm"
    role = "norm"
    per_element: ClassVar[dict[str, int]] = {"additions": 1, "multiplications": 1}
    is_affine = True
    uses_batch_statistics = True
    autocast = "statistics"

    def buffers(self, x: Shape) -> dict[str, Shape]:
        return {"running_mean": x[:1], "running_var": x[:1]}

    def memory(self, x: Shape, y: Shape, training: bool) -> Any:
        return BatchNorm(affine=False).memory(x, y, training)

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        return torch.nn.BatchNorm2d(x[0], affine=False)


class Ramp(Activation):
    title = "Ramp"
    per_element: ClassVar[dict[str, int]] = {"comparisons": 1}
    is_idempotent = True
    autocast = "follows"

    def memory(self, x: Shape, y: Shape, training: bool) -> Any:
        return Relu().memory(x, y, training)

    def build(self, torch: Any, x: Shape, y: Shape) -> Any:
        return torch.nn.ReLU()


NEW: dict[str, type[Operator]] = {
    "crest": PeakPool,
    "plain_norm": PlainNorm,
    "ramp": Ramp,
}


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Register the operators as their files and lines in the registry would."""
    for name, cls in NEW.items():
        module = ModuleType(f"cnnspec.ops.{name}", f"{cls.title}: a test's operator.")
        monkeypatch.setattr(cls, "__module__", module.__name__)
        monkeypatch.setattr(module, cls.__name__, cls, raising=False)
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setitem(OPERATORS, name, cls.__name__)
    yield
    load_operator.cache_clear()
    operations.renamed_operations.cache_clear()


def remarks(code: str, graph: Graph) -> list[str]:
    """Return the rows that a rule reports."""
    return [remark.node.row for remark in load_rule(code).check(LintedNetwork(graph))]


NETWORK = """
name = "net"
input = [3, 16, 16]
layers = [
  { name = "conv", op = "first", bias = false },
  { name = "pool", op = "crest", kernel_size = 2 },
  { name = "last", op = "conv", out_channels = 16, kernel_size = 3 },
  { name = "flat", op = "flatten" },
  { name = "head", op = "linear", out_features = 10 },
]

[blocks.first]
op = "conv"
out_channels = 8
kernel_size = 3
norm = "plain_norm"
activation = "ramp"
"""


def model() -> nn.Module:
    """Return the same network in PyTorch, written without cnnspec."""
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, bias=False),
        nn.BatchNorm2d(8, affine=False),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3),
        nn.Flatten(),
        nn.Linear(400, 10),
    )


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


def test_memory_is_planned_and_measured() -> None:
    network = Network(graph_of(NETWORK))
    assert network.memory(2).training_peak > network.memory(2).inference_peak > 0
    assert autocast_saved_bytes(network.graph, 2) is not None
    assert cnnspec.verify(network, device="cpu", memory=True)


def test_a_recorded_model_equals_the_spec() -> None:
    network = Network(graph_of(NETWORK))
    assert cnnspec.verify(network, model(), device="cpu")
    other = model()
    other[3] = nn.AvgPool2d(2)
    assert not cnnspec.verify(network, other, device="cpu")


def test_an_operator_whose_memory_is_not_declared_gives_no_numbers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Ramp, "memory", Operator.memory)
    with pytest.raises(cnnspec.RequestError, match="ramp"):
        Network(graph_of(NETWORK)).memory(2)


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
