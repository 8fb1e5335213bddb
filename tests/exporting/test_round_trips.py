"""Networks exported and imported again: the same layers from PyTorch source, the same counts."""

from pathlib import Path

import pytest

import cnnspec
from cnnspec.api import Network
from cnnspec.cli.import_ import import_source
from cnnspec.exporting.onnx.write_model import write_onnx_model
from cnnspec.exporting.pytorch.write_file import write_pytorch
from cnnspec.graph.build import load_graph
from cnnspec.pytorch.check_export import load_source
from cnnspec.pytorch.check_onnx import OnnxWeights
from cnnspec.report.contract import row_json

QUICK = ("lenet5", "resnet20_cifar_b", "cnn_1d")
LONG = (  # of different families
    *("resnet18", "squeezenet1_1", "alexnet_torchvision", "alexnet_geron", "shufflenet_v2_x0_5"),
    *("mobilenet_v3_small", "densenet_bc_100_12", "mobilenet_v1_025", "mnasnet0_5", "googlenet"),
)


def describe_layers(net: Network) -> list[dict[str, object]]:
    """Return the rows of a network without their names, which may differ."""
    return [{k: v for k, v in row_json(row).items() if k != "name"} for row in net.layers]


@pytest.mark.parametrize(
    "name", [*QUICK, *(pytest.param(n, marks=[pytest.mark.long]) for n in LONG)]
)
def test_source_is_imported_as_the_same_layers(name: str) -> None:
    source = write_pytorch(lambda more: load_graph(name, more))
    model = load_source(source.text, source.function)()
    imported = cnnspec.from_pytorch(model, input=source.graph.inputs[0].output)
    assert describe_layers(imported.network) == describe_layers(cnnspec.load(name))


@pytest.mark.parametrize("name", QUICK)
def test_a_model_of_onnx_is_imported_with_the_same_counts(name: str, tmp_path: Path) -> None:
    net, file = cnnspec.load(name), tmp_path / "net.onnx"
    model = write_onnx_model(net.graph, OnnxWeights(net.graph).tensor, dynamic=False)
    file.write_bytes(model.SerializeToString())
    imported = Network(import_source(str(file), {}, (), None, False).graph)
    assert imported.totals.params == net.totals.params
    assert imported.totals.macs == net.totals.macs
