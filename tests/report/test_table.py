"""What a table shows: presets, columns, layout, order, folding, training; and the JSON contract."""

import json
import re

import pytest

from cnnspec import load
from cnnspec.problems import RequestError
from cnnspec.report.columns import COLUMNS
from cnnspec.report.contract import render_json
from cnnspec.report.presets import PRESETS
from cnnspec.report.table import render_table
from tests.written import network

UNITS = """[blocks.unit]
layers = [
  { name = "c", op = "conv", out_channels = 4, kernel_size = 3, padding = 1, activation = "relu" },
]"""
AUXILIARY = """
  { name = "c", op = "conv", out_channels = 4, kernel_size = 3 },
{ name = "aux", op = "conv", from = "c", out_channels = 7, kernel_size = 1, training_only = true },
  { name = "p", op = "maxpool", kernel_size = 2 },
"""


def rows(text: str) -> list[list[str]]:
    """The cells of a text table, headings first, without its rules."""
    body = text.split("\n\n")[1].splitlines()
    edges = [m.span() for m in re.finditer("-+", body[1])]
    return [[line[a:b].strip() for a, b in edges] for line in body if not line.startswith("--")]


def test_alexnet_as_json_keeps_the_contract() -> None:
    data = json.loads(render_json(load("alexnet")))
    head = {k: data[k] for k in ("version", "network", "title", "family", "input")}
    assert head == {
        "version": 1,
        "network": "alexnet",
        "title": "AlexNet",
        "family": "alexnet",
        "input": [3, 227, 227],
    }
    promised = ["version", "network", "title", "family", "input", "layers", "totals"]
    assert [k for k in data if k in promised] == promised
    first = {
        "name": "conv1",
        "op": "conv",
        "output": [96, 55, 55],
        "activation_size": 290400,
        "params": 34944,
        "buffers": 0,
        "macs": 105415200,
        "receptive_field": [11, 11],
    }
    assert list(data["layers"][0].items())[: len(first)] == list(first.items())
    sums = {"params": 60965224, "buffers": 0, "macs": 724406816, "flops": 1448813632}
    assert list(data["totals"].items())[:4] == list(sums.items())
    assert data["layers"][-1]["receptive_field"] is None
    for key in ("params", "buffers", "macs"):
        assert sum(row[key] for row in data["layers"]) == data["totals"][key]


@pytest.mark.parametrize("preset", list(PRESETS))
def test_a_preset_shows_its_columns_in_order(preset: str) -> None:
    found = rows(render_table(load("lenet5"), preset=preset))
    assert found[0] == [COLUMNS[key].heading for key in PRESETS[preset]]
    assert all(len(row) == len(found[0]) for row in found)


def test_columns_are_chosen_by_key_and_a_wrong_one_is_named() -> None:
    assert rows(render_table(load("lenet5"), columns=["params", "layer"]))[:2] == [
        ["Params", "Layer"],
        ["156", "C1"],
    ]
    with pytest.raises(RequestError, match=r"there is no column 'parms'; did you mean 'params'\?"):
        render_table(load("lenet5"), columns=["parms"])


def test_the_last_row_of_counts_is_their_sum() -> None:
    found = rows(render_table(load("lenet5")))
    assert found[-1] == ["Total", "", "", "61,706", "416,520", ""]
    assert sum(int(r[3].replace(",", "")) for r in found[1:-1]) == 61706


@pytest.mark.parametrize("format", ["text", "csv"])
def test_layout_hwc_puts_channels_last_and_makes_vectors_columns(format: str) -> None:
    text = render_table(load("lenet5"), format, layout="hwc")
    assert "(28, 28, 6)" in text
    assert "(120, 1)" in text
    assert "6x28x28" not in text
    assert "6x28x28" in render_table(load("lenet5"), format)


def test_reverse_prints_the_output_first() -> None:
    names = [r[0] for r in rows(render_table(load("lenet5"), preset="architecture"))[1:]]
    assert [
        r[0] for r in rows(render_table(load("lenet5"), preset="architecture", reverse=True))[1:]
    ] == names[::-1]


