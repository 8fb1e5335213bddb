"""cnnspec memory: its pages, its limits, and what it cannot know."""

import csv
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

import cnnspec
from cnnspec.analyses.memory.answer import largest_batch
from cnnspec.cli import cli
from cnnspec.units import byte_size


def test_json_adds_up() -> None:
    result = CliRunner().invoke(cli, ["memory", "resnet18", "--batch", "2", "--optimizer", "adam", "--format", "json"])
    found = json.loads(result.output)
    assert found["parameters"] == found["gradients"] == 4 * 11_689_512
    assert found["state"] == 2 * found["parameters"] + 4 * 62  # 62 tensors, each with its count of steps
    assert found["input"] == 2 * 3 * 224 * 224 * 4
    assert found["training_peak"] > found["parameters"] + found["state"] + found["saved"]


def test_two_layers_and_all_layers_are_sums_of_maps() -> None:
    found = cnnspec.load("bird_cnn").memory()
    sizes = [row.activation_size for row in cnnspec.load("bird_cnn").layers]
    assert found.all_layers >= 4 * sum(sizes)  # activations of a row are nodes of their own
    assert found.two_layers == 4 * (6272 + 6272)  # the first convolution and its activation


@pytest.mark.parametrize("mode", ["inference", "training"])
def test_the_largest_batch_is_the_largest(mode: str) -> None:
    net = cnnspec.load("lenet5")
    batch, peak, next_ = largest_batch(net.graph, 10**8, "float32", "adam", "", mode)
    for n, bytes_ in ((batch, peak), (batch + 1, next_)):
        found = net.memory(n, optimizer="adam")
        assert bytes_ == (found.training_peak if mode == "training" else found.inference_peak)
    assert peak <= 10**8 < next_


@pytest.mark.parametrize(("arguments", "message"), [
    (["lenet5", "--fit", "lots"], "--fit takes a size such as 24GiB or 500MB, not 'lots'"),
    (["lenet5", "--fit", "1KiB"], "one example needs"),
])
def test_what_cannot_be_answered_is_said(arguments: list[str], message: str) -> None:
    with pytest.raises(cnnspec.RequestError, match=message):
        CliRunner().invoke(cli, ["memory", *arguments], catch_exceptions=False)


@pytest.mark.parametrize("arguments", [["--batch", "0"], ["--dtype", "int4"], ["--optimizer", "lion"]])
def test_what_is_no_request_is_refused(arguments: list[str]) -> None:
    assert CliRunner().invoke(cli, ["memory", "lenet5", *arguments]).exit_code == 2


@pytest.mark.parametrize(("given", "message"), [
    ({"batch": 0}, "at least one example"), ({"dtype": "float23"}, "did you mean 'float32'"),
    ({"optimizer": "adamm"}, "did you mean 'adam'"),
])
def test_python_gets_the_same_messages(given: dict[str, int], message: str) -> None:
    with pytest.raises(cnnspec.RequestError, match=message):
        cnnspec.load("lenet5").memory(**given)


@pytest.mark.parametrize(("text", "size"), [
    ("24GiB", 24 * 2**30), ("1.5 MB", 1_500_000), ("500", 500), ("12Gi", 12 * 2**30), ("x", None), ("-1GB", None),
    ("1e400", None),
])
def test_sizes_are_read(text: str, size: int | None) -> None:
    assert byte_size(text) == size


@pytest.mark.parametrize("mode", ["inference", "training"])
def test_a_timeline_rises_to_the_peak(tmp_path: Path, mode: str) -> None:
    found = cnnspec.load("lenet5").memory(2)
    for kind in ("csv", "json", "svg"):
        written = tmp_path / f"t.{kind}"
        arguments = ["memory", "lenet5", "--batch", "2", "--mode", mode, "--timeline", str(written)]
        assert CliRunner().invoke(cli, arguments).exit_code == 0
    live = [int(row["live"]) for row in csv.DictReader((tmp_path / "t.csv").read_text().splitlines())]
    assert max(live) == (found.training_peak if mode == "training" else found.inference_peak)
    assert [e["live"] for e in json.loads((tmp_path / "t.json").read_text())["events"]] == live
    assert "circle" in {e.tag.rpartition("}")[2] for e in ElementTree.parse(tmp_path / "t.svg").iter()}


def test_a_timeline_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(cnnspec.RequestError, match="--timeline writes"):
        CliRunner().invoke(cli, ["memory", "lenet5", "--timeline", str(tmp_path / "t.png")], catch_exceptions=False)
