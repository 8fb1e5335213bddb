"""The JSON Schema is one, accepts every spec of the zoo, and refuses what the language refuses."""

import tomllib
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from cnnspec.spec.schema import schema
from cnnspec.spec.zoo import families

VALIDATOR = Draft7Validator(schema())
GOOD: dict[str, Any] = tomllib.loads("""
name = "net"
input = [3, 32, 32]
layers = [
  { name = "c", op = "conv", out_channels = "{2 * 3}", kernel_size = [3, 5], padding = [[1, 0], 2] },
  { name = "u", op = "unit", from = "c", width = 3 },
  { name = "s", share = "u", from = ["previous"] },
]
[blocks.unit]
args = ["width"]
layers = [{ name = "c", op = "conv_bn", out_channels = "{width}", kernel_size = 1, activation = "relu" }]
[blocks.conv_bn]
op = "conv"
bias = false
norm = "batchnorm"
[budget.net]
params = 10
macs = "1.2 GFLOPs"
weights = "<= 50 MiB"
receptive_field = 224
batch = 8
optimizer = "adam"
""")


def test_the_schema_is_a_draft_07_schema() -> None:
    Draft7Validator.check_schema(schema())
    assert schema()["$schema"] == "http://json-schema.org/draft-07/schema#"


@pytest.mark.parametrize("path", families(), ids=lambda p: Path(p).stem)
def test_every_spec_of_the_zoo_is_accepted(path: str) -> None:
    data = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    assert [f"{'/'.join(map(str, e.absolute_path))}: {e.message}" for e in VALIDATOR.iter_errors(data)] == []


def test_a_plain_spec_is_accepted() -> None:
    assert list(VALIDATOR.iter_errors(GOOD)) == []


@pytest.mark.parametrize(("where", "key", "value"), [
    pytest.param((), "inptu", [3, 4, 5], id="an unknown key of the spec"),
    pytest.param(("layers", 0), "kernel", 3, id="an unknown field of an operator"),
    pytest.param(("layers", 0), "stride", 1.5, id="a float for an integer"),
    pytest.param(("layers", 0), "stride", 0, id="a stride of zero"),
    pytest.param(("layers", 0), "bias", "yes", id="a text for a flag"),
    pytest.param(("layers", 0), "padding", "full", id="an unknown padding"),
    pytest.param(("layers", 0), "out_channels", None, id="a required field left out"),
    pytest.param(("layers", 0), "op", None, id="a line without op and share"),
    pytest.param(("layers", 0), "name", None, id="a line without a name"),
    pytest.param(("layers", 0), "repeat", -1, id="a negative repeat"),
    pytest.param(("layers", 2), "op", "relu", id="a line with op and share"),
    pytest.param(("blocks", "unit"), "layer", [], id="an unknown key of a block"),
    pytest.param(("blocks", "unit", "layers", 0), "op", None, id="a line of a block without op"),
    pytest.param(("blocks", "conv_bn"), "biass", True, id="an unknown field of a preset"),
    pytest.param(("blocks", "conv_bn"), "bias", "no", id="a text for a flag of a preset"),
    pytest.param((), "layers", None, id="no layers"),
    pytest.param(("budget", "net"), "parms", 5, id="an unknown limit"),
    pytest.param(("budget", "net"), "params", "5 MiB", id="bytes for a count"),
    pytest.param(("budget", "net"), "weights", "5 MMACs", id="work for bytes"),
    pytest.param(("budget", "net"), "params", 1.5, id="a float for a limit"),
    pytest.param(("budget", "net"), "batch", 0, id="a batch of nothing"),
    pytest.param(("budget", "net"), "dtype", "int8", id="an unknown dtype"),
    pytest.param((), "layers", [], id="empty layers"),
    pytest.param((), "input", "large", id="an input that is a word"),
])
def test_a_wrong_spec_is_refused(where: tuple[str | int, ...], key: str, value: Any) -> None:
    spec = deepcopy(GOOD)
    table: Any = spec
    for step in where:
        table = table[step]
    table[key] = value
    if value is None:
        del table[key]
    assert not VALIDATOR.is_valid(spec)
