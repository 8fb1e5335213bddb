"""Files that are damaged, of another kind, or with unknown operators get clear messages."""

import random
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from torch import nn

from cnnspec.cli import cli
from cnnspec.importing.canonical.canonicalize import UnsupportedModel
from cnnspec.importing.import_file import import_model_file
from cnnspec.problems import RequestError
from tests.importing.onnx_files import export_onnx, write_onnx

onnx = pytest.importorskip("onnx")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["import", *arguments])


def refusal(*arguments: str) -> str:
    """Return the message for a request that cannot be understood, which gives exit code 2."""
    result = run(*arguments)
    assert isinstance(result.exception, RequestError)
    return str(result.exception)


def make_file(folder: Path) -> Path:
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten())
    return Path(export_onnx(folder / "net.onnx", model, (3, 8, 8)))


def test_the_spec_of_a_file_is_written_and_proven(tmp_path: Path) -> None:
    path, written = make_file(tmp_path).rename(tmp_path / "net.bin"), tmp_path / "net.toml"
    result = run(str(path), "--output", str(written))
    assert result.exit_code == 0, result.output
    assert "net: passed on CPU" in result.stderr
    assert 'source = "ONNX file by pytorch, operator set 20"' in written.read_text()


def test_a_file_that_ends_early_is_refused_at_every_length(tmp_path: Path) -> None:
    data = make_file(tmp_path).read_bytes()
    short = tmp_path / "short.onnx"
    for length in [0, 1, 2, 5, 20, 100, 500, len(data) // 2, len(data) - 1]:
        short.write_bytes(data[:length])
        with pytest.raises(RequestError, match=r"is no complete ONNX file|is no model file"):
            import_model_file(str(short))
    assert refusal(str(short), "--output", str(tmp_path / "short.toml"))
    assert not (tmp_path / "short.toml").exists()


def test_damaged_files_never_show_a_traceback(tmp_path: Path) -> None:
    data, draw, path = make_file(tmp_path).read_bytes(), random.Random(1), tmp_path / "bad.onnx"
    for _ in range(150):
        damaged = bytearray(data)
        for _ in range(draw.randrange(1, 6)):
            damaged[draw.randrange(min(len(damaged), 1200))] = draw.randrange(256)
        path.write_bytes(bytes(damaged))
        try:
            import_model_file(str(path))
        except RequestError:
            continue


def test_unknown_operators_are_all_named_and_nothing_is_written(tmp_path: Path) -> None:
    make = onnx.helper.make_node
    nodes = [
        make("Conv", ["x", "w"], ["a"], name="first"),
        make("NonZero", ["a"], ["b"], name="odd"),
        make("Relu", ["b"], ["c"], name="after"),
        make("MyLayer", ["c"], ["y"], name="own", domain="com.example"),
    ]
    path, written = (
        write_onnx(tmp_path / "n.onnx", nodes, (3, 8, 8), {"w": (4, 3, 3, 3)}),
        tmp_path / "n.toml",
    )
    with pytest.raises(UnsupportedModel) as found:
        import_model_file(path, ((3, 8, 8),))
    assert found.value.calls == (
        "odd: NonZero: no operator does this",
        "own: com.example.MyLayer: no operator does this",
    )
    result = run(path, "--input", "3,8,8", "--output", str(written))
    assert result.exit_code == 1
    assert "own: com.example.MyLayer" in result.stderr
    assert not written.exists()
    part = run(path, "--input", "3,8,8", "--output", str(written), "--partial")
    assert part.exit_code == 1
    assert 'op = "conv"' in written.read_text()
    assert "Only the part before a layer" in written.read_text()


def test_names_of_nodes_cannot_change_the_terminal(tmp_path: Path) -> None:
    odd = onnx.helper.make_node("Odd", ["x"], ["y"], name="\x1b[31mred")
    with pytest.raises(UnsupportedModel) as found:
        import_model_file(write_onnx(tmp_path / "n.onnx", [odd], (3, 8, 8)))
    assert "\x1b" not in str(found.value)


REFUSED = {
    "text": (b"layers = 3", "is no model file that cnnspec knows"),
    "nothing": (b"", "is no model file that cnnspec knows"),
    "weights of PyTorch": (b"PK\x03\x04" + b"x/data.pkl" * 9, "it is a checkpoint of PyTorch"),
    "a TensorFlow Lite file": (b"\x1c\0\0\0TFL3" + bytes(64), "it is a TensorFlow Lite file"),
    "HDF5": (b"\x89HDF\r\n\x1a\n" + bytes(64), "it is an HDF5 file"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_other_files_are_refused_by_their_content(case: str, tmp_path: Path) -> None:
    content, message = REFUSED[case]
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    assert message in refusal(str(path))


@pytest.mark.parametrize("name", ["nowhere.onnx", "nowhere/model", "nowhere.cfg"])
def test_a_file_that_is_not_there_is_called_so(name: str) -> None:
    assert f"there is no file {name}" in refusal(name)


def test_a_folder_is_called_so(tmp_path: Path) -> None:
    assert "is a folder" in refusal(str(tmp_path))


def test_code_without_the_name_of_a_class_is_explained(tmp_path: Path) -> None:
    path = tmp_path / "nets.py"
    path.write_text("class Net: ...")
    assert "as nets.py:Net" in refusal(str(path))
    assert "takes torchvision:resnet50, timm:resnetv2_50, package.module" in refusal(f"{path}:")


def test_the_model_file_is_never_written_over(tmp_path: Path) -> None:
    path = make_file(tmp_path)
    content = path.read_bytes()
    assert "has read it: name another file" in refusal(str(path), "--output", str(path))
    assert path.read_bytes() == content


def test_the_code_of_a_model_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "written_once.py"
    path.write_text("from torch import nn\n\ndef make():\n    return nn.Conv2d(3, 4, 3)\n")
    code = path.read_text()
    found = refusal(f"{path}:make", "--input", "3,8,8", "--output", str(path))
    assert "has read it: name another file" in found
    assert path.read_text() == code


def test_arguments_are_for_factories(tmp_path: Path) -> None:
    assert "a model file takes none" in refusal(str(make_file(tmp_path)), "--arg", "classes=3")


def test_another_number_of_inputs_is_refused(tmp_path: Path) -> None:
    inputs = ("--input", "3,8,8", "--input", "3,8,8")
    assert "has 1 input (input.1), not 2" in refusal(str(make_file(tmp_path)), *inputs)
