"""Columns of a table: weights, biases, FLOPs, groups, dilation, shares and memory; their totals."""

import csv
import io

import pytest

from cnnspec import compare, load
from cnnspec.analyses.network_costs import NetworkCosts
from cnnspec.problems import RequestError
from cnnspec.report.network_columns import NETWORK_COLUMNS
from cnnspec.report.table import render_table
from tests.written import network

BLOCK = """
[blocks.c]
op = "conv"
out_channels = 6
kernel_size = 3
groups = 3
norm = "batchnorm"
"""
LAYERS = """
  { name = "a", op = "c", dilation = 2 },
  { name = "b", op = "depthwise_conv", kernel_size = [3, 5], dilation = [1, 2], bias = false },
  { name = "c", op = "conv_transpose", out_channels = 4, kernel_size = 2, groups = 2 },
  { name = "p", op = "maxpool", kernel_size = 2 },
  { name = "f", op = "flatten" },
  { name = "l", op = "linear", out_features = 5 },
"""


def column(net: NetworkCosts, *keys: str) -> dict[str, list[str]]:
    """The cells of columns by row, as in CSV."""
    page = render_table(net, "csv", columns=["layer", *keys])
    return {row[0]: row[1:] for row in list(csv.reader(io.StringIO(page)))[1:]}


def total(net: NetworkCosts, key: str) -> str:
    """The last row of a text table."""
    lines = render_table(net, columns=["layer", key]).split("\n\n")[1].split("\n")
    assert lines[-1].startswith("Total")
    return lines[-1].split()[1].replace(",", "")


def test_numbers_by_hand() -> None:
    net = network(LAYERS, [3, 16, 16], BLOCK)
    assert column(net, "weights", "biases", "params", "groups", "dilation") == {
        "a": ["54", "12", "72", "3", "2"],  # 6 x 1 x 3 x 3; 6 of the layer, 6 of the norm
        "b": ["90", "0", "90", "6", "1x2"],
        "c": ["48", "4", "52", "2", "1"],  # 6 x 2 x 2 x 2
        "p": ["0", "0", "0", "", "1"],
        "f": ["0", "0", "0", "", ""],
        "l": ["200", "5", "205", "", ""],  # 4 x 5 x 2 elements
    }


@pytest.mark.parametrize("name", ["lenet5", "alexnet", "resnet18", "mobilenet_v2", "densenet121"])
def test_totals_are_those_of_the_network(name: str) -> None:
    net = load(name)
    assert total(net, "flops") == str(net.totals.flops)
    rows = column(net, "activation_size", "weights", "biases", "flops", "macs", "forward_memory")
    for i, key in enumerate(("activation_size", "weights", "biases", "flops")):
        assert total(net, key) == str(sum(int(cells[i]) for cells in rows.values()))
    [compared] = compare([net], columns=["weights"]).subjects
    assert total(net, "weights") == str(compared.value("weights"))
    assert all(int(cells[3]) == 2 * int(cells[4]) for cells in rows.values())
    memory = net.memory(1)
    assert int(total(net, "forward_memory")) >= memory.saved - memory.input
    assert int(total(net, "backward_memory")) >= memory.gradients


@pytest.mark.parametrize("part", ["params", "macs"])
def test_shares_add_up(part: str) -> None:
    net = load("resnet18")
    rows = column(net, f"{part}_share", part)
    assert sum(float(share) for share, _ in rows.values()) == pytest.approx(100, abs=0.01)
    share, number = rows["fc" if "fc" in rows else [*rows][-1]]
    assert float(share) == pytest.approx(100 * int(number) / getattr(net.totals, part), abs=1e-4)
    folded = render_table(net, columns=["layer", f"{part}_share"], depth=1)
    assert "100.0%" not in folded


def test_columns_work_where_there_is_nothing_to_share() -> None:
    net = network('  { name = "f", op = "flatten" },', [3, 4, 4])
    keys = [*NETWORK_COLUMNS, "weights", "biases", "flops", "groups", "dilation"]
    assert column(net, *keys) == {"f": ["0.0", "0.0", *["0"] * 8, "", ""]}


def test_a_wrong_name_lists_all_columns() -> None:
    with pytest.raises(RequestError, match=r"there are layer, .*flops, .*backward_memory"):
        render_table(load("lenet5"), columns=["nonsense"])
