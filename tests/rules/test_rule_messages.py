"""What each rule says about its bad example and other specs, with numbers worked out by hand."""

import pytest

from cnnspec.rules.registry import load_rule
from tests.rules.linting import lint_layers, lint_text

SAID = {  # message, hint
    "S001": (
        f"the last row and column of input are never read: (224 - 11 + 2*0)/4 + 1 = {213 / 4 + 1}",
        f"an input of {224 - 213 % 4} or {224 + 4 - 213 % 4}, or padding = 2, reads every pixel",
    ),
    "S002": (
        (
            "a kernel of 1x1 with a stride of 2x2 reads 1 of every 4 positions of input (64x56x56),"
            " and no other layer reads the rest"
        ),
        "use kernel_size = 2 or more, or move the stride to a layer with a larger kernel",
    ),
    "S003": (
        (
            "an even kernel (4) needs unequal padding (1 and 2) to make 32 of the 32 positions of"
            " input: the map shifts by half a pixel"
        ),
        "kernel_size = 5 or 3 needs equal padding",
    ),
    "S004": (
        (
            "b sees 5x5 of the 64x64 input pixels, and the pooling after it cannot relate pixels"
            " that are further apart"
        ),
        "use an earlier stride or pool, more layers, or dilation",
    ),
    "S005": (
        f"in a corner, this average counts {9 - 4} zeros of padding among its 9 values",
        "count_include_pad = false divides by the 4 real pixels",
    ),
    "A001": (
        (
            "the 64 biases of conv have no effect, because norm subtracts the mean; such biases"
            f" are 64 of the network's {64 * 3 * 9 + 64 + 2 * 64:,} parameters"
        ),
        "set bias = false",
    ),
    "A002": (
        (
            f"2 layers of 3x3 see the same 5x5 with {2 * 9 * 64**2:,} weights instead of"
            f" {25 * 64**2:,}, and {2 * 9 * 64**2 * 32**2:,} MACs instead of {25 * 64**2 * 32**2:,}"
        ),
        "use 2 convolutions of 3x3, each with an activation",
    ),
    "A003": (
        (
            f"the head after flatten (fc) has {64 * 30 * 30 * 10 + 10:,} of"
            f" {64 * 27 + 64 + 64 * 30 * 30 * 10 + 10:,} parameters (99.7%)"
        ),
        (
            "global average pooling of 64x30x30 and one linear layer of 10 need"
            f" {64 * 10 + 10}: {64 * 30 * 30 * 10 - 64 * 10:,} fewer"
        ),
    ),
    "A004": (
        "30 channels are not divisible by 8: tensor cores compute 32, 2 of them for nothing",
        "use 24 or 32 channels",
    ),
    "A005": (
        "the 32 channels of dw1 are not mixed before dw2",
        "add a conv with kernel_size = 1 after it: 32 weights per channel",
    ),
    "A006": (
        (
            f"relu (relu) activates the {16 * 30 * 30:,} values that conv.activation (relu) has"
            " just activated, and changes nothing"
        ),
        "remove one of them",
    ),
    "A007": (
        (
            "fc1 (784 to 128) and fc2 (128 to 10) have no activation between them: their"
            f" {784 * 128 + 128 * 10:,} weights compute one linear map"
        ),
        'add activation = "relu", for example, to fc1; or use one layer instead',
    ),
    "A008": (
        (
            "dropout with p = 0.5 before norm: the variance recorded in training is up to"
            " 1/(1 - 0.5) = 2 times that at inference"
        ),
        "move it behind the last batch normalization, or remove it",
    ),
    "A009": (
        (
            f"pool reduces {16 * 64 * 64:,} values (16x64x64) to {16 * 16 * 16:,} (16x16x16): a"
            " factor of 16 in one layer, more than 8"
        ),
        "use a smaller stride, more channels, or two steps instead of one",
    ),
    "A010": (
        (
            "drop (dropout) works in place and overwrites the 16x30x30 values of relu, which the"
            " backward pass of relu needs: PyTorch refuses to train this"
        ),
        f"set inplace = false, which needs memory for {16 * 30 * 30:,} more values",
    ),
    "A011": (
        "add (add) reads the 8x16x16 values of conv 2 times",
        (
            "conv and skip are the same here: a line that when leaves out stands for what it would"
            " have read; give it a from of its own"
        ),
    ),
}
OTHERS = [  # code, what the message or the hint says, spec
    (
        "S001",
        "the last 1 column of input",
        """
input = [3, 30, 31]
layers = [
  { name = "c", op = "conv", out_channels = 8, kernel_size = 3, stride = 3 },
]
""",
    ),
    (
        "S001",
        "the last 2 rows and columns of input are never read: (32 - 3 + 2*0)/3 + 1 = ",
        """
input = [3, 32, 32]
layers = [
  { name = "c", op = "conv", out_channels = 8, kernel_size = 3, stride = 3 },
]
""",
    ),
    (
        "S001",
        "the last positions (2 of 32) of input are never read",
        """
input = [3, 32]
layers = [
  { name = "c", op = "conv", out_channels = 8, kernel_size = 3, stride = 3 },
]
""",
    ),
    (
        "S001",
        "the last 2 columns of input",
        """
input = [3, 31, 32]
layers = [
  { name = "c", op = "conv", out_channels = 8, kernel_size = 3, stride = 3, padding = [[0, 2], 0] },
]
""",
    ),
    (
        "S001",
        "of input are never read: (20 - (2*(3 - 1) + 1) + 2*0)/4 + 1 = 4.75",
        """
input = [3, 20, 20]
layers = [
  { name = "c", op = "conv", out_channels = 8, kernel_size = 3, stride = 4, dilation = 2 },
]
""",
    ),
    (
        "S003",
        "kernel_size = 3 needs equal padding",
        """
input = [3, 8, 8]
layers = [
  { name = "c", op = "conv", out_channels = 8, kernel_size = 2, padding = "same" },
]
""",
    ),
    (
        "A004",
        "use 8 channels",
        """
input = [3, 8, 8]
layers = [
  { name = "c", op = "conv", out_channels = 5, kernel_size = 1 },
  { name = "s", op = "conv", out_channels = 4, kernel_size = 1 },
]
""",
    ),
    (
        "S005",
        "this average counts 5 zeros of padding among its 9 values",
        """
input = [3, 8, 8]
layers = [
  { name = "p", op = "avgpool", kernel_size = 3, stride = 1, padding = [[0, 1], [0, 1]] },
]
""",
    ),
    (
        "S005",
        "this average counts 3 zeros of padding among its 9 values",
        """
input = [3, 8, 8]
layers = [
  { name = "p", op = "avgpool", kernel_size = 3, stride = 1, padding = [[1, 0], 0] },
]
""",
    ),
    (
        "A002",
        (  # from 10x10 to 8x8, then to 6x6
            f"{9 * 16 * 8 + 9 * 8 * 8:,} weights instead of {25 * 16 * 8:,}, and"
            f" {9 * 16 * 8 * 64 + 9 * 8 * 8 * 36:,} MACs instead of {25 * 16 * 8 * 36:,}"
        ),
        """
input = [3, 12, 12]
layers = [
  { name = "a", op = "conv", out_channels = 16, kernel_size = 3 },
  { name = "b", op = "conv", out_channels = 8, kernel_size = 5 },
]
""",
    ),
    (
        "A005",
        "the 2 channels of d are not mixed before the end",
        """
input = [2, 8, 8]
layers = [
  { name = "d", op = "depthwise_conv", kernel_size = 3 },
]
""",
    ),
    (
        "A005",
        "the 6 channels of d are not mixed before the end",
        """
input = [3, 8, 8]
layers = [
  { name = "d", op = "depthwise_conv", kernel_size = 3, multiplier = 2 },
]
""",
    ),
    (
        "S001",
        "or padding = 1, reads every pixel",  # of 34 positions 1 is left over, a zero
        """
input = [3, 32, 32]
layers = [
  { name = "c", op = "conv", out_channels = 8, kernel_size = 3, stride = 3 },
]
""",
    ),
    (
        "S001",
        "or padding = 1, reads every pixel",
        """
input = [3, 31, 31]
layers = [
  { name = "c", op = "conv", out_channels = 8, kernel_size = 3, stride = 3 },
]
""",
    ),
    (
        "S001",
        "or padding = 1, reads every pixel",
        """
input = [3, 8, 8]
layers = [
  { name = "c", op = "conv", out_channels = 8, kernel_size = 3, stride = 2 },
]
""",
    ),
    (
        "S005",
        "this average counts 5 zeros of padding among its 9 values",  # the last windows
        """
input = [3, 8, 8]
layers = [
  { name = "p", op = "avgpool", kernel_size = 3, stride = 2, padding = [[0, 1], [0, 1]] },
]
""",
    ),
    (
        "A003",
        "the head after f (l0, l1, l2, l3, l4, l5) has",
        """
input = [3, 8, 8]
layers = [
  { name = "c", op = "conv", out_channels = 2, kernel_size = 1 },
  { name = "f", op = "flatten" },
  { name = "l0", op = "linear", out_features = 9 },
  { name = "l1", op = "linear", out_features = 9 },
  { name = "l2", op = "linear", out_features = 9 },
  { name = "l3", op = "linear", out_features = 9 },
  { name = "l4", op = "linear", out_features = 9 },
  { name = "l5", op = "linear", out_features = 9 },
  { name = "l6", op = "linear", out_features = 9 },
]
""",
    ),
    (
        "A006",
        "t (sigmoid) activates the 192 values that s (sigmoid) has just activated",
        """
input = [3, 8, 8]
layers = [
  { name = "s", op = "sigmoid" },
  { name = "t", op = "sigmoid" },
]
""",
    ),
]


