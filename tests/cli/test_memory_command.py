"""cnnspec memory: its pages, its limits, and what it cannot know."""

import json

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
    (["segnet"], "what maxunpool needs in memory has not been measured yet"),
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
