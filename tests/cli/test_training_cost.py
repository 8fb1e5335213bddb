"""cnnspec table --training-cost: MACs of a training step, and of an epoch."""

import json

import pytest
from click.testing import CliRunner

from cnnspec.cli import cli
from cnnspec.problems import RequestError

FORWARD = 416_520  # of LeNet-5: C1 117,600, C3 240,000, C5 48,000, F6 10,080, OUTPUT 840
STEP = 3 * FORWARD - 117_600  # the gradient of the image is not needed


def table(*args: str) -> str:
    found = CliRunner().invoke(cli, ["table", "lenet5", *args], catch_exceptions=False)
    assert found.exit_code == 0
    return found.output


def test_a_step_and_an_epoch_by_hand() -> None:
    text = " ".join(table("--training-cost", "--examples", "60000").split())
    assert f"A training step takes {STEP:,} MACs for each example (1.132 MMACs, 2.72 x" in text
    assert f"{FORWARD:,} forward and {STEP - FORWARD:,} backward" in text
    assert f"An epoch of 60,000 examples takes {60_000 * STEP:,} MACs" in text
    assert "C1 conv+tanh 6x28x28 117,600 0 117,600" in text


def test_json_has_the_same_numbers_for_each_row() -> None:
    found = json.loads(table("--training-cost", "--format", "json"))
    assert found["totals"]["training_macs"] == STEP
    for key in ("input_gradient_macs", "weight_gradient_macs", "training_macs"):
        assert sum(row[key] for row in found["layers"]) == found["totals"][key]
    assert "training_macs" not in json.loads(table("--format", "json"))["totals"]


def test_frozen_layers_have_no_gradients_of_weights() -> None:
    frozen = ["--training-cost", "--freeze", "C*", "--format", "json"]
    found = json.loads(table(*frozen))["totals"]
    # the first trained layer, F6, needs no gradient of its input; OUTPUT has both
    assert (found["input_gradient_macs"], found["weight_gradient_macs"]) == (840, 10_080 + 840)


def test_columns_show_them_in_any_table() -> None:
    text = table("--columns", "layer,training_macs")
    assert f"Total {STEP:,}" in " ".join(text.split())


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--examples", "5"], "go with --training-cost"),
        (["--freeze", "C1"], "go with --training-cost"),
        (["--training-cost", "--preset", "full"], "has columns of its own"),
        (["--training-cost", "--columns", "layer"], "has columns of its own"),
        (["--training-cost", "--freeze", "Z*"], "matches no layer with parameters"),
    ],
)
def test_requests_that_do_not_fit_together(args: list[str], words: str) -> None:
    with pytest.raises(RequestError, match=words.replace("*", r"\*")):
        table(*args)
