"""Batch norms folded into the layers before them, compared with PyTorch's own fusion."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn.utils.fusion import fuse_conv_bn_weights, fuse_linear_bn_weights

import cnnspec
from cnnspec.graph.fold_batchnorm import fold_batchnorm
from cnnspec.graph.model import Graph
from cnnspec.pytorch.built_module import BuiltModule, build_module, module_path
from tests import support
from tests.pytorch.test_memory import EXACT, differences

EVERY_LAYER = """
input = [4, 10, 10]
outputs = ["out", "twice"]
layers = [
  { name = "conv", op = "grouped", activation = "relu" },
  { name = "deep", op = "depthwise_conv", kernel_size = 3, norm = "batchnorm" },
  { name = "up", op = "conv_transpose", out_channels = 6, kernel_size = 2 },
  { name = "up_norm", op = "batchnorm", affine = false },
  { name = "before", op = "batchnorm" },
  { name = "twice", op = "conv", out_channels = 4, kernel_size = 1 },
  { name = "norm", op = "batchnorm" },
  { name = "standard", op = "standardized", norm = "batchnorm" },
  { name = "flat", op = "global_avgpool", keepdim = false },
  { name = "out", op = "linear", out_features = 5, bias = false, norm = "batchnorm" },
]
[blocks.grouped]
op = "conv"
out_channels = 6
kernel_size = 3
groups = 2
bias = false
norm = "batchnorm"
[blocks.standardized]
op = "conv"
out_channels = 4
kernel_size = 1
standardize = true
"""
FOLDED = ["conv.norm", "deep.norm", "up_norm", "out.norm"]


def fill(built: BuiltModule) -> None:
    """Give all parameters and statistics values of their own."""
    for tensor in [*built.parameters(), *built.buffers()]:
        if tensor.is_floating_point():
            tensor.data = torch.rand(tensor.shape, dtype=torch.float64) + 0.5


def compare(graph: Graph) -> tuple[str, ...]:
    """Fold a graph, and its built module with PyTorch's functions; both give the same outputs."""
    found = fold_batchnorm(graph)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        built = build_module(graph, dtype=torch.float64).eval()
        folded = build_module(found.graph, dtype=torch.float64).eval()
        fill(built)
        inputs = [torch.randn(2, *n.output, dtype=torch.float64) for n in graph.inputs]
    state = {k: v for k, v in built.state_dict().items() if k in folded.state_dict()}
    for node in graph.nodes:
        if node.name not in found.folded:
            continue
        layer = node.inputs[0]
        old = built.get_submodule(".".join(module_path(layer.name)))
        norm = built.get_submodule(".".join(module_path(node.name)))
        statistics = (norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias)
        fuse: Any = fuse_linear_bn_weights if layer.kind == "linear" else fuse_conv_bn_weights
        turned: dict[str, Any] = {"transpose": True} if layer.kind == "conv_transpose" else {}
        weight, bias = fuse(old.weight, old.bias, *statistics, **turned)
        name = ".".join(module_path(layer.name))
        state |= {f"{name}.weight": weight, f"{name}.bias": bias}
    folded.load_state_dict(state)
    with torch.no_grad():
        outputs, others = built(*inputs), folded(*inputs)
    torch.testing.assert_close(others, outputs, rtol=1e-9, atol=1e-9)
    costs = cnnspec.Network(found.graph).totals
    assert costs.params == sum(p.numel() for p in folded.parameters())
    assert costs.macs == cnnspec.Network(graph).totals.macs
    return found.folded


def test_every_layer_that_can_take_a_norm() -> None:
    graph = support.graph_of(EVERY_LAYER)
    assert list(compare(graph)) == FOLDED
    # the first follows another norm, the second a layer that is an output, too
    assert fold_batchnorm(graph).kept == ("before", "norm", "standard.norm")


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v2", "densenet121", "shufflenet_v2"])
def test_networks_give_the_same_outputs(name: str) -> None:
    graph = cnnspec.load(name, input=(3, 96, 96), strict_input=False).graph
    assert compare(graph)


def test_the_memory_of_a_folded_network_is_what_pytorch_allocates() -> None:
    graph = cnnspec.load("mobilenet_v2", input=(3, 32, 32)).graph
    assert differences(fold_batchnorm(graph).graph, 2) == EXACT


def test_layers_that_share_weights_keep_their_norms() -> None:
    graph = support.graph_of("""
input = [3, 8, 8]
layers = [
  { name = "a", op = "conv", out_channels = 3, kernel_size = 1, norm = "batchnorm" },
  { name = "b", share = "a" },
]
""")
    assert fold_batchnorm(graph).folded == ()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("lenet5", "there is no batch norm to fold"),
        ("resnet18", "20 batch norms are folded into the layer before"),
        ("densenet121", "62 batch norms stay, as no layer"),
    ],
)
def test_the_description(name: str, words: str) -> None:
    assert words in fold_batchnorm(cnnspec.load(name).graph).describe()


def test_that_nothing_is_folded_is_said(tmp_path: Path) -> None:
    path = tmp_path / "net.toml"
    path.write_text(
        'name = "n"\ninput = [3, 8, 8]\nlayers = [\n'
        '  { name = "norm", op = "batchnorm" },\n  { name = "relu", op = "relu" },\n]\n'
    )
    found = fold_batchnorm(cnnspec.load(str(path)).graph).describe()
    assert found.startswith("no batch norm is folded into the layer before; 1 batch norm stays")
