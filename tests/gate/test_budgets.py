"""Budgets: how limits are written, what they are compared with, and the findings."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from cnnspec import load
from cnnspec.analyses.memory.optimizer_step import OPTIMIZERS
from cnnspec.analyses.memory.request import DTYPES
from cnnspec.cli import cli
from cnnspec.spec.budgets import LIMITS, SETTINGS
from cnnspec.units import parse_amount

NET = """name = "net"
input = [3, 32, 32]
args.width = 8
layers = [
  { name = "wide",    op = "conv", out_channels = "{width}", kernel_size = 3, padding = 1 },
  { name = "pool",    op = "maxpool", kernel_size = 2 },
  { name = "flatten", op = "flatten" },
  { name = "fc",      op = "linear", out_features = 10 },
]
"""
PARAMS = (3 * 9 + 1) * 8 + (8 * 16 * 16 + 1) * 10  # 224 + 20,490
MACS = 3 * 9 * 8 * 32 * 32 + 8 * 16 * 16 * 10  # 221,184 + 20,480

pytestmark = pytest.mark.usefixtures("here")


def findings(budget: str, text: str = NET) -> list[dict[str, Any]]:
    """Return what check finds in the network with a budget."""
    Path("net.toml").write_text(text + budget, encoding="utf-8")
    done = CliRunner().invoke(
        cli, ["check", "net.toml", "--format", "json"], catch_exceptions=False
    )
    data: dict[str, Any] = json.loads(done.output)
    assert done.exit_code == (0 if data["passed"] else 1)
    return data["findings"]  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("5M", "", 5_000_000),
        ("5 m", "", 5_000_000),
        ("1.5k", "", 1500),
        ("60,965,224", "", 60_965_224),
        ("60 965 224", "", 60_965_224),
        ("600 MMACs", "MAC", 600_000_000),
        ("600M", "MAC", 600_000_000),
        ("1.2 GFLOPs", "MAC", 600_000_000),
        ("8 FLOP", "MAC", 4),
        ("3 mac", "MAC", 3),
        ("50 MiB", "B", 50 * 2**20),
        ("50 MB", "B", 50_000_000),
        ("0.5GiB", "B", 2**29),
        ("7", "B", 7),
    ],
)
def test_amounts_with_units_are_read(text: str, unit: str, value: int) -> None:
    assert parse_amount(text, unit) == value


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("", ""),
        ("M", ""),
        ("5 MiB", ""),
        ("5 MACs", ""),
        ("5 MMAC", "B"),
        ("-5", ""),
        ("5 parsecs", ""),
        ("5e6", ""),
        ("3 FLOPs", "MAC"),
        ("1,00", ""),
        ("1,5000", ""),
        ("5 M M", ""),
        ("٥", ""),
        ("9" * 61, ""),
    ],
)
def test_other_texts_are_not_amounts(text: str, unit: str) -> None:
    assert parse_amount(text, unit) is None


@given(st.integers(0, 10**15), st.sampled_from(["", "MAC", "B"]))
def test_plain_numbers_are_themselves_in_every_unit(n: int, unit: str) -> None:
    assert parse_amount(str(n), unit) == parse_amount(f"{n:,}", unit) == n
    assert parse_amount(f"{n}k", unit) == 1000 * n


def test_a_budget_may_be_reached_but_not_exceeded() -> None:
    for key, value in (("params", PARAMS), ("macs", MACS), ("weights", 4 * PARAMS), ("layers", 4)):
        assert findings(f"[budget.net]\n{key} = {value}\n") == []
        (found,) = findings(f"[budget.net]\n{key} = {value - 1}\n")
        assert (found["code"], found["line"], found["column"]) == ("B001", 11, len(key) + 4)


def test_a_finding_says_by_how_much_and_names_the_largest_layers() -> None:
    (found,) = findings('[budget.net]\nparams = "10k"\n')
    assert (
        found["message"]
        == "params of net is 20,714: 10,714 (107%) over the budget of at most 10,000 (10k)"
    )
    assert found["help"] == "most of it: fc 20,490, wide 224"
    (found,) = findings('[budget.net]\nmacs = "200 kMACs"\n')
    assert (
        found["message"]
        == "macs of net is 241,664 MACs: 41,664 MACs (20.8%) over the budget of at most 200,000"
        " MACs (200 kMACs)"
    )
    assert found["help"] == "most of it: wide 221,184 MACs, fc 20,480 MACs"
    (found,) = findings('[budget.net]\nweights = "60 kB"\ndtype = "float32"\n')
    assert (
        found["message"]
        == "weights of net (float32, with buffers) is 82.9 kB: 22.9 kB (38.1%) over the budget "
        "of at most 60 kB"
    )


def test_limits_can_be_minimums() -> None:
    assert findings(f'[budget.net]\nparams = ">= {PARAMS}"\n') == []
    (found,) = findings(f'[budget.net]\nparams = ">= {PARAMS + 1}"\n')
    assert "1 (0.00483%) under the budget of at least 20,715" in found["message"]


def test_the_receptive_field_is_at_least_its_budget() -> None:
    assert findings("[budget.net]\nreceptive_field = 4\n") == []
    (found,) = findings("[budget.net]\nreceptive_field = 32\n")
    assert (
        found["message"]
        == "receptive_field of net (4x4 at pool) is 4: 28 (87.5%) under the budget of at least 32"
    )
    assert findings('[budget.net]\nreceptive_field = "<= 4"\n') == []


def test_memory_uses_the_batch_the_dtype_and_the_optimizer() -> None:
    Path("net.toml").write_text(NET, encoding="utf-8")
    for settings in ({}, {"batch": 4, "dtype": "float16"}, {"batch": 2, "optimizer": "adam"}):
        found = load("net.toml").memory(**settings)  # type: ignore[arg-type]
        lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in settings.items())
        for key in ("inference_peak", "training_peak"):
            peak = getattr(found, key)
            assert findings(f"[budget.net]\n{lines}{key} = {peak}\n") == []
            (over,) = findings(f"[budget.net]\n{lines}{key} = {peak - 1}\n")
            assert (
                f"batch {settings.get('batch', 1)}, {settings.get('dtype', 'float32')}"
                in over["message"]
            )


VARIANTS = """
[variants.net]
[variants.wide]
width = 16
[variants.narrow]
width = 4
"""


def test_budgets_apply_to_their_variant_or_to_all() -> None:
    over = findings(VARIANTS + "[budget.wide]\nparams = 1\n")
    assert [f["networks"] for f in over] == [["wide"]]
    family = NET.replace('"net"', '"family"')
    over = findings(VARIANTS + f"[budget.family]\nparams = {PARAMS}\n", family)
    assert [f["networks"] for f in over] == [["wide"]]
    over = findings(VARIANTS + f"[budget.net]\nparams = {PARAMS - 1}\n")
    assert [f["networks"] for f in over] == [["net"]]


def test_budgets_in_pyproject_apply_by_pattern() -> None:
    Path("pyproject.toml").write_text(
        f'[tool.cnnspec.budget."*e*"]\nparams = {PARAMS}\n', encoding="utf-8"
    )
    (found,) = findings(VARIANTS)
    assert (found["file"], found["line"], found["networks"]) == ("pyproject.toml", 2, ["wide"])


def test_each_network_over_a_shared_budget_has_its_own_finding() -> None:
    Path("pyproject.toml").write_text(
        '[tool.cnnspec.budget."*"]\nparams = 1000\n', encoding="utf-8"
    )
    first, *others = findings(VARIANTS)
    assert (
        first["message"]
        == f"params of net is {PARAMS:,}: {PARAMS - 1000:,} (1,971%) over the budget of at most"
        " 1,000"
    )
    assert [f["networks"] for f in (first, *others)] == [["net"], ["wide"], ["narrow"]]
    assert (
        len({f["message"] for f in (first, *others)})
        == len({f["fingerprint"] for f in (first, *others)})
        == 3
    )


@pytest.mark.parametrize(
    ("line", "code", "message", "help"),
    [
        ("parms = 5", "L001", "parms is not a key of the budget net", "did you mean 'params'?"),
        ('params = "5 MiB"', "L003", 'params is a limit such as "5M", not "5 MiB"', ""),
        ("params = 5.0", "L003", 'params is a limit such as "5M", not 5.0 (a float)', ""),
        ("params = true", "L003", 'params is a limit such as "5M", not true', ""),
        ("params = -1", "L003", 'params is a limit such as "5M", not -1', ""),
        ('weights = "5 MMACs"', "L003", 'weights is a limit such as "50 MiB", not "5 MMACs"', ""),
        ("macs = []", "L003", 'macs is a limit such as "600 MMACs", not []', ""),
        ("batch = 0", "L003", "batch is an integer from 1 to 1,000,000,000, not 0", ""),
        (
            "batch = 1_000_000_001",
            "L003",
            "batch is an integer from 1 to 1,000,000,000, not 1000000001",
            "",
        ),
        (
            'dtype = "int8"',
            "L003",
            'dtype is one of float32, float64, bfloat16, float16, not "int8"',
            "",
        ),
        (
            "optimizer = {}",
            "L003",
            "optimizer is one of none, sgd, momentum, adam, adamw, not a table",
            "",
        ),
    ],
)
def test_a_mistake_in_a_budget_is_a_problem_of_the_spec(
    line: str, code: str, message: str, help: str
) -> None:
    (found,) = findings(f"[budget.net]\n{line}\n")
    assert (found["code"], found["message"], found["help"]) == (code, message, help)
    assert found["line"] == 11


def test_a_budget_must_name_a_network() -> None:
    (found,) = findings("[budget.nett]\nparams = 1\n")
    assert (found["code"], found["help"]) == ("L015", "did you mean 'net'?")
    assert findings("[budget.other]\nparams = 1\n")[0]["help"] == "known here: net"
    assert {f["help"] for f in findings(VARIANTS + "[budget.other]\nparams = 1\n")} == {
        "known here: net, wide, narrow"
    }
    nameless = {
        f["code"]
        for f in findings("[budget.other]\nparams = 1\n", NET.replace('name = "net"\n', ""))
    }
    assert nameless == {"L002"}


def test_a_batch_may_be_as_large_as_memory_is_asked_for() -> None:
    assert [
        f["code"]
        for f in findings('[budget.net]\nbatch = 1_000_000_000\ninference_peak = "1 TB"\n')
    ] == ["B001"]

    assert [f["code"] for f in findings("[budget]\nnet = 3\n")] == ["L003"]


def test_budget_settings_are_those_of_memory() -> None:
    assert SETTINGS["dtype"] == tuple(DTYPES)
    assert SETTINGS["optimizer"] == tuple(OPTIMIZERS)
    assert set(LIMITS) == {
        "params",
        "macs",
        "weights",
        "inference_peak",
        "training_peak",
        "receptive_field",
        "layers",
    }
