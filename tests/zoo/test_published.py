"""The zoo against figures of independent sources: papers, course notes, other people's counts."""

import csv
from pathlib import Path

import pytest
from support import references

import cnnspec
from cnnspec.analyses.rows import Row

PUBLISHED = list(csv.DictReader(Path(__file__).with_name("published.csv").open(encoding="utf-8")))
WITHOUT_LIBRARY = {row["network"] for row in PUBLISHED}
WITH_LIBRARY = {r.network for r in references()}


def connections(row: Row) -> int:
    """The connections of a layer as LeCun et al. (1998) count them: every input that an output reads, and its bias."""
    main = row.nodes[0]
    work = main.op.elementwise(*main.shapes, y=main.output)
    if main.kind == "rbf":
        return work["multiplications"]
    if main.kind == "trainable_subsampling":  # K*K inputs and a bias an output: K*K additions and a multiplication
        return work["additions"] + work["multiplications"]
    return row.macs + work["additions"] if row.macs else 0


def quantity(network: cnnspec.Network, layer: str, name: str) -> int:
    """A quantity of a layer, a block or the whole network; ``training_`` before it adds what only training has."""
    training, name = name.startswith("training_"), name.removeprefix("training_")
    rows = [r for r in network.rows(training=training) if layer in ("", r.name) or r.name.startswith(f"{layer}.")]
    assert rows, f"{network.name} has no layer {layer}"
    if name == "connections":
        return sum(map(connections, rows))
    if name == "activations":
        return sum(r.activation_size for r in rows)
    total: int = sum(getattr(r, name) for r in rows)
    return total


def named(row: dict[str, str]) -> str:
    return "-".join(filter(None, (row["network"], row["layer"], row["quantity"])))


@pytest.mark.parametrize("row", PUBLISHED, ids=named)
def test_published_figure_holds(row: dict[str, str]) -> None:
    found = quantity(cnnspec.load(row["network"]), row["layer"], row["quantity"])
    assert found == int(row["value"]), row["source"]


@pytest.mark.parametrize("name", [n for names in cnnspec.networks().values() for n in names])
def test_every_network_is_held_against_something(name: str) -> None:
    assert name in WITHOUT_LIBRARY | WITH_LIBRARY, "add a row to published.csv or a [reference] to the spec"
