"""The networks of the zoo as PyTorch source: the same tensors and outputs, and tidy source."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import cnnspec
from cnnspec.exporting.pytorch.write_file import PyTorchSource, write_pytorch
from cnnspec.graph.build import load_graph
from cnnspec.pytorch.built_module import build_module
from cnnspec.pytorch.check_export import check_export, load_source, state_of
from tests.exporting.ruff_check import assert_ruff_leaves

FAMILIES = cnnspec.networks()
QUICK = ("lenet5", "lenet5_original", "resnet20_cifar_b", "conv_autoencoder", "cnn_1d", "mlp_32x32")
TYPED = (  # whose sources mypy checks
    *("resnet50", "efficientnet_b0", "densenet121", "unet", "inception_v3", "mobilenet_v2"),
    *("googlenet", "yolox_s", "dcgan_generator"),
)
MOST_MACS = 2e10  # for a whole comparison: larger ones compare the tensors only
ALONE = """
import sys
class Blocked:
    def find_spec(self, name, *rest):
        if name.partition(".")[0] in ("cnnspec", "torchvision", "timm"):
            raise ImportError(name)
sys.meta_path.insert(0, Blocked())
import runpy
runpy.run_path(sys.argv[1], run_name="__main__")
"""


def write(name: str) -> PyTorchSource:
    return write_pytorch(lambda more: load_graph(name, more))


def cases() -> list[object]:
    names = [name for family in FAMILIES.values() for name in family]
    return [pytest.param(n, marks=[] if n in QUICK else [pytest.mark.long]) for n in names]


def test_the_quick_networks_exist() -> None:
    assert {*QUICK} <= {name for family in FAMILIES.values() for name in family}


@pytest.mark.parametrize("name", cases())
def test_the_file_gives_the_tensors_and_outputs_of_the_spec(name: str) -> None:
    source = write(name)
    if cnnspec.load(name).totals.macs <= MOST_MACS:
        found = check_export(source.graph, source.text, source.function)
        assert found.differences == ()
        return
    with torch.device("meta"):
        written = load_source(source.text, source.function)()
    built = build_module(source.graph, "meta")
    shapes = [{n: t.shape for n, t in state_of(model).items()} for model in (built, written)]
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize("family", FAMILIES)
def test_the_source_is_as_ruff_leaves_it(family: str, tmp_path: Path) -> None:
    text = write(FAMILIES[family][0]).text
    assert_ruff_leaves(text, tmp_path)
    for made in ast.walk(ast.parse(text)):
        if isinstance(made, ast.ClassDef | ast.FunctionDef):
            undocumented = isinstance(made, ast.FunctionDef) and made.name != family
            assert undocumented or ast.get_docstring(made)


def test_repeated_layers_are_loops_over_tables() -> None:
    text = write("resnet50").text
    assert "class Stage(nn.Sequential):" in text
    assert "class Stage2" not in text
    assert "Bottleneck(in_channels, width, stride if i == 0 else 1)" in text
    table = ("(3, 1, 64),  # 256 x 56 x 56", "(4, 2, 128),  # 512 x 28 x 28")
    assert "\n            ".join(table) in text
    assert "for i, (repeats, stride, width) in enumerate(table):" in text


@pytest.mark.parametrize(
    ("name", "lines"), [("resnet50", 130), ("efficientnet_b0", 170), ("vgg16", 100)]
)
def test_files_are_as_short_as_written_ones(name: str, lines: int) -> None:
    assert len(write(name).text.splitlines()) <= lines


def test_sources_pass_mypy(tmp_path: Path) -> None:
    for name in (*TYPED, *QUICK):
        (tmp_path / f"{name}.py").write_text(write(name).text, encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file=", "--strict", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_file_runs_without_cnnspec(tmp_path: Path) -> None:
    file = tmp_path / "net.py"
    file.write_text(write("resnet20_cifar").text, encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-I", "-c", ALONE, str(file)], capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout) == (0, "(1, 10)\n269,722 parameters\n"), ran.stderr


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("nn.Linear(64, num_classes)", "nn.Linear(64, num_classes + 1)", "fc.weight: (10, 64) in"),
        ("F.relu(y + x, inplace=True)", "F.relu(y - x, inplace=True)", "inference, output 0: a"),
        ("2d(self.out_channels)", "2d(self.out_channels, momentum=0.2)", "conv1.norm.running"),
    ],
)
def test_a_wrong_file_is_found(before: str, after: str, said: str) -> None:
    source = write("resnet20_cifar")
    assert before in source.text
    wrong = source.text.replace(before, after)
    found = check_export(source.graph, wrong, source.function)
    assert found.differences[0].startswith(said)
