"""What each rule says of its bad example, with every number worked out by hand, and of variations
on it."""

import pytest

from cnnspec.graph.build import build_graph
from cnnspec.rules.lint import lint_graph
from cnnspec.rules.registry import RULES, load_rule
from cnnspec.spec.source import Source

SAID = {  # message, hint
    "S001": (
        f"the last row and column of input are never read: (224 - 11 + 2*0)/4 + 1 = {213 / 4 + 1}",
        f"an input of {224 - 213 % 4} or {224 + 4 - 213 % 4}, or padding = 2, reads every pixel",
    ),
    "S002": (
        (
            "a kernel of 1x1 with a stride of 2x2 reads 1 of every 4 positions of input (64x56x56),"
            " and no other layer the rest"
        ),
        (
            "a kernel_size of 2 or more reads them all; or put the stride into a layer with a"
            " larger kernel"
        ),
    ),
    "S003": (
        (
            "a kernel of 4 needs 1 + 2 zeros on the two sides to make 32 of the 32 positions of"
            " input: the map shifts by half a pixel"
        ),
        "a kernel_size of 5 or 3 needs as many on both sides",
    ),
    "S004": (
        (
            "conv2 sees 5x5 of the 64x64 pixels of the input, and pooling all of it relates nothing"
            " that lies further apart"
        ),
        "an earlier stride or pool, more layers, or dilation widens it",
    ),
    "S005": (
        f"in the corners, this mean counts {9 - 4} zeros of padding among its 9 values",
        "count_include_pad = false divides by the 4 pixels that are there",
    ),
    "A001": (
        (
            "the 64 biases of conv are wasted, conv.norm subtracts the mean: such biases are 64 of"
            f" the network's {64 * 3 * 9 + 64 + 2 * 64:,} parameters"
        ),
        "bias = false",
    ),
    "A002": (
        (
            f"2 layers of 3x3 see the same 5x5 with {2 * 9 * 64**2:,} weights instead of"
            f" {25 * 64**2:,} and {2 * 9 * 64**2 * 32**2:,} MACs instead of {25 * 64**2 * 32**2:,}"
        ),
        "2 convolutions of 3x3, an activation after each",
    ),
    "A003": (
        (
            f"fc behind flatten hold {64 * 30 * 30 * 10 + 10:,} of"
            f" {64 * 27 + 64 + 64 * 30 * 30 * 10 + 10:,} parameters (99.7%)"
        ),
        (
            "a global average pool of 64x30x30 and one layer of 10 need "
            f"{64 * 10 + 10}: {64 * 30 * 30 * 10 - 64 * 10:,} fewer"
        ),
    ),
    "A004": (
        "30 channels do not divide by 8: tensor cores work on 32, with 2 of padding",
        "24 or 32 channels use all that is computed",
    ),
    "A005": (
        "the 32 channels of dw1 are not mixed before dw2",
        "a conv with kernel_size = 1 after it mixes them, with 32 weights a channel",
    ),
    "A006": (
        (
            f"relu (relu) activates the {16 * 30 * 30:,} values that conv.activation (relu) has"
            " activated, and changes none"
        ),
        "take one of them out",
    ),
    "A007": (
        (
            "fc1 (784 to 128) and fc2 (128 to 10) have no activation between them: their "
            f"{784 * 128 + 128 * 10:,} weights express one linear map"
        ),
        'activation = "relu", say, on fc1; or one layer instead of two',
    ),
    "A008": (
        (
            "dropout with p = 0.5 before conv.norm: the variance recorded in training is up to 1/(1"
            " - 0.5) = 2 times that at inference"
        ),
        "put it behind the last batch normalization, or take it out",
    ),
    "A009": (
        (
            f"pool makes {16 * 16 * 16:,} values (16x16x16) of {16 * 64 * 64:,} (16x64x64): 16"
            " times fewer in one layer, more than 8"
        ),
        "a smaller stride, more channels, or two steps instead of one",
    ),
    "A010": (
        (
            "drop (dropout) works in place and overwrites the 16x30x30 values of conv.activation,"
            " which the backward pass of conv.activation needs: PyTorch refuses to train this"
        ),
        f"inplace = false, which takes {16 * 30 * 30:,} values more",
    ),
}
AT = {  # what stands at the place of the finding
    "S001": "4 }",
    "S002": "2",
    "S003": "4, ",
    "S004": '"relu"',
    "S005": "1 }",
    "A001": '"conv"',
    "A002": "5, ",
    "A003": '"flatten"',
    "A004": "30, ",
    "A005": '"depthwise_conv"',
    "A006": '"relu"',
    "A007": '"linear"',
    "A008": "0.5",
    "A009": "4 }",
    "A010": "true",
}
NET = 'name = "net"\ninput = {}\nlayers = [\n  {}\n]\n'
OTHERS = [  # input, layers, code, what the message or the hint says
    (
        "[3, 30, 31]",
        '{ name = "c", op = "conv", out_channels = 8, kernel_size = 3, stride = 3 }',
        "S001",
        "the last 1 column of input",
    ),
    (
        "[3, 32, 32]",
        '{ name = "c", op = "conv", out_channels = 8, kernel_size = 3, stride = 3 }',
        "S001",
        "the last 2 rows and columns of input are never read: (32 - 3 + 2*0)/3 + 1 = ",
    ),
    (
        "[3, 32]",
        '{ name = "c", op = "conv", out_channels = 8, kernel_size = 3, stride = 3 }',
        "S001",
        "the last positions (2 of 32) of input are never read",
    ),
    (
        "[3, 31, 32]",
        (
            '{ name = "c", op = "conv", out_channels = 8, kernel_size = 3, stride = 3, padding ='
            " [[0, 2], 0] }"
        ),
        "S001",
        "the last 2 columns of input",
    ),
    (
        "[3, 20, 20]",
        '{ name = "c", op = "conv", out_channels = 8, kernel_size = 3, stride = 4, dilation = 2 }',
        "S001",
        (
            "the last 3 rows and columns of input are never read: (20 - (2*(3 - 1) + 1) + 2*0)/4 +"
            " 1 = 4.75"
        ),
    ),
    (
        "[3, 8, 8]",
        '{ name = "c", op = "conv", out_channels = 8, kernel_size = 2, padding = "same" }',
        "S003",
        "a kernel_size of 3 needs as many on both sides",
    ),
    (
        "[3, 8, 8]",
        (
            '{ name = "c", op = "conv", out_channels = 5, kernel_size = 1 }, '
            '{ name = "s", op = "conv", out_channels = 4, kernel_size = 1 }'
        ),
        "A004",
        "8 channels use all that is computed",
    ),
    (
        "[3, 8, 8]",
        '{ name = "p", op = "avgpool", kernel_size = 3, stride = 1, padding = [[0, 1], [0, 1]] }',
        "S005",
        "this mean counts 5 zeros of padding among its 9 values",
    ),
    (
        "[3, 8, 8]",
        '{ name = "p", op = "avgpool", kernel_size = 3, stride = 1, padding = [[1, 0], 0] }',
        "S005",
        "this mean counts 3 zeros of padding among its 9 values",
    ),
    (
        "[3, 12, 12]",
        (
            '{ name = "a", op = "conv", out_channels = 16, kernel_size = 3 }, '
            '{ name = "b", op = "conv", out_channels = 8, kernel_size = 5 }'
        ),
        "A002",  # from 10x10 to 8x8, then to 6x6
        (
            f"{9 * 16 * 8 + 9 * 8 * 8:,} weights instead of {25 * 16 * 8:,} and"
            f" {9 * 16 * 8 * 64 + 9 * 8 * 8 * 36:,} MACs instead of {25 * 16 * 8 * 36:,}"
        ),
    ),
    (
        "[2, 8, 8]",
        '{ name = "d", op = "depthwise_conv", kernel_size = 3 }',
        "A005",
        "the 2 channels of d are not mixed before the end",
    ),
    (
        "[3, 8, 8]",
        '{ name = "d", op = "depthwise_conv", kernel_size = 3, multiplier = 2 }',
        "A005",
        "the 6 channels of d are not mixed before the end",
    ),
    (
        "[3, 32, 32]",
        '{ name = "c", op = "conv", out_channels = 8, kernel_size = 3, stride = 3 }',
        "S001",
        "or padding = 1, reads every pixel",
    ),  # of 34 positions 1 is left over, a zero
    (
        "[3, 31, 31]",
        '{ name = "c", op = "conv", out_channels = 8, kernel_size = 3, stride = 3 }',
        "S001",
        "or padding = 1, reads every pixel",
    ),
    (
        "[3, 8, 8]",
        '{ name = "c", op = "conv", out_channels = 8, kernel_size = 3, stride = 2 }',
        "S001",
        "or padding = 1, reads every pixel",
    ),
    (
        "[3, 8, 8]",
        '{ name = "p", op = "avgpool", kernel_size = 3, stride = 2, padding = [[0, 1], [0, 1]] }',
        "S005",
        "this mean counts 5 zeros of padding among its 9 values",
    ),  # the last window of each row and column
    (
        "[3, 8, 8]",
        '{ name = "c", op = "conv", out_channels = 2, kernel_size = 1 }, '
        '{ name = "f", op = "flatten" }, '
        + ", ".join(f'{{ name = "l{i}", op = "linear", out_features = 9 }}' for i in range(7)),
        "A003",
        "l0, l1, l2, l3, l4, l5 behind f hold",
    ),
    (
        "[3, 8, 8]",
        '{ name = "s", op = "sigmoid" }, { name = "t", op = "sigmoid" }',
        "A006",
        "t (sigmoid) activates the 192 values that s (sigmoid) has activated",
    ),
]


def test_every_rule_has_its_words_here() -> None:
    assert SAID.keys() == RULES.keys()


@pytest.mark.parametrize("code", RULES)
def test_a_rule_says_its_numbers(code: str) -> None:
    bad = load_rule(code).bad.lstrip("\n")
    (problem,) = lint_graph(build_graph(Source("net.toml", bad)), [code])
    assert (problem.message, problem.hint) == SAID[code]
    assert bad.splitlines()[problem.where.line - 1][problem.where.column - 1 :].startswith(AT[code])


@pytest.mark.parametrize(("shape", "layers", "code", "words"), OTHERS)
def test_other_numbers_are_said_too(shape: str, layers: str, code: str, words: str) -> None:
    (problem,) = lint_graph(build_graph(Source("net.toml", NET.format(shape, layers))), [code])
    assert words in f"{problem.message}\n{problem.hint}"
    if words.endswith(("computed", "sides")):
        assert problem.hint == words
