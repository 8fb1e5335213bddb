"""Fuzzing: whatever an expression is, a spec with it gives a network or problems with places."""

import random
from pathlib import Path

import pytest
from hypothesis import given, settings

from tests.mutated import FUZZED, SEEDS
from tests.pipeline import outcome
from tests.random_expressions import ARGUMENTS, random_expression

# A spec for every key that takes an expression, which replaces ?.
PLACES = {
    "a field": 'layers = [{ name = "a", op = "conv", out_channels = "?", kernel_size = 1 }]',
    "a list": 'layers = [{ name = "a", op = "conv", out_channels = 4, kernel_size = ["?", 1] }]',
    "a text": 'layers = [{ name = "a", op = "relu" }, { name = "b{?}c", op = "relu" }]',
    "name": 'layers = [{ name = "?", op = "relu", repeat = 2 }]',
    "op": 'layers = [{ name = "a", op = "?", out_channels = 4, kernel_size = 1 }]',
    "from": """layers = [
  { name = "a{k}", op = "relu", each = [{}, {}] },
  { name = "b", op = "add", from = "?" },
]""".replace("{k}", "{i}"),
    "repeat": 'layers = [{ name = "a", op = "relu" }, { name = "b", op = "relu", repeat = "?" }]',
    "each": """layers = [{ name = "a{i}", op = "unit", each = "?" }]
[blocks.unit]
args = ["k"]
layers = [{ name = "c", op = "conv", out_channels = "{k}", kernel_size = 1 }]""",
    "when": 'layers = [{ name = "a", op = "relu" }, { name = "b", op = "relu", when = "?" }]',
    "norm": """layers = [
  { name = "a", op = "conv", out_channels = 4, kernel_size = 1, norm = "?" },
  { name = "b", op = "relu", activation = { op = "leaky_relu", negative_slope = "?" } },
]""",
    "an argument": 'args.x = "?"\nlayers = [{ name = "a", op = "dropout", p = "{x}" }]',
    "a default": """layers = [{ name = "a", op = "unit" }]
[blocks.unit]
defaults = { k = "?" }
layers = [{ name = "c", op = "conv", out_channels = "{k}", kernel_size = "{k}" }]""",
    "an argument of a call": """layers = [{ name = "a", op = "unit", k = "?" }]
[blocks.unit]
args = ["k"]
layers = [{ name = "c", op = "maxpool", kernel_size = "{k}", stride = "{k}" }]""",
    "a preset": """layers = [{ name = "a", op = "unit", k = 2 }]
[blocks.unit]
args = ["k"]
op = "conv"
kernel_size = "{k}"
out_channels = "?" """,
    "a variant": 'args.x = 1\nlayers = [{ name = "a", op = "relu" }]\n[variants.v]\nx = "?"',
}


def endures(folder: Path, place: str, seed: int, shape: str = "[3, 8, 8]") -> None:
    expression = random_expression(random.Random(seed))
    file = folder / "net.toml"
    head = f'name = "net"\ninput = {shape}\n'.replace("?", f"{{{expression}}}")
    body = PLACES[place].replace("{?}", "?").replace("?", f"{{{expression}}}")
    broken = 'args.broken = "{1 / 0}"\n' if seed % 4 == 0 else ""
    file.write_text(head + broken + ARGUMENTS + body + "\n")
    outcome(file, brief=True)


@pytest.mark.parametrize("place", PLACES)
@settings(max_examples=25, **FUZZED)
@given(seed=SEEDS)
def test_random_expressions(tmp_path: Path, place: str, seed: int) -> None:
    endures(tmp_path, place, seed)


@settings(max_examples=25, **FUZZED)
@given(seed=SEEDS)
def test_random_expressions_in_the_input(tmp_path: Path, seed: int) -> None:
    endures(tmp_path, "a field", seed, '[3, "?", 8]')


@pytest.mark.long
@pytest.mark.parametrize("place", PLACES)
@settings(max_examples=2000, **FUZZED)
@given(seed=SEEDS)
def test_many_random_expressions(tmp_path: Path, place: str, seed: int) -> None:
    endures(tmp_path, place, seed)
