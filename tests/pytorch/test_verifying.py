"""cnnspec.verify as code calls it, what it leaves unchanged, and networks against references."""

import copy
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import cnnspec
from cnnspec.analyses.verdict import IMPOSSIBLE
from cnnspec.graph.model import graph_digest
from cnnspec.pytorch.draws import record_on_meta
from tests import written
from tests.support import Reference, import_timm, import_torchvision, references

LINES = """
{ name = "a", op = "conv", out_channels = 4, kernel_size = 3, norm = "batchnorm" },
{ name = "relu", op = "relu" },
{ name = "pool", op = "global_avgpool", keepdim = false },
{ name = "fc", op = "linear", out_features = 2 },
"""
SPECS = Path(__file__).parents[2] / "specs"
HUGE = {"sam_vit_b", "sam_vit_l", "sam_vit_h"}  # smaller images change these networks


class Mine(nn.Module):
    """The network of LINES."""

    def __init__(self, classes: int = 2):
        super().__init__()
        self.conv, self.bn, self.fc = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Linear(4, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.fc(self.bn(self.conv(x)).relu().mean((2, 3)))
        return y


def test_a_model_is_verified_and_stays_as_it_was() -> None:
    model = Mine().train()
    model.bn.momentum = 0.3
    before = copy.deepcopy(model.state_dict())
    lines = LINES.replace('norm = "batchnorm"', 'norm = { op = "batchnorm", momentum = 0.3 }')
    verdict = cnnspec.verify(written.network(lines), model=model)
    assert verdict, str(verdict)
    assert [c.against for c in verdict.checks[4:]] == ["Mine"] * 6
    assert model.training
    assert model.bn.momentum == 0.3
    assert model.conv.weight.dtype is torch.float32
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_another_model_is_a_false_verdict_and_nothing_is_raised() -> None:
    verdict = cnnspec.verify(written.network(LINES), model=Mine(3))
    assert not verdict
    assert "fc" in str(verdict)


def test_a_model_that_raises_is_a_false_verdict() -> None:
    verdict = cnnspec.verify(written.network(LINES), model=nn.Linear(7, 2))
    assert not verdict
    assert verdict.checks[-1].status == IMPOSSIBLE


def test_requests_that_cannot_be_carried_out_are_raised() -> None:
    net = written.network(LINES)
    with pytest.raises(
        cnnspec.RequestError, match="a device is one of auto, cuda, cpu, meta, not 'gpu'"
    ):
        cnnspec.verify(net, device="gpu")
    with pytest.raises(cnnspec.RequestError, match=r"a model is a torch.nn.Module, not a str"):
        cnnspec.verify(net, model="Mine")  # type: ignore[arg-type]
    with pytest.raises(
        cnnspec.RequestError, match="references are in torchvision and timm, not in 'keras'"
    ):
        cnnspec.verify(net, against="keras")


def test_an_operator_that_pytorch_refuses_is_a_false_verdict(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*given: object) -> None:
        raise RuntimeError("no kernel for this")

    monkeypatch.setattr(nn.Linear, "forward", refuse)
    verdict = cnnspec.verify("lenet5")
    assert [c.status for c in verdict.checks] == [IMPOSSIBLE]
    assert "RuntimeError: no kernel for this" in " ".join(str(verdict).split())


def test_a_difference_has_its_place_in_the_spec(monkeypatch: pytest.MonkeyPatch) -> None:
    from cnnspec.ops.linear import Linear

    monkeypatch.setattr(Linear, "macs", lambda self, *shapes, **named: 1)
    verdict = cnnspec.verify("lenet5", device="meta")
    place = verdict.places["F6"]
    line = Path(place.file).read_text().splitlines()[place.line - 1]
    assert line[place.column - 1 :].startswith('"F6"')


def test_digests_change_with_the_network_but_not_with_its_description(tmp_path: Path) -> None:
    block = """
[blocks.inner]
layers = [{ name = "r", op = "act" }]

[blocks.act]
op = "relu"
inplace = %s
"""
    net = tmp_path / "net.toml"
    net.write_text("""
name = "net"
input = [3]
include = ["b.toml", "c.toml"]
layers = [{ name = "a", op = "unit" }]
""")
    (tmp_path / "c.toml").write_text("""
[blocks.unit]
layers = [{ name = "b", op = "inner" }]
""")
    (tmp_path / "b.toml").write_text(block % "false")
    first = graph_digest(cnnspec.load(str(net)).graph)
    assert first == graph_digest(cnnspec.load(str(net)).graph)
    (tmp_path / "b.toml").write_text(block % "true")
    second = graph_digest(cnnspec.load(str(net)).graph)
    net.write_text(
        "# another comment\ntitle = 'The same network'\n" + net.read_text().replace("[3]", "[ 3 ]")
    )
    assert graph_digest(cnnspec.load(str(net)).graph) == second
    net.write_text(net.read_text() + '[reference.net]\ntorchvision = "vgg11"\n')
    third = graph_digest(cnnspec.load(str(net)).graph)
    net.write_text(net.read_text().replace("[ 3 ]", "[4]"))
    assert len({first, second, third, graph_digest(cnnspec.load(str(net)).graph)}) == 4


def test_measuring_and_comparing_import_no_compiler() -> None:
    """The compiler takes as long to import as torch itself. (torchvision imports it anyway.)"""
    code = (
        "import sys, cnnspec\nnet = cnnspec.load('resnet20_cifar')\n"
        "verdict = cnnspec.verify(net, model=net.build())\n"
        "print(verdict.passed, len(verdict.checks), 'torch._dynamo' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=True
    )
    assert done.stdout.split() == ["True", "10", "False"]


@pytest.mark.parametrize(
    "name",
    [
        "resnet18",
        "googlenet_torchvision",
        "mobilenet_v3_small",
        "shufflenet_v2_x0_5",
        "squeezenet1_1",
    ],
)
def test_small_network_equals_its_reference_on_small_images(name: str) -> None:
    import_torchvision()
    verdict = cnnspec.verify(
        cnnspec.load(name, input=(3, 64, 64)), device="cpu", against="torchvision"
    )
    assert verdict, str(verdict)
    assert len(verdict.checks) == 9


@pytest.mark.long
@pytest.mark.parametrize(
    "reference",
    [pytest.param(r, id=f"{r.network}-{r.library}") for r in references() if r.network not in HUGE],
)
def test_network_equals_its_reference(reference: Reference) -> None:
    """Use small images where the network takes them.

    reports/verification.md compares all networks at full size.
    """
    import_torchvision() if reference.library == "torchvision" else import_timm()
    try:
        net = cnnspec.load(reference.path, input=(3, 96, 96), strict_input=True)
    except cnnspec.SpecError:
        net = cnnspec.load(reference.path)
    if net.graph.unfit:  # auxiliary heads
        net = cnnspec.load(reference.path)
    verdict = cnnspec.verify(net, device="cpu", against=reference.library)
    assert verdict, str(verdict)
    assert len(verdict.checks) == 9


@pytest.mark.long
def test_network_made_for_smaller_images_equals_its_reference(tmp_path: Path) -> None:
    """The library makes its model for that size too.

    Attention is one call there, and several operators here.
    """
    import_timm()
    text = (SPECS / "sam.toml").read_text(encoding="utf-8")
    file = tmp_path / "sam.toml"
    file.write_text(text.replace("[3, 1024, 1024]", "[3, 256, 256]"), encoding="utf-8")
    verdict = cnnspec.verify(f"{file}:sam_vit_b", device="cpu", against="timm")
    assert verdict, str(verdict)
    assert verdict.checks[-1].against == "timm samvit_base_patch16 with img_size = (256, 256)"


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize(
    "name",
    [
        "lenet5",
        "resnet18",
        "convnext_tiny",
        "efficientnet_b0",
        "squeezenet1_1",
        "unet",
        "yolox_s",
        "shufflenet_v2_x0_5",
        "sam_vit_b",
    ],
)
def test_a_quick_recording_on_meta_is_that_of_pytorch(
    name: str, training: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, Any] = {"depth": 1} if name == "sam_vit_b" else {}
    graph = cnnspec.load(name, **given).graph
    quick = record_on_meta(graph)[training]
    monkeypatch.setattr("cnnspec.pytorch.draws.QuickShapes", nullcontext)
    slow = record_on_meta(graph)[training]
    assert quick == slow
    assert [c.output for c in quick.calls] == [c.output for c in slow.calls]