@pytest.mark.parametrize("code", SAID)
def test_a_rule_says_its_numbers(code: str) -> None:
    (problem,) = lint_text(load_rule(code).bad, code)
    assert (problem.message, problem.hint) == SAID[code]


@pytest.mark.parametrize(("code", "words", "text"), OTHERS)
def test_other_numbers_are_said_too(code: str, words: str, text: str) -> None:
    (problem,) = lint_text(text, code)
    assert words in f"{problem.message}\n{problem.hint}"
    if words.startswith(("use ", "kernel_size = ")):
        assert problem.hint == words


def message(code: str, shape: list[int], layers: str) -> str:
    """The message about the only finding of a rule in a network of the given lines."""
    (problem,) = lint_layers(layers, shape, code)
    return problem.message


def test_dropout_says_by_how_much_the_variance_changes() -> None:
    layers = """
  { name = "d", op = "dropout", p = 0.2 },
  { name = "n", op = "batchnorm" },
"""
    assert message("A008", [3, 8, 8], layers) == (
        "dropout with p = 0.2 before n: the variance recorded in training is up to 1/(1 - 0.2) ="
        " 1.25 times that at inference"
    )


def test_two_linear_layers_say_how_many_weights_make_one_map() -> None:
    layers = """
  { name = "a", op = "linear", out_features = 16 },
  { name = "b", op = "linear", out_features = 10 },
"""
    assert message("A007", [784], layers) == (
        "a (784 to 16) and b (16 to 10) have no activation between them: their"
        f" {784 * 16 + 16 * 10:,} weights compute one linear map"
    )


