"""The JSON Schema accepts a plain spec, and refuses it with one value that the language refuses."""

import tomllib
from copy import deepcopy
from typing import Any

import pytest

from tests.spec.schema_validators import SECOND, VALIDATOR, accepts

GOOD: dict[str, Any] = tomllib.loads("""
name = "net"
input = [3, 32, 32]
layers = [
  { name = "c", op = "conv", out_channels = "{6}", kernel_size = [3, 5], padding = [[1, 0], 2] },
  { name = "u", op = "unit", from = "c", width = 3 },
  { name = "s", share = "u", from = ["previous"] },
]
[blocks.unit]
args = ["width"]
layers = [
  { name = "c", op = "conv_bn", out_channels = "{width}", kernel_size = 1, activation = "relu" },
]
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


@pytest.mark.skipif(
    SECOND is None, reason="fastjsonschema, the second validator, is not installed: one has to do"
)
def test_there_is_a_second_validator() -> None:
    assert accepts(GOOD)


def test_a_plain_spec_is_accepted() -> None:
    assert list(VALIDATOR.iter_errors(GOOD)) == []
    assert accepts(GOOD)


@pytest.mark.parametrize(
    ("where", "key", "value"),
    [
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
        pytest.param(
            ("blocks", "unit", "layers", 0), "op", None, id="a line of a block without op"
        ),
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
        pytest.param((), "args", {"in_channels": 3}, id="an argument that hides a name"),
        pytest.param((), "args", {"a-b": 3}, id="an argument that no expression can name"),
        pytest.param((), "name", "a/b", id="a name with a slash"),
        pytest.param(("layers", 0), "name", "previous", id="a reserved name"),
        pytest.param(("layers", 0), "activation", "batchnorm", id="an activation that is none"),
        pytest.param(("layers", 0), "norm", {"eps": 1}, id="a norm without op"),
        pytest.param(
            ("layers", 0),
            "norm",
            {"op": "batchnorm", "epsilon": 1},
            id="an unknown field of a norm",
        ),
        pytest.param(
            ("layers", 0),
            "norm",
            {"op": "batchnorm", "eps": "1"},
            id="a text for a number of a norm",
        ),
        pytest.param(
            ("layers", 0), "from", ["input", "input"], id="two inputs for an operator of one"
        ),
        pytest.param(("layers", 0), "op", "add", id="an operator of two inputs that reads one"),
        pytest.param(
            (), "layers", [{"name": "a", "op": "add", "from": ["input"]}], id="one of two inputs"
        ),
        pytest.param(
            (),
            "claims",
            [{"quantity": "params", "value": 3, "valeu": 4}],
            id="an unknown key of a claim",
        ),
        pytest.param(
            ("layers", 1), "repeat", 2, id="a repeated line that reads the same every time"
        ),
        pytest.param(("layers", 2), "each", [1], id="rows for a line with share"),
        pytest.param(("layers", 2), "norm", "batchnorm", id="a norm for a line with share"),
        pytest.param(
            ("blocks", "unit"), "args", ["i"], id="an argument of a block that hides a name"
        ),
        pytest.param((), "budget", {"net": {"parms": 3}}, id="an unknown limit"),
        pytest.param(
            (), "claims", [{"quantity": "parms", "value": 3}], id="a claim about no quantity"
        ),
        pytest.param((), "reference", {"net": {"torchvison": "x"}}, id="an unknown library"),
        pytest.param((), "model", {"args": {}}, id="a model without a factory"),
        pytest.param((), "model", {"factory": "models.Net"}, id="a factory that is no path"),
    ],
)
def test_a_wrong_spec_is_refused(where: tuple[str | int, ...], key: str, value: Any) -> None:
    spec = deepcopy(GOOD)
    table: Any = spec
    for step in where:
        table = table[step]
    table[key] = value
    if value is None:
        del table[key]
    assert not accepts(spec)


@pytest.mark.parametrize(
    ("where", "key", "value"),
    [
        (("layers", 0), "activation", "{act}"),
        (("layers", 0), "activation", "my_preset"),
        (("layers", 0), "norm", {"op": "batchnorm", "eps": "{eps}"}),
        (("layers", 0), "from", "{'input'}"),
        (("layers", 0), "name", "conv{i + 1}.x"),
        (("layers", 1), "norm", 3),
        (("layers", 1), "from", "a.b.0"),
        (("layers", 2), "repeat", "{n}"),
        ((), "variants", {"net": {"title": "A", "width": [1]}}),
        (("layers", 1), "width", {}),
        ((), "input", {"a": [1], "b": [2, "{n}"]}),
        (("layers", 1), "each", [[1], {"width": 2}]),
        ((), "inputs", ["a"]),
        ((), "model", {"factory": "models:net{n}", "args": {"n": "{n}", "act": "relu"}}),
    ],
)
def test_what_the_language_has_beside_plain_values_is_accepted(
    where: tuple[str | int, ...], key: str, value: Any
) -> None:
    spec = deepcopy(GOOD)
    table: Any = spec
    for step in where:
        table = table[step]
    table[key] = value
    if key == "each":
        table["from"] = "previous"
    assert accepts(spec)
