"""ONNX files become the specs that their PyTorch models become, proven by running both."""

import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812
from torch.utils.flop_counter import FlopCounterMode

import cnnspec
from cnnspec.analyses.network_costs import NetworkCosts
from cnnspec.analyses.verdict import LIMITED, PASSED
from cnnspec.importing.formats.onnx.onnx_file import read_onnx
from cnnspec.importing.formats.onnx.onnx_model import FOLDED
from cnnspec.importing.formats.onnx.onnx_proof import NEEDED
from cnnspec.importing.import_file import import_model_file
from cnnspec.units import Shape
from tests.importing.onnx_files import export_onnx, write_onnx
from tests.support import import_torchvision

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


class Calls(nn.Module):
    """A model that calls a function."""

    def __init__(self, run: Any):
        super().__init__()
        self.run, self.w = run, nn.Parameter(torch.randn(4, 1, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.run(x * self.w)  # type: ignore[no-any-return]


class Residual(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu(x + self.conv2(F.relu(self.bn1(self.conv1(x)))))


def shuffle(x: torch.Tensor) -> torch.Tensor:
    n, c, h, w = x.shape
    return x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)


SHAPE = (4, 8, 12)
MODELS: dict[str, nn.Module] = {
    "residual units": nn.Sequential(nn.Conv2d(4, 8, 3), *[Residual(8) for _ in range(3)]),
    "transposed": nn.Sequential(nn.ConvTranspose2d(4, 6, 4, 2, 1), nn.BatchNorm2d(6)),
    "pools": nn.Sequential(nn.MaxPool2d(3, 2, 1), nn.AvgPool2d(3, 1, 1), nn.Conv2d(4, 2, 1)),
    "uncounted padding": nn.Sequential(
        nn.AvgPool2d(3, 2, 1, count_include_pad=False), nn.Conv2d(4, 2, 1)
    ),
    "rounding up": nn.Sequential(nn.MaxPool2d(3, 2, ceil_mode=True), nn.Conv2d(4, 2, 1)),
    "linear layers": nn.Sequential(
        nn.Flatten(), nn.Linear(384, 10), nn.Dropout(), nn.Linear(10, 3)
    ),
    "norms": nn.Sequential(nn.GroupNorm(2, 4), nn.InstanceNorm2d(4, affine=True), nn.PReLU(4)),
    "gelu": nn.Sequential(nn.Conv2d(4, 4, 1), nn.GELU(), nn.Hardswish(), nn.SiLU(), nn.ELU()),
    "limits": nn.Sequential(nn.Conv2d(4, 4, 1), nn.ReLU6(), nn.Hardsigmoid(), nn.Hardtanh()),
    "slopes": nn.Sequential(nn.Conv2d(4, 4, 1), nn.LeakyReLU(0.1), nn.Softplus(), nn.Mish()),
    "a linear map last": Calls(nn.Sequential(nn.LayerNorm(12), nn.Linear(12, 5), nn.GELU())),
    "a shuffle": Calls(shuffle),
    "a padding": Calls(lambda x: F.pad(x, (1, 2, 0, 1), mode="replicate")),
    "nearest": Calls(lambda x: F.interpolate(x, scale_factor=2.0)),
    "bilinear": Calls(lambda x: F.interpolate(x, size=(16, 24), mode="bilinear")),
    "corners": Calls(
        lambda x: F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=True)
    ),
    "pixels": Calls(lambda x: F.pixel_shuffle(x, 2)),
    "parts": Calls(lambda x: torch.cat([*x.chunk(2, 1), x[:, ::2]], 1)[:, :, 1:]),
    "a gate": Calls(lambda x: x * torch.sigmoid(x.mean((2, 3), keepdim=True)) - 1 / 3),
    "scores": Calls(lambda x: x.amax((2, 3)).softmax(1)),
    "one dimension": nn.Sequential(nn.Flatten(2), nn.Conv1d(4, 6, 5, 2, 2), nn.MaxPool1d(2)),
}


@pytest.mark.parametrize("case", MODELS)
def test_an_exported_model_has_the_counts_of_its_import(case: str, tmp_path: Path) -> None:
    model = MODELS[case]
    found = import_model_file(export_onnx(tmp_path / "net.onnx", model, SHAPE))
    assert found.verdict
    assert {c.status for c in found.verdict.checks} == {PASSED}
    assert found.verdict.checks[-1].name == "values"
    expected = cnnspec.from_pytorch(model, input=SHAPE, name="net").network.totals
    totals = NetworkCosts(found.graph).totals
    assert (totals.params, totals.macs) == (expected.params, expected.macs)


@pytest.mark.parametrize("opset", [11, 13, 17])
def test_older_operator_sets_are_read(opset: int, tmp_path: Path) -> None:
    """They write a gelu, a layer norm and a padding with several nodes or with attributes."""
    model = nn.Sequential(
        nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(4, 8, 2), nn.LayerNorm(12), nn.GELU(), nn.Hardswish()
    )
    found = import_model_file(export_onnx(tmp_path / "n.onnx", model, SHAPE, opset_version=opset))
    assert found.verdict
    kinds = [n.kind for n in found.graph.nodes]
    assert "layernorm" in kinds
    assert "gelu" in kinds


def test_sizes_that_follow_from_the_input_stay_free(tmp_path: Path) -> None:
    axes = {"image": {0: "n", 2: "h", 3: "w"}}
    more: dict[str, Any] = {"input_names": ["image"], "dynamic_axes": axes}
    path = export_onnx(tmp_path / "net.onnx", Calls(shuffle), SHAPE, **more)
    found = import_model_file(path, (SHAPE,))
    assert found.verdict
    assert found.rebuild({}, (4, 6, 10)).outputs[0].output == (4, 6, 10)
    assumed = import_model_file(path, ((4, 224, 224),))
    assert "shape" not in assumed.text


def test_folded_batch_normalization_is_stated(tmp_path: Path) -> None:
    norm = nn.BatchNorm2d(8)
    model = nn.Sequential(nn.Conv2d(4, 8, 3, bias=False), norm, nn.ReLU())
    torch.nn.init.normal_(norm.weight)
    found = import_model_file(export_onnx(tmp_path / "net.onnx", model, SHAPE, folded=True))
    assert NetworkCosts(found.graph).totals.params == 4 * 8 * 9 + 8
    assert FOLDED in " ".join(found.text.replace("\n#", "").split())
    plain = import_model_file(export_onnx(tmp_path / "n.onnx", nn.Conv2d(4, 8, 3), SHAPE))
    assert FOLDED not in plain.text


def test_layers_that_are_called_twice_share_their_weights(tmp_path: Path) -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(4, 4, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.conv(self.conv(x))  # type: ignore[no-any-return]

    found = import_model_file(export_onnx(tmp_path / "net.onnx", Twice(), SHAPE))
    assert found.verdict
    assert NetworkCosts(found.graph).totals.params == 4 * 4 * 9 + 4


def test_equal_initial_weights_are_not_shared(tmp_path: Path) -> None:
    layers = [nn.Conv2d(4, 4, 1) for _ in range(3)]
    for layer in layers:
        nn.init.zeros_(layer.weight)
        nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    path = export_onnx(tmp_path / "net.onnx", nn.Sequential(*layers), SHAPE)
    assert NetworkCosts(import_model_file(path).graph).totals.params == 3 * (16 + 4)


def test_several_inputs_and_outputs(tmp_path: Path) -> None:
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(4, 4, 1)

        def forward(self, x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            return self.conv(x) + y, x - y

    found = import_model_file(export_onnx(tmp_path / "net.onnx", Two(), SHAPE, SHAPE))
    assert found.verdict
    assert len(found.graph.inputs) == len(found.graph.outputs) == 2


def node(kind: str, *inputs: str, **attributes: Any) -> Any:
    return onnx.helper.make_node(kind, list(inputs), ["y"], name="the_node", **attributes)


DIFFERENT: dict[str, tuple[Any, Any]] = {  # two nodes with the same shapes
    "the slope": (node("LeakyRelu", "x", alpha=0.1), node("LeakyRelu", "x", alpha=0.2)),
    "the side that is padded": (
        node("Conv", "x", "w", pads=[0, 0, 1, 1]),
        node("Conv", "x", "w", pads=[1, 1, 0, 0]),
    ),
    "the padding that is counted": (
        node("AveragePool", "x", kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1),
        node("AveragePool", "x", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
    ),
    "the kind of pool": (
        node("MaxPool", "x", kernel_shape=[2, 2]),
        node("AveragePool", "x", kernel_shape=[2, 2]),
    ),
    "the function": (node("Sigmoid", "x"), node("HardSigmoid", "x", alpha=1 / 6)),
    "the axis": (node("Softmax", "x", axis=1), node("Softmax", "x", axis=2)),
}


@pytest.mark.parametrize("case", DIFFERENT)
def test_another_calculation_is_not_called_proven(case: str, tmp_path: Path) -> None:
    paths = [
        write_onnx(tmp_path / f"{i}.onnx", [n], (3, 6, 6), {"w": (3, 3, 2, 2), "v": (3, 1, 1)})
        for i, n in enumerate(DIFFERENT[case])
    ]
    results = [import_model_file(path) for path in paths]
    assert all(r.verdict for r in results)
    assert results[0].text.splitlines()[3:] != results[1].text.splitlines()[3:]
    from cnnspec.importing.formats.recognize import open_model_file
    from cnnspec.importing.import_file import FileImport

    (found, graph), other = [
        (f, f.make_graph_for(f.inputs))
        for f in [FileImport(open_model_file(path), "net", ()) for path in paths]
    ]
    assert not found.verify(results[1].graph, other[1]).passed
    assert graph.nodes != other[1].nodes


def test_asymmetric_padding_is_exact(tmp_path: Path) -> None:
    same = node("Conv", "x", "w", strides=[2, 2], auto_pad="SAME_UPPER")
    path = write_onnx(tmp_path / "net.onnx", [same], (3, 8, 7), {"w": (4, 3, 3, 3)})
    found = import_model_file(path, ((3, 8, 7),))
    assert found.verdict
    assert found.graph.outputs[0].output == (4, 4, 4)


def test_local_response_normalization_is_proven(tmp_path: Path) -> None:
    norm = node("LRN", "x", size=3, alpha=0.5, beta=0.6, bias=2.0)
    assert import_model_file(write_onnx(tmp_path / "net.onnx", [norm], (5, 4, 4))).verdict


@pytest.mark.parametrize(
    ("missing", "status", "text"),
    [("onnx", LIMITED, NEEDED), ("onnxruntime", PASSED, "onnx's reference evaluator")],
)
def test_what_a_verdict_compares_where_a_library_is_missing(
    missing: str, status: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = export_onnx(tmp_path / "net.onnx", nn.Conv2d(4, 8, 3), SHAPE)
    monkeypatch.setitem(sys.modules, missing, None)
    found = import_model_file(path)
    assert found.verdict
    shapes, outputs = found.verdict.checks
    assert (shapes.status, shapes.detail, outputs.status) == (PASSED, "", status)
    assert text in (outputs.compared or outputs.detail)


def test_files_are_read_as_the_library_reads_them(tmp_path: Path) -> None:
    path = export_onnx(tmp_path / "net.onnx", MODELS["residual units"], SHAPE)
    ours, theirs = read_onnx(path), onnx.load(path).graph
    assert [n.operator for n in ours.nodes] == [n.op_type for n in theirs.node]
    assert [n.outputs for n in ours.nodes] == [tuple(n.output) for n in theirs.node]
    shapes: dict[str, Shape] = {t.name: tuple(t.dims) for t in theirs.initializer}
    assert {name: t.shape for name, t in ours.tensors.items()} == shapes


IMAGES = 64
LARGER = {"torchvision:vgg11": 224}  # PyTorch exports its adaptive pool for such a map only
NETWORKS = ["torchvision:resnet18", "torchvision:vgg11", "torchvision:mobilenet_v2"]
NETWORKS += ["torchvision:googlenet", "torchvision:densenet121", "torchvision:squeezenet1_1"]
NETWORKS += ["torchvision:shufflenet_v2_x0_5", "torchvision:mnasnet0_5"]
NETWORKS += ["torchvision:efficientnet_b0", "torchvision:convnext_tiny"]
NETWORKS += ["torchvision:regnet_y_400mf", "timm:resnet26d", "timm:hrnet_w18_small"]
NETWORKS += ["timm:mobilenetv4_conv_small", "timm:ghostnet_100"]


@pytest.mark.long
@pytest.mark.parametrize("source", NETWORKS)
def test_networks_of_libraries_have_the_counts_of_pytorch(source: str, tmp_path: Path) -> None:
    library, _, name = source.partition(":")
    import_torchvision()
    if library == "timm":
        import timm

        model: Any = timm.create_model(name)
    else:
        from torchvision import models

        model = models.get_model(name, weights=None)
    size = LARGER.get(source, IMAGES)
    shape = (3, size, size)
    path = export_onnx(tmp_path / f"{name}.onnx", model, shape)
    found = import_model_file(path)
    assert found.verdict, str(found.verdict)
    modules = [p for n, p in model.named_parameters() if not n.startswith(("aux1", "aux2"))]
    totals = NetworkCosts(found.graph).totals
    assert totals.params == sum(p.numel() for p in modules)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model.to("meta")(torch.empty(1, *shape, device="meta"))
    assert 2 * totals.macs == counter.get_total_flops()