def test_a_map_that_shrinks_says_by_how_much() -> None:
    layers = """
  { name = "p", op = "maxpool", kernel_size = 4 },
  { name = "r", op = "relu" },
"""
    assert message("A009", [16, 64, 64], layers) == (
        "p reduces 65,536 values (16x64x64) to 4,096 (16x16x16): a factor of 16 in one layer, more"
        " than 8"
    )
    layers = """
  { name = "p", op = "maxpool", kernel_size = 8 },
  { name = "q", op = "avgpool", kernel_size = 8, from = "input" },
  { name = "r", op = "add", from = ["p", "q"] },
"""
    assert message("A009", [16, 64, 64], layers) == (
        "p reduces 65,536 values (16x64x64) to 2,048 in 2 branches: a factor of 32 in one layer,"
        " more than 8"
    )


def test_gaps_say_how_much_is_read() -> None:
    layers = '{ name = "c", op = "conv", out_channels = 8, kernel_size = 1, stride = 2 },'
    assert message("S002", [8, 9, 7], layers) == (
        "a kernel of 1x1 with a stride of 2x2 reads 1 of every 4 positions of input (8x9x7), and no"
        " other layer reads the rest"
    )
    layers = """
  { name = "c", op = "conv", out_channels = 1, kernel_size = 2, dilation = 2, stride = 2 },
"""
    assert message("S002", [1, 32], layers).startswith(
        "a kernel of 2 (dilation 2) with a stride of 2 reads 1 of every 2 "
    )


def test_a_stack_says_what_it_costs() -> None:
    layers = """
  { name = "a", op = "conv", out_channels = 64, kernel_size = 3, padding = 1 },
  { name = "b", op = "conv", out_channels = 64, kernel_size = 5, padding = 2 },
"""
    assert message("A002", [3, 32, 32], layers) == (
        f"2 layers of 3x3 see the same 5x5 with {2 * 9 * 64**2:,} weights instead of"
        f" {25 * 64**2:,}, and {2 * 9 * 64**2 * 32**2:,} MACs instead of {25 * 64**2 * 32**2:,}"
    )


def test_a_second_relu_changes_nothing() -> None:
    layers = """
  { name = "a", op = "relu" },
  { name = "b", op = "relu" },
"""
    assert message("A006", [3, 8, 8], layers) == (
        "b (relu) activates the 192 values that a (relu) has just activated, and changes nothing"
    )


def test_shared_biases_are_counted_once() -> None:
    layers = """
  { name = "a", op = "conv", out_channels = 8, kernel_size = 3, padding = 1 },
  { name = "n", op = "batchnorm" },
  { name = "s", share = "a" },
  { name = "m", op = "batchnorm" },
"""
    assert message("A001", [8, 8, 8], layers) == (
        "the 8 biases of a have no effect, because n subtracts the mean; such biases are 8 of the"
        f" network's {8 * 8 * 9 + 8 + 2 * 16} parameters"
    )
