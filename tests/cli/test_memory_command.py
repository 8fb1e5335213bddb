"""cnnspec memory: its pages, its limits, and what it cannot predict."""

import csv
import json
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

import cnnspec
from cnnspec.analyses.memory.largest_batch import (
    BatchSearch,
    double_first_stride,
    find_largest_batch,
    give_advice,
)
from cnnspec.cli import cli
from cnnspec.units import format_bytes, parse_bytes


def test_json_adds_up() -> None:
    result = CliRunner().invoke(
        cli, ["memory", "resnet18", "--batch", "2", "--optimizer", "adam", "--format", "json"]
    )
    found = json.loads(result.output)
    assert found["parameters"] == found["gradients"] == 4 * 11_689_512
    assert (
        found["state"] == 2 * found["parameters"] + 4 * 62
    )  # 62 tensors, each with its count of steps
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
    fit = find_largest_batch(BatchSearch(net.graph, 10**8, optimizer="adam", mode=mode))
    for n, bytes_ in ((fit.batch, fit.peak), (fit.batch + 1, fit.next)):
        found = net.memory(n, optimizer="adam")
        assert bytes_ == (found.training_peak if mode == "training" else found.inference_peak)
    assert fit.peak <= 10**8 < fit.next


@pytest.mark.parametrize("name", ["resnet18", "unet", "lenet5"])
@pytest.mark.parametrize("budget", [2 * 10**9, 7 * 10**9 + 1, 2**36])
def test_the_largest_batch_takes_few_plans(
    name: str, budget: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    peak, planned = BatchSearch.peak, []

    def count(self: BatchSearch, batch: int) -> int:
        planned.append(batch)
        return peak(self, batch)

    monkeypatch.setattr(BatchSearch, "peak", count)
    search = BatchSearch(cnnspec.load(name).graph, budget)
    fit = find_largest_batch(search)
    assert len(planned) <= 9
    assert fit.peak == peak(search, fit.batch) <= budget < peak(search, fit.batch + 1) == fit.next


def test_the_largest_batch_says_what_one_more_example_would_need() -> None:
    lacks = cnnspec.load("lenet5").memory(9).training_peak - 10**6
    text = CliRunner().invoke(cli, ["memory", "lenet5", "--fit", "1MB"]).output
    assert f"one more example would need {format_bytes(lacks)} more." in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["lenet5", "--fit", "lots"], "--fit takes a size such as 24GiB or 500MB, not 'lots'"),
        (
            ["lenet5", "--fit", "100KB"],
            r"no batch fits: the parameters alone are 246.8 kB in float32,"
            r" and the budget is 100 kB",
        ),
        (["lenet5", "--fit", "1000000TB"], "even 1,000,000,000 examples of lenet5 fit into"),
        (["lenet5", "--fit", "1GB", "--batch", "3"], "--fit finds the batch itself"),
        (["lenet5", "--batch", "9" * 20], "at most 1,000,000,000 examples, not 9999"),
        (["lenet5", "--fit", "300KB"], "no batch fits: one example needs"),
        (
            ["resnet50", "--freeze", "layer9.*"],
            r"'layer9.\*' matches no layer with parameters; did you mean 'layer\d",
        ),
        (["lenet5", "--freeze", "*"], "every layer with parameters is frozen"),
        (
            ["unet", "--loss", "cross_entropy"],
            "cross_entropy takes a vector of logits, but the output of score is 2x388x388",
        ),
    ],
)
def test_what_cannot_be_answered_is_said(arguments: list[str], message: str) -> None:
    with pytest.raises(cnnspec.RequestError, match=message):
        CliRunner().invoke(cli, ["memory", *arguments], catch_exceptions=False)


@pytest.mark.parametrize(
    "arguments", [["--batch", "0"], ["--dtype", "int4"], ["--optimizer", "lion"]]
)
def test_what_is_no_request_is_refused(arguments: list[str]) -> None:
    assert CliRunner().invoke(cli, ["memory", "lenet5", *arguments]).exit_code == 2


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"batch": 0}, "at least one example"),
        ({"dtype": "float23"}, "did you mean 'float32'"),
        ({"optimizer": "adamm"}, "did you mean 'adam'"),
        ({"batch": -3}, "not -3"),
        ({"batch": 2.5}, "not 2.5"),
        ({"mode": "train"}, "did you mean 'training'"),
        ({"loss": "nll"}, "there are cross_entropy, mse"),
    ],
)
def test_python_gets_the_same_messages(given: dict[str, Any], message: str) -> None:
    with pytest.raises(cnnspec.RequestError, match=message):
        cnnspec.load("lenet5").memory(**given)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("24GiB", 24 * 2**30),
        ("1.5 MB", 1_500_000),
        ("500", 500),
        ("12Gi", 12 * 2**30),
        ("x", None),
        ("-1GB", None),
        ("1e400", None),
    ],
)
def test_sizes_are_read(text: str, size: int | None) -> None:
    assert parse_bytes(text) == size


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1 kB"),
        (1234, "1.2 kB"),
        (80_000, "80 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB (976.5 KiB)"),
        (17 * 2**20, "17.8 MB (17 MiB)"),
        (243_860_896, "243.9 MB (232.6 MiB)"),
        (24 * 2**30, "25.8 GB (24 GiB)"),
        (1023 * 2**20, "1.1 GB (1.0 GiB)"),
    ],
)
def test_sizes_are_printed_in_the_unit_that_gives_1_to_999(size: int, text: str) -> None:
    assert format_bytes(size) == text
    assert format_bytes(size, binary=False) == text.partition(" (")[0]