def test_depth_folds_blocks_and_counts_equal_rows() -> None:
    net = network('{ name = "u", op = "unit", repeat = 4 }', [4, 8, 8], UNITS)
    assert [r[0] for r in rows(render_table(net))[1:]] == [
        "u.0.c",
        "u.1.c",
        "u.2.c",
        "u.3.c",
        "Total",
    ]
    folded = rows(render_table(net, depth=1))[1:]
    assert folded == [
        ["u.0 … u.3 x4", "unit", "4x8x8", "148", "9,216", "9x9"],
        ["Total", "", "", "592", "36,864", ""],
    ]
    assert "xN: N equal rows" in render_table(net, depth=1)
    data = json.loads(render_json(net, depth=1))["layers"]
    assert [(r["name"], r["times"], r["last"], r["params"]) for r in data] == [
        ("u.0", 4, "u.3", 148)
    ]


def test_rows_that_differ_in_an_activation_are_not_folded() -> None:
    conv = '{{ name = "{0}", op = "conv", out_channels = 4, kernel_size = 1, activation = "{1}" }},'
    net = network(
        conv.format("a", "relu") + conv.format("b", "tanh") + conv.format("c", "tanh"), [4, 8, 8]
    )
    assert [(r.name, r.times) for r in net.rows(depth=1)] == [("a", 1), ("b", 2)]


def test_rows_that_differ_in_elementwise_work_are_not_folded() -> None:
    pool = '{{ name = "p{0}", op = "maxpool", kernel_size = {0}, stride = 1, padding = "half" }},'
    net = network(pool.format(3) + pool.format(5), [4, 8, 8])
    assert [(r.name, r.times) for r in net.rows(depth=1)] == [("p3", 1), ("p5", 1)]


def test_training_adds_what_inference_leaves_out() -> None:
    net = network(AUXILIARY)
    assert [r[0] for r in rows(render_table(net))[1:]] == ["c", "p", "Total"]
    assert "1 nodes" not in render_table(net)
    assert "1 training-only node is left out" in render_table(net).replace("\n", " ")
    assert [r[0] for r in rows(render_table(net, training=True))[1:]] == ["c", "aux", "p", "Total"]
    assert rows(render_table(net, training=True))[-1][3] == "147"
    assert [
        r.get("training_only") for r in json.loads(render_json(net, training=True))["layers"]
    ] == [None, True, None]


JOINED = """
{ name="c", op="conv", out_channels=4, kernel_size=3, norm="batchnorm", activation="relu" },
  { name = "d", op = "conv", out_channels = 4, kernel_size = 3, activation = "leaky_relu" },
  { name = "p", op = "maxpool", kernel_size = 2 },
"""


def test_a_row_names_the_norm_and_the_activation_that_it_includes() -> None:
    text = render_table(network(JOINED))
    assert [r[1] for r in rows(text)[1:]] == ["conv+bn+relu", "conv+leaky_relu", "maxpool", ""]
    note = (
        "Rows include their norm and activation (conv+bn+relu); cnnspec table --unfold separates"
        " them."
    )
    assert note in text.replace("\n", " ")
    for format in ("markdown", "latex", "html"):
        assert "conv+bn+relu" in render_table(network(JOINED), format)
    assert render_table(network(JOINED), "csv", columns=["op"]).split() == [
        "op",
        "conv",
        "conv",
        "maxpool",
    ]


def test_unfolded_rows_are_nodes_with_the_same_totals() -> None:
    net = network(JOINED)
    text = render_table(net, unfold=True)
    assert [r[:2] for r in rows(text)[1:]] == [
        ["c", "conv"],
        ["c.norm", "batchnorm"],
        ["c.activation", "relu"],
        ["d", "conv"],
        ["d.activation", "leaky_relu"],
        ["p", "maxpool"],
        ["Total", ""],
    ]
    assert rows(text)[-1] == rows(render_table(net))[-1]
    assert "Rows include" not in text
    folded, unfolded = (json.loads(render_json(net, unfold=unfold)) for unfold in (False, True))
    assert folded["totals"] == unfolded["totals"]
    norm = unfolded["layers"][1]
    assert (norm["name"], norm["params"], "norm" in norm) == ("c.norm", 8, False)
    assert norm["tensors"] == {"weight": [4], "bias": [4], "running_mean": [4], "running_var": [4]}
    for key in ("params", "buffers", "macs"):
        assert sum(row[key] for row in unfolded["layers"]) == unfolded["totals"][key]
