"""Networks made of blocks as PyTorch source: what differs between the calls of a block."""

import pytest

from cnnspec.exporting.pytorch.write_file import PyTorchSource
from cnnspec.problems import RequestError
from cnnspec.pytorch.check_export import check_export
from tests import support

UNIT = """
[blocks.unit]
args     = ["width"]
defaults = { more = "{in_channels != width}" }
layers = [
  { name = "conv",  op = "conv", out_channels = "{width}", kernel_size = 1 },
  { name = "short", op = "conv1", width = "{width}", from = "input", when = "{more}" },
  { name = "add",   op = "add", from = ["conv", "short"] },
]

[blocks.conv1]
args         = ["width"]
op           = "conv"
out_channels = "{width}"
kernel_size  = 1
"""
CASES = {
    "a layer is left out where it is not needed": (
        """
layers = [
  { name = "a", op = "unit", width = 4 },
  { name = "b", op = "unit", width = 4 },
  { name = "c", op = "unit", width = 6 },
]"""
        + UNIT,
        ["if in_channels != width:", "self.short: nn.Module = nn.Identity()"],
        ["Unit2"],
    ),
    "a layer is left out, and what follows reads another value than it would": (
        """
layers = [
  { name = "a", op = "unit", more = true },
  { name = "b", op = "unit", more = false },
]
[blocks.unit]
args   = ["more"]
layers = [
  { name = "one", op = "conv", out_channels = 3, kernel_size = 1 },
  { name = "two", op = "conv", out_channels = 3, kernel_size = 1, from = "input", when = "{more}" },
  { name = "three", op = "conv", out_channels = 3, kernel_size = 1 },
  { name = "add", op = "add", from = ["one", "three"] },
]""",
        ["class Unit(", "class Unit2("],
        [],
    ),
    "equal layers in a row": (
        """
layers = [{ name = "a", op = "stage" }, { name = "b", op = "stage" }]
[blocks.stage]
layers = [
  { name = "conv{i + 2}", op = "conv", repeat = 4, out_channels = 3, kernel_size = 1 },
]""",
        ["class Stage(nn.Sequential):", "for i in range(4):", 'self.add_module(f"conv{i + 2}", '],
        [],
    ),
    "equal layers in a row, more in some calls than in others": (
        """
layers = [{ name = "a", op = "stage", n = 6 }, { name = "b", op = "stage", n = 4 }]
[blocks.stage]
args   = ["n"]
layers = [
  { name = "conv{i}", op = "conv", repeat = "{n}", out_channels = 3, kernel_size = 1 },
]""",
        ["def __init__(self, n: int)", "for i in range(n):"],
        ["class Stage2"],
    ),
    "a layer without a module is left out": (
        """
layers = [
  { name = "a", op = "unit", width = 3 },
  { name = "b", op = "unit", width = 5 },
]
[blocks.unit]
args   = ["width"]
layers = [
  { name = "conv", op = "conv", out_channels = "{width}", kernel_size = 1 },
  { name = "add",  op = "add", from = ["conv", "input"], when = "{in_channels == width}" },
]""",
        ["self.with_add = in_channels == width", "x = y + x if self.with_add else y"],
        ["Unit2"],
    ),
    "rows of a table, and values that differ from step to step": (
        """
args.rows = [
  { width = 8, n = 2, p = 0.1 }, { width = 8, n = 3, p = 0.2 }, { width = 6, n = 1, p = 0.3 },
]
layers = [
  { name = "s{i + 1}", op = "stage", each = "{rows}" },
  { name = "last", op = "conv", out_channels = 2, kernel_size = 1 },
]
[blocks.stage]
args   = ["width", "n", "p"]
layers = [{ name = "{i}", op = "unit", repeat = "{n}", width = "{width + i}", p = "{p * i}" }]
[blocks.unit]
args   = ["width", "p"]
layers = [
  { name = "conv", op = "conv", out_channels = "{width}", kernel_size = 1, norm = "batchnorm" },
  { name = "drop", op = "dropout", p = "{p}" },
]""",
        [
            "for i, (width, n, p_2",
            "Unit(in_channels, i + width, p=p_2[i])",
            "in_channels = i + width",
        ],
        ["Stage2"],
    ),
    "a loop whose first input is read later": (
        """
layers = [
  { name = "one", op = "conv", out_channels = 4, kernel_size = 1 },
  { name = "c{i}", op = "conv", repeat = 3, out_channels = 4, kernel_size = 1 },
  { name = "add", op = "add", from = ["one", "c2"] },
]""",
        ["y = x\n        for i in range(3):", 'y = self.get_submodule(f"c{i}")(y)'],
        [],
    ),
    "steps that are read from outside stay lines": (
        """
layers = [
  { name = "c{i}", op = "conv", repeat = 3, out_channels = 3, kernel_size = 1 },
  { name = "add", op = "add", from = ["c0", "c2"] },
]""",
        ["self.c1 = "],
        ["for i"],
    ),
    "names without an expression, names of nn.Module, and numbers": (
        """
layers = [
  { name = "same",  op = "conv", repeat = 3, out_channels = 3, kernel_size = 1 },
  { name = "half",  op = "conv", out_channels = 3, kernel_size = 1, norm = "batchnorm" },
  { name = "7",     op = "conv", out_channels = 3, kernel_size = 1 },
  { name = "flat",  op = "flatten" },
  { name = "class", op = "linear", out_features = 2 },
]""",
        ["self.same = nn.ModuleList()", "self.half_ = ", 'self.add_module("7", '],
        [],
    ),
    "shared layers and blocks": (
        """
inputs = ["left", "right"]
input  = [3, 8, 8]
layers = [
  { name = "one",   op = "unit", width = 4 },
  { name = "other", share = "one", from = "right" },
  { name = "add",   op = "add", from = ["one", "other"] },
]"""
        + UNIT,
        ["def forward(self, left: torch.Tensor, right: torch.Tensor)", "self.one(right)"],
        ["self.other"],
    ),
    "layers for training only": (
        """
layers = [
  { name = "conv1", op = "conv", out_channels = 4, kernel_size = 3, norm = "batchnorm" },
  { name = "aux",   op = "unit", width = 2, training_only = true },
  { name = "conv2", op = "conv", out_channels = 5, kernel_size = 3 },
]"""
        + UNIT,
        ["if self.training:", "return x, aux"],
        [],
    ),
    "a block that gives several values, one of them to a block": (
        """
outputs = ["b", "a.conv", "a"]
layers = [
  { name = "a", op = "unit", width = 4 },
  { name = "b", op = "unit", width = 4, from = "a.conv" },
]"""
        + UNIT,
        [],
        [],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_network_of_blocks(case: str) -> None:
    text, there, absent = CASES[case]
    source = PyTorchSource(support.graph_of(text))
    assert [part for part in there if part not in source.text] == []
    assert [part for part in absent if part in source.text] == []
    assert check_export(source.graph, source.text, source.function).differences == ()


def test_a_layer_for_training_inside_a_block_is_refused() -> None:
    graph = support.graph_of("""
layers = [{ name = "a", op = "unit" }]
[blocks.unit]
layers = [
  { name = "conv", op = "conv", out_channels = 3, kernel_size = 1 },
  { name = "aux",  op = "sigmoid", training_only = true },
  { name = "relu", op = "relu" },
]""")
    with pytest.raises(RequestError, match=r"^a\.aux is for training only inside a block"):
        PyTorchSource(graph)
