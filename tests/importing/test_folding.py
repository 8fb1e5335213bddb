"""What the folding writes: the lines, blocks and expressions that a person would have written."""

import re

import pytest

from tests.importing.zoo_imports import folded_text, import_graph, without_modules
from tests.support import graph_of

CASES = {  # a spec that says it at length, what must be in the text, and what must not
    "norm and activation": (
        """
input = [3, 8, 8]
layers = [
  { name = "conv", op = "conv", out_channels = 8, kernel_size = 3, bias = false },
  { name = "bn", op = "batchnorm" },
  { name = "act", op = "relu" },
  { name = "pool", op = "maxpool", kernel_size = 2 },
  { name = "act2", op = "relu" },
]
""",
        ['bias = false, norm = "batchnorm", activation = "relu" }', 'name = "act2"'],
        ['"bn"', '"act"'],
    ),
    "an activation that two layers read after a norm that two layers read": (
        """
input = [3, 8, 8]
layers = [
  { name = "conv", op = "conv", out_channels = 8, kernel_size = 3 },
  { name = "bn", op = "batchnorm" },
  { name = "act", op = "relu" },
  { name = "add", op = "add", from = ["bn", "act"] },
]
""",
        ['norm = "batchnorm"', '{ name = "act",', 'from = ["conv", "act"]'],
        ["activation ="],
    ),
    "calls of a class become a block with the arguments that differ": (
        """
layers = [
  { name = "a", op = "unit", width = 4, kernel = 3, act = "relu" },
  { name = "mid", op = "maxpool", kernel_size = 2 },
  { name = "b", op = "unit", width = 8, kernel = 1, act = "elu" },
]
[blocks.unit]
args = ["width", "kernel", "act"]
layers = [
  { name = "first", op = "conv", out_channels = "{width}", kernel_size = "{kernel}" },
  { name = "last", op = "conv_1x1", out_channels = "{4 * width}", activation = "{act}" },
]
[blocks.conv_1x1]
op = "conv"
kernel_size = 1
""",
        [
            'args   = ["out", "kernel", "activation"]',
            'out_channels = "{out // 4}"',
            'out = 16, kernel = 3, activation = "relu"',
            'out = 32, kernel = 1, activation = "elu"',
        ],
        [],
    ),
    "channels that follow from the input": (
        """
layers = [
  { name = "a", op = "unit" },
  { name = "b", op = "unit" },
]
[blocks.unit]
layers = [
  { name = "first", op = "conv", out_channels = "{2 * in_channels}", kernel_size = 1 },
  { name = "last", op = "conv", out_channels = "{in_channels}", kernel_size = 1 },
  { name = "add", op = "add", from = ["last", "input"] },
  { name = "deep", op = "conv", out_channels = "{4 * in_channels}", kernel_size = 1 },
]
""",
        ['"{2 * in_channels}"', '"{in_channels}"', '"{4 * in_channels}"'],
        ["args"],
    ),
    "a chain that differs in its first call": (
        """
layers = [
  { name = "stem", op = "conv", out_channels = 8, kernel_size = 1 },
  { name = "unit1", op = "unit", stride = 2 },
  { name = "unit2", op = "unit", stride = 1 },
  { name = "unit3", op = "unit", stride = 1 },
]
[blocks.unit]
args = ["stride"]
layers = [
  { name = "a", op = "conv", out_channels = 8, kernel_size = 1, stride = "{stride}" },
  { name = "b", op = "conv", out_channels = 8, kernel_size = 1 },
]
""",
        ['name = "unit{i + 1}"', "repeat = 3", 'stride = "{2 if i == 0 else 1}"'],
        ["unit2"],
    ),
    "a chain with a table": (
        """
layers = [
  { name = "0", op = "unit", k = 1, width = 4, stride = 1 },
  { name = "1", op = "unit", k = 3, width = 6, stride = 2 },
  { name = "2", op = "unit", k = 1, width = 8, stride = 1 },
]
[blocks.unit]
args = ["k", "width", "stride"]
layers = [
  { name = "a", op = "conv", out_channels = 5, kernel_size = "{k}", padding = "half" },
  { name = "b", op = "conv", out_channels = "{width}", kernel_size = 1, stride = "{stride}" },
]
""",
        [
            'name = "{i}", op = "unit", each = "{rows}"',
            "# kernel  out  stride",
            "[      1,   4,      1 ],",
            "[      3,   6,      2 ],",
        ],
        [],
    ),
    "a layer that some calls lack": (
        """
input = [4, 8, 8]
layers = [
  { name = "a", op = "unit", out = 8 },
  { name = "b", op = "unit", out = 8 },
  { name = "c", op = "unit", out = 12 },
]
[blocks.unit]
args = ["out"]
layers = [
  { name = "conv", op = "conv", out_channels = "{out}", kernel_size = 1 },
  { name = "proj", op = "convs", from = "input", out = "{out}", when = "{in_channels != out}" },
  { name = "add", op = "add", from = ["conv", "proj"] },
]
[blocks.convs]
args = ["out"]
op = "conv"
out_channels = "{out}"
kernel_size = 1
""",
        ['when = "{in_channels != out}"', 'from = ["conv", "proj"]', 'from = "input"'],
        ["has_", "proj ="],
    ),
    "a module that is called twice": (
        """
inputs = ["left", "right"]
input = [1, 16, 16]
layers = [
  { name = "branch", op = "unit", from = "left" },
  { name = "again", share = "branch", from = "right" },
  { name = "diff", op = "abs_difference", from = ["branch", "again"] },
]
[blocks.unit]
layers = [
  { name = "conv", op = "conv", out_channels = 4, kernel_size = 3, activation = "relu" },
  { name = "pool", op = "maxpool", kernel_size = 2 },
]
""",
        ['share = "branch", from = "input2"', 'inputs = ["input1", "input2"]'],
        [],
    ),
    "equal layers": (
        """
layers = [
  { name = "0", op = "conv", out_channels = 8, kernel_size = 3, activation = "relu" },
  { name = "1", op = "conv", out_channels = 8, kernel_size = 3, activation = "relu" },
  { name = "2", op = "conv", out_channels = 8, kernel_size = 3, activation = "relu" },
  { name = "3", op = "conv", out_channels = 8, kernel_size = 1, activation = "relu" },
]
""",
        ['name = "{i}", op = "conv", repeat = 3', '{ name = "3", op = "conv", out_channels'],
        ["each"],
    ),
    "a chain of which another layer reads the middle": (
        """
layers = [
  { name = "unit1", op = "unit" },
  { name = "unit2", op = "unit" },
  { name = "unit3", op = "unit" },
  { name = "add", op = "add", from = ["unit2", "unit3"] },
]
[blocks.unit]
layers = [
  { name = "a", op = "conv", out_channels = 8, kernel_size = 1 },
  { name = "b", op = "conv", out_channels = 4, kernel_size = 1 },
]
""",
        ['name = "unit{i + 1}", op = "unit", repeat = 3', 'from = ["unit2", "unit3"]'],
        [],
    ),
    "a layer in training only": (
        """
layers = [
  { name = "conv", op = "conv", out_channels = 8, kernel_size = 3 },
  { name = "aux", op = "head", training_only = true },
  { name = "conv2", op = "conv", out_channels = 8, kernel_size = 3 },
]
[blocks.head]
layers = [
  { name = "pool", op = "global_avgpool", keepdim = false },
  { name = "fc", op = "linear", out_features = 10 },
]
""",
        ['op = "head", training_only = true }'],
        ["from", "keepdim = false, training_only"],
    ),
    "rates of stochastic depth": (
        """
layers = [
  { name = "0", op = "unit", p = 0.025 },
  { name = "1", op = "unit", p = 0.05 },
  { name = "2", op = "unit", p = 0.07500000000000001 },
  { name = "3", op = "unit", p = 0.1 },
]
[blocks.unit]
args = ["p"]
layers = [
  { name = "conv", op = "conv", out_channels = 3, kernel_size = 1 },
  { name = "drop", op = "stochastic_depth", p = "{p}" },
  { name = "add", op = "add", from = ["drop", "input"] },
]
""",
        ["args.drop_rate = 0.1", 'p = "{drop_rate * index / 4}"', 'index = "{1 + i}"'],
        ["0.075", "0.025"],
    ),
    "a preset for what many lines have": (
        """
layers = [
  { name = "a", op = "conv8", kernel_size = 3, padding = 1 },
  { name = "b", op = "conv8", kernel_size = 5, padding = 2 },
  { name = "c", op = "conv8", kernel_size = 1 },
  { name = "d", op = "conv8", kernel_size = 3 },
]
[blocks.conv8]
op = "conv"
out_channels = 8
bias = false
norm = "batchnorm"
""",
        [
            'name = "b", op = "conv_bn", out_channels = 8, kernel_size = 5 }',
            'name = "c", op = "conv_bn", out_channels = 8, kernel_size = 1 }',
            'name = "d", op = "conv_bn", out_channels = 8, kernel_size = 3, padding = "valid" }',
            "[blocks.conv_bn]",
        ],
        [],
    ),
    "several outputs, one of them inside of a block": (
        """
outputs = ["unit.a", "head"]
layers = [
  { name = "unit", op = "unit" },
  { name = "head", op = "conv", out_channels = 2, kernel_size = 1 },
]
[blocks.unit]
layers = [
  { name = "a", op = "conv", out_channels = 4, kernel_size = 1 },
  { name = "b", op = "conv", out_channels = 5, kernel_size = 1 },
]
""",
        ['outputs = ["unit.a", "head"]'],
        [],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_text_says_it_as_a_person_would(case: str) -> None:
    spec, wanted, unwanted = CASES[case]
    text = folded_text(import_graph(graph_of(spec)))
    plain = re.sub(" +", " ", text)  # columns are aligned
    assert [w for w in wanted if re.sub(" +", " ", w) not in plain] == [], text
    assert [w for w in unwanted if w in text.split("layers", 1)[1]] == [], text


RESIDUAL = """
layers = [
  { name = "stem", op = "conv", out_channels = 8, kernel_size = 3 },
  { name = "unit", op = "unit", repeat = 3 },
  { name = "pool", op = "global_avgpool", keepdim = false },
]
[blocks.unit]
layers = [
  { name = "a", op = "conv", out_channels = 4, kernel_size = 1 },
  { name = "b", op = "conv", out_channels = 8, kernel_size = 1 },
  { name = "add", op = "add", from = ["b", "input"] },
]
"""


def test_blocks_are_found_without_modules() -> None:
    text = folded_text(without_modules(import_graph(graph_of(RESIDUAL))))
    assert re.search(r'name = "residual\{i \+ 1\}", +op = "residual", +repeat = 3', text)
    assert "[blocks.residual]" in text
