"""S006 and the notes on an input: shapes that look like another order of sizes, and that do not."""

import pytest

from tests.rules.linting import lint_text

CONV = '{ name = "c", op = "conv", out_channels = 4, kernel_size = 1 }'
FLAT = '{ name = "c", op = "flatten" }, { name = "f", op = "linear", out_features = 4 }'


@pytest.mark.parametrize(
    ("shape", "meant"),
    [
        ("[1, 3, 224, 224]", "[3, 224, 224]"),
        ("[32, 3, 64, 48]", "[3, 64, 48]"),
        ("[1, 1, 28, 28]", "[1, 28, 28]"),
        ("[28, 28]", "[1, 28, 28]"),
        ("[32, 32, 3]", "[3, 32, 32]"),
        ("[28, 28, 1]", "[1, 28, 28]"),
        ("[4, 3, 224, 224]", "[3, 224, 224]"),
        ("[2, 1, 28, 28]", "[1, 28, 28]"),
        ("[480, 640]", "[1, 480, 640]"),
        ("[1280, 720]", "[1, 1280, 720]"),
    ],
)
def test_a_shape_in_another_order_is_found_with_what_is_meant(shape: str, meant: str) -> None:
    (problem,) = lint_text(f"input = {shape}\nlayers = [{CONV}]\n", "S006")
    assert problem.hint.endswith(f": {meant}")
    assert (problem.where.line, problem.where.column) == (2, 9)
    assert lint_text(f"input = {meant}\nlayers = [{CONV}]\n", "S006") == []


@pytest.mark.parametrize(
    "shape",
    [
        "[3, 224, 224]",
        "[1, 28, 28]",
        "[3, 16, 112, 112]",
        "[3, 3, 64, 64]",
        "[1, 32, 64, 64]",
        "[12, 5000]",
        "[1, 784]",
        "[4, 4]",
        "[128, 200]",
        "[768, 1024]",
        "[64, 1, 1]",
        "[64, 7, 7]",
        "[784]",
    ],
)
def test_shapes_of_images_signals_and_volumes_are_not_found(shape: str) -> None:
    layers = CONV if "," in shape else '{ name = "c", op = "linear", out_features = 4 }'
    assert lint_text(f"input = {shape}\nlayers = [{layers}]\n", "S006") == []


@pytest.mark.parametrize("shape", ["[1, 3, 24, 24]", "[28, 28]", "[32, 32, 3]"])
def test_an_input_that_is_only_flattened_is_not_found(shape: str) -> None:
    assert lint_text(f"input = {shape}\nlayers = [{FLAT}]\n", "S006") == []


def test_the_place_is_that_of_the_input_in_a_table_and_in_a_variant() -> None:
    text = """
name = "net"
inputs = ["a", "b"]
input = { a = [3, 8, 8], b = [1, 3, 24, 24] }
layers = [
  { name = "c", op = "conv", out_channels = 4, kernel_size = 1 },
  { name = "d", op = "conv", out_channels = 4, kernel_size = 1, from = "b" },
  { name = "e", op = "flatten", repeat = 1, from = ["previous"] },
  { name = "f", op = "flatten", from = "c" },
  { name = "g", op = "concat", from = ["e", "f"] },
]
"""
    (problem,) = lint_text(text, "S006")
    assert (problem.where.line, problem.where.column) == (3, 30)
    assert problem.message.startswith("b is read as 1 channel of 3x24x24")
