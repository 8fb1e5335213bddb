"""Compare the zoo with figures of independent sources: papers, lecture notes, other counts.

published.csv has the figures that are right: whole numbers exactly, 61M and 3.86G at their printed
precision. refuted.csv has printed figures that are wrong, and why.
"""

import csv
import json
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import cnnspec
from cnnspec.analyses.network_costs import Row
from tests.support import references

UNITS = {"": 0, "K": 3, "M": 6, "G": 9}


def read_rows(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(Path(__file__).with_name(name).open(encoding="utf-8")))


PUBLISHED, REFUTED = read_rows("published.csv"), read_rows("refuted.csv")
WITHOUT_LIBRARY = {row["network"] for row in PUBLISHED}
WITH_LIBRARY = {r.network for r in references()}


def load(words: str) -> cnnspec.Network:
    """Load a network by name and settings, as in ``densenet_40_12 depth=100 input=3x64x64``."""
    name, *settings = words.split()
    pairs = [setting.partition("=") for setting in settings]
    values: dict[str, Any] = {key: json.loads(value) for key, _, value in pairs if key != "input"}
    for key, _, value in pairs:
        if key == "input":
            values[key] = tuple(map(int, value.split("x")))
    return cnnspec.load(name, **values)


def holds(printed: str, number: int) -> bool:
    """Return whether a figure is right at its precision.

    With a unit, zeros at the end of a whole number do not count as digits.
    """
    match = re.fullmatch(r"(\d+)(?:\.(\d+))?([KMG]?)", printed)
    assert match, f"{printed} is not a figure"
    whole, decimals, unit = match[1], match[2] or "", match[3]
    if not unit:
        return number == int(printed)
    zeros = 0 if decimals else len(whole) - len(whole.rstrip("0"))
    step = Fraction(10) ** (UNITS[unit] - len(decimals) + zeros)
    return (
        abs(number - Fraction(int(whole + decimals), 10 ** len(decimals)) * 10 ** UNITS[unit])
        <= step / 2
    )


def connections(row: Row) -> int:
    """Count a layer's connections as LeCun et al. (1998): each input of an output, and its bias."""
    main = row.nodes[0]
    work = main.op.elementwise(*main.shapes, y=main.output)
    if main.kind == "rbf":
        return work["multiplications"]
    if main.kind == "trainable_subsampling":
        # An output has K*K inputs and a bias: K*K additions and one multiplication.
        return work["additions"] + work["multiplications"]
    return row.macs + work["additions"] if row.macs else 0


def quantity(network: cnnspec.Network, layers: str, name: str) -> int:
    """Return a quantity of layers, blocks or the whole network.

    The prefix ``training_`` adds what exists only in training.
    """
    training, name = name.startswith("training_"), name.removeprefix("training_")
    rows = [
        r
        for r in network.rows(training=training)
        if not layers
        or any(r.name == layer or r.name.startswith(f"{layer}.") for layer in layers.split())
    ]
    assert rows, f"{network.name} has no layer {layers}"
    if name == "connections":
        return sum(map(connections, rows))
    if name == "activations":
        return sum(r.activation_size for r in rows)
    if name == "receptive_field":
        [row] = rows
        assert row.field.size, "it is the whole input"
        return max(row.field.size)
    total: int = sum(getattr(r, name) for r in rows)
    return total


def named(row: dict[str, str]) -> str:
    figure = row.get("printed") or row["value"]
    return "-".join(
        filter(
            None,
            (row["network"], row["layer"], row["quantity"], "" if figure.isdigit() else figure),
        )
    )


@pytest.mark.parametrize("row", PUBLISHED, ids=named)
def test_published_figure_holds(row: dict[str, str]) -> None:
    found = quantity(load(row["network"]), row["layer"], row["quantity"])
    assert holds(row["value"], found), f"{found}, not {row['value']}: {row['source']}"


@pytest.mark.parametrize("row", REFUTED, ids=named)
def test_refuted_figure_does_not_hold(row: dict[str, str]) -> None:
    found = quantity(load(row["network"]), row["layer"], row["quantity"])
    assert not holds(row["printed"], found), f"{found} is {row['printed']}: {row['source']}"
    assert row["why"]
    assert row["source"]


@pytest.mark.parametrize(
    ("printed", "number", "right"),
    [
        ("61M", 60_965_224, True),
        ("61M", 61_500_000, True),
        ("61M", 61_500_001, False),
        ("60M", 55_000_000, True),
        ("60M", 54_999_999, False),
        ("7.0M", 6_979_642, True),
        ("7.0M", 7_050_001, False),
        ("608", 608, True),
        ("608", 609, False),
        ("60000", 60_001, False),
        ("3.86G", 3_857_973_248, True),
        ("0.70G", 686_800_000, False),
    ],
)
def test_figures_are_read_at_their_precision(printed: str, number: int, right: bool) -> None:
    assert holds(printed, number) is right


@pytest.mark.parametrize("name", [n for names in cnnspec.networks().values() for n in names])
def test_every_network_is_compared_with_something(name: str) -> None:
    assert name in WITHOUT_LIBRARY | WITH_LIBRARY, (
        "add a row to published.csv or a [reference] to the spec"
    )