def test_a_frozen_layer_has_no_gradient_and_no_state() -> None:
    whole, found = (
        cnnspec.load("resnet18").memory(optimizer="adam", freeze=f)
        for f in ((), ("layer*", "conv1"))
    )
    head = 4 * (512 * 1000 + 1000)
    assert found.gradients == head
    assert found.state == 2 * head + 2 * 4  # two tensors
    assert found.parameters == whole.parameters
    assert found.saved < whole.saved / 2


def test_the_advice_makes_room() -> None:
    net = cnnspec.load("resnet18")
    question = BatchSearch(net.graph, 2 * 10**9, optimizer="adam")
    fit = find_largest_batch(question)
    half, narrow, strided = give_advice(question, fit)
    assert half.batch == fit.batch // 2
    assert fit.peak / 2 < half.peak < fit.peak
    assert narrow.change.startswith("16-bit")
    assert (
        0.5 < narrow.peak / fit.peak < 0.54
    )  # indices of pools and statistics of norms stay as wide as they are
    assert narrow.batch > 1.9 * fit.batch
    assert strided.change == "twice the stride of conv1"
    assert strided.batch > 3 * fit.batch  # a quarter of the positions


def test_a_doubled_stride_is_the_spec_with_a_doubled_stride(tmp_path: Path) -> None:
    text = """
name = "n"
input = [3, 32, 32]
layers = [
  { name = "a", op = "conv", out_channels = 8, kernel_size = 3, stride = %d },
  { name = "b", op = "maxpool", kernel_size = 2 },
  { name = "c", op = "maxunpool", from = ["b", "b"] },
  { name = "d", op = "flatten" },
  { name = "e", op = "linear", out_features = 5 },
]
"""
    (tmp_path / "n.toml").write_text(text % 1)
    (tmp_path / "m.toml").write_text(text % 2)
    found = double_first_stride(cnnspec.load(str(tmp_path / "n.toml")).graph)
    assert found is not None
    assert [n.output for n in found[1].nodes] == [
        n.output for n in cnnspec.load(str(tmp_path / "m.toml")).graph.nodes
    ]


def test_a_network_of_which_no_smaller_map_fits_is_given_no_such_advice() -> None:
    assert double_first_stride(cnnspec.load("keras_cifar_cnn").graph) is None


@pytest.mark.parametrize("mode", ["inference", "training"])
def test_a_timeline_rises_to_the_peak(tmp_path: Path, mode: str) -> None:
    found = cnnspec.load("lenet5").memory(2)
    for kind in ("csv", "json", "svg"):
        written = tmp_path / f"t.{kind}"
        arguments = ["memory", "lenet5", "--batch", "2", "--mode", mode, "--timeline", str(written)]
        assert CliRunner().invoke(cli, arguments).exit_code == 0
    live = [
        int(row["live"]) for row in csv.DictReader((tmp_path / "t.csv").read_text().splitlines())
    ]
    assert max(live) == (found.training_peak if mode == "training" else found.inference_peak)
    assert [e["live"] for e in json.loads((tmp_path / "t.json").read_text())["events"]] == live
    elements = {e.tag.rpartition("}")[2]: e for e in ElementTree.parse(tmp_path / "t.svg").iter()}
    assert "circle" in elements
    outline = [pair.split(",") for pair in elements["polygon"].attrib["points"].split()]
    for (x, y), (next_x, next_y) in pairwise(outline):
        assert x == next_x or y == next_y  # a step, no slanted line


def test_a_timeline_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(cnnspec.RequestError, match="--timeline writes"):
        CliRunner().invoke(
            cli, ["memory", "lenet5", "--timeline", str(tmp_path / "t.png")], catch_exceptions=False
        )
