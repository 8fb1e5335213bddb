"""Built modules equal the calculation, and behave as PyTorch modules should."""

import copy

import pytest
import torch

import cnnspec
from cnnspec.analyses.verdict import compare_costs
from cnnspec.problems import RequestError
from cnnspec.pytorch.built_module import build_module
from cnnspec.pytorch.measure_costs import measure_costs
from tests import written
from tests.support import graph_of

NAMES = [name for names in cnnspec.networks().values() for name in names]
FAMILIES = [names[0] for names in cnnspec.networks().values()]
SMALL = [
    "lenet5",
    "lenet5_original",
    "lenet5_geron",
    "bird_cnn",
    "cnn_1d",
    "mlp_mnist",
    "resnet20_cifar",
    "densenet_40_12",
    "conv_autoencoder",
    "dcgan_generator",
]


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[] if n in FAMILIES else pytest.mark.long) for n in NAMES]
)
def test_measured_on_meta_equals_calculated(name: str) -> None:
    net = cnnspec.load(name)
    built = build_module(net.graph, "meta")
    calculated = [net.costs[n.index] for n in net.graph.layers(training=True)]
    assert compare_costs(calculated, measure_costs(net.graph, built)) == []


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_trains_and_infers_on_the_cpu(name: str, dtype: torch.dtype) -> None:
    net = cnnspec.load(name)
    built = net.build(dtype=dtype)
    inputs = [torch.rand(2, *n.output, dtype=dtype) for n in net.graph.inputs]
    output = built(*inputs)
    output.square().mean().backward()
    assert all(p.grad is not None and bool(p.grad.isfinite().all()) for p in built.parameters())
    built.eval()
    with torch.no_grad():
        assert built(*inputs).shape == (2, *net.graph.outputs[0].output)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            """
input = [3, 8, 8, 8, 8]
layers = [{ name = "a", op = "conv", out_channels = 4, kernel_size = 3 }]
""",
            "a (conv): PyTorch has Conv in 1 to 3 spatial dimensions, but input has 4; such a"
            " network can be analysed, but not built",
        ),
        (
            """
layers = [{ name = "a", op = "batchnorm", eps = 0 }]
""",
            "a (batchnorm): eps is 0, but PyTorch trains a batch norm only with an eps above 0;"
            " give eps a small value, such as 1e-12",
        ),
    ],
)
def test_what_pytorch_does_not_have_is_said(text: str, message: str) -> None:
    with pytest.raises(RequestError) as error:
        build_module(graph_of(text))
    assert str(error.value) == f"PyTorch cannot build {message}"


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_every_network_has_a_backward_pass(name: str) -> None:
    """PyTorch refuses a backward pass where a value that it needs was overwritten in place.

    On the meta device it takes no memory.
    """
    net = cnnspec.load(name)
    built = build_module(net.graph, "meta")
    results = built(*[torch.empty(2, *n.output, device="meta") for n in net.graph.inputs])
    outputs = [y for y in (results if isinstance(results, tuple) else [results]) if y.requires_grad]
    torch.autograd.backward([y.sum() for y in outputs])
    assert all(p.grad is not None for p in built.parameters())


def test_state_dict_has_readable_names_and_loads_strictly() -> None:
    net = cnnspec.load("resnet18")
    built = net.build()
    names = list(built.state_dict())
    assert names[:3] == ["conv1.weight", "conv1.norm.weight", "conv1.norm.bias"]
    assert "layer1.0.conv1.weight" in names
    other = net.build()
    other.load_state_dict(copy.deepcopy(built.state_dict()), strict=True)
    built.eval(), other.eval()
    x = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        assert torch.equal(built(x), other(x))


def test_training_runs_the_auxiliary_heads_behind_the_output() -> None:
    built = cnnspec.load("googlenet").build("meta")
    x = torch.zeros(2, 3, 224, 224, device="meta")
    assert [tuple(y.shape) for y in built(x)] == [(2, 1000)] * 3
    built.eval()
    assert built(x).shape == (2, 1000)


def test_values_are_deleted_at_their_last_use() -> None:
    built = build_module(cnnspec.load("resnet20_cifar").graph)
    released = [i for step in built.plans[False] for i in step.released]
    read = {i for step in built.plans[False] for i in step.reads}
    assert sorted(released) == sorted(read)


def test_shared_parameters_are_one_parameter() -> None:
    lines = """
  { name = "a", op = "conv", out_channels = 3, kernel_size = 3, padding = 1 },
  { name = "b", share = "a" },
"""
    net = written.network(lines)
    built = net.build()
    assert [n for n, _ in built.named_parameters()] == ["a.weight", "a.bias"]
    assert (
        compare_costs(
            [net.costs[n.index] for n in net.graph.layers()],
            measure_costs(net.graph, build_module(net.graph)),
        )
        == []
    )


def test_names_that_modules_need_get_an_underscore() -> None:
    net = written.network('{ name = "type", op = "conv", out_channels = 2, kernel_size = 1 }')
    assert list(net.build().state_dict()) == ["type_.weight", "type_.bias"]


def test_in_place_on_a_value_that_is_read_again_is_refused() -> None:
    lines = """
  { name = "a", op = "relu", inplace = true },
  { name = "b", op = "add", from = ["a", "input"] },
"""
    with pytest.raises(
        RequestError, match="a works in place and overwrites input, which b reads afterwards"
    ):
        written.network(lines).build()


def test_wrong_number_of_inputs_is_refused() -> None:
    with pytest.raises(TypeError, match="takes 2 inputs, not 1"):
        cnnspec.load("siamese").build("meta")(torch.zeros(1, 1, 105, 105, device="meta"))


@pytest.mark.parametrize("name", ["run", "plans", "inputs", "train", "results"])
def test_layers_may_be_called_as_attributes_of_the_module_are(name: str) -> None:
    line = f'{{ name = "{name}", op = "conv", out_channels = 2, kernel_size = 1 }}'
    graph = graph_of(f"layers = [{line}]")
    assert build_module(graph)(torch.zeros(2, 3, 8, 8)).shape == (2, 2, 8, 8)
