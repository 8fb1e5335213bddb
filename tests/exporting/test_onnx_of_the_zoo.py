"""The networks of the zoo as ONNX models: run by onnxruntime and compared with PyTorch."""

import pytest

import cnnspec
from cnnspec.exporting.onnx.write_model import write_onnx_model
from cnnspec.pytorch.check_onnx import OnnxWeights, check_onnx

FIRST = [names[0] for names in cnnspec.networks().values()]
QUICK = ("lenet5_original", "resnet20_cifar", "conv_autoencoder", "cnn_1d")
MOST_MACS = 2e10  # larger ones are only checked by onnx


@pytest.mark.parametrize("name", QUICK)
@pytest.mark.parametrize("dynamic", [False, True])
def test_a_network_is_written_in_onnx(name: str, dynamic: bool) -> None:
    graph = cnnspec.load(name).graph
    weights = OnnxWeights(graph, drawn=True)
    model = write_onnx_model(graph, weights.tensor, dynamic)
    assert check_onnx(graph, weights, model, batch=2 if dynamic else 1).differences == ()
    assert {n.name for n in graph.layers()} <= {n.name for n in model.graph.node}


@pytest.mark.long
@pytest.mark.parametrize("name", FIRST)
def test_the_first_network_of_each_family_is_written_in_onnx(name: str) -> None:
    net = cnnspec.load(name)
    weights = OnnxWeights(net.graph, drawn=True)
    model = write_onnx_model(net.graph, weights.tensor, dynamic=False)
    if net.totals.macs <= MOST_MACS:
        assert check_onnx(net.graph, weights, model).differences == ()
