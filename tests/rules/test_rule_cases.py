"""Where rules speak and where they are silent, one case each, and messages whose numbers were
counted by hand."""

import pytest
from written import network

from cnnspec.problems import Problem
from cnnspec.rules.lint import lint_graph
from cnnspec.rules.registry import RULES


def found(layers: str, shape: list[int], *codes: str, rest: str = "") -> list[Problem]:
    return lint_graph(network(layers, shape, rest).graph, codes or RULES)


CONV = '{ name = "a", op = "conv", out_channels = 8, kernel_size = 3, padding = 1 },'
SILENT = {
    "another branch reads all": (
        "S002",
        [8, 9, 7],
        CONV + '{ name = "b", op = "conv", out_channels = 8, kernel_size = '
        '1, stride = 2 }, { name = "c", op = "conv", out_channels = 8, kernel_size = 3, stride'
        ' = 2, padding = 1, from = "a" }, { name = "d", op = "add", from = ["b", "c"] }',
    ),
    "the map is an output too": (
        "S002",
        [8, 9, 7],
        CONV + '{ name = "b", op = "maxpool", kernel_size = 1, stride = 2 }'
        '] \noutputs = ["a", "b"]\nargs.x = [',
    ),
    "padding takes up the remainder": (
        "S001",
        [3, 224, 224],
        '{ name = "c", op = "conv", out_channels = 8, kernel_size = 7, stride = 2, padding = 3 }',
    ),
    "a pool rounds up": (
        "S001",
        [3, 13, 13],
        '{ name = "p", op = "maxpool", kernel_size = 2, ceil_mode = true }',
    ),
    "an even kernel halves": (
        "S003",
        [3, 8, 8],
        '{ name = "p", op = "maxpool", kernel_size = 2, padding = "same" }',
    ),
    "a flatten sees everything": (
        "S004",
        [3, 64, 64],
        CONV + '{ name = "f", op = "flatten" }, { name = "l", op = "linear", out_features = 2 }',
    ),
    "another layer reads the bias": (
        "A001",
        [3, 8, 8],
        CONV + '{ name = "n", op = "batchnorm" }, { name = "s", op = "add", from = ["a", "n"] }',
    ),
    "a layer that shares the bias has no norm": (
        "A001",
        [8, 8, 8],
        CONV + '{ name = "n", op = "batchnorm" }, { name = "s", share = "a" }',
    ),
    "group normalization keeps it": (
        "A001",
        [3, 8, 8],
        CONV + '{ name = "n", op = "groupnorm", groups = 2 }',
    ),
    "the first layer is large": (
        "A002",
        [3, 32, 32],
        CONV.replace("3, padding = 1", "7, padding = 3"),
    ),
    "a stack has fewer weights and more work": (
        "A002",
        [8, 10, 10],
        CONV.replace(", padding = 1", "")
        + CONV.replace('"a"', '"b"').replace("3, padding = 1", "5"),
    ),
    "a network of dense layers only": (
        "A003",
        [3, 8, 8],
        '{ name = "f", op = "flatten" }, { name = "l", op = "linear", out_features = 99 }',
    ),
    "a head has a little less than half": (
        "A003",
        [4, 6, 6],
        CONV.replace("= 8", "= 16")
        + '{ name = "f", op = "flatten" }, { name = "l", op = "linear", out_features = 1 }',
    ),
    "there is but one position": (
        "A003",
        [8, 9, 7],
        (
            '{ name = "p", op = "global_avgpool" }, { name = "f", op = '
            '"flatten" }, { name = "l", op = "linear", out_features = 99 }'
        ),
    ),
    "scores are as many as classes": ("A004", [8, 9, 7], CONV.replace("= 8", "= 10")),
    "a gate lies between": (
        "A005",
        [8, 9, 7],
        (
            '{ name = "d", op = "depthwise_conv", kernel_size = 3, padding = 1 }, '
            '{ name = "p", op = "global_avgpool" }, { name = "s", op = "conv", out_channels = 8, '
            'kernel_size = 1 }, { name = "m", op = "mul", from = ["d", "s"] }, { name = "w", op = '
            '"conv", out_channels = 8, kernel_size = 1 }'
        ),
    ),
    "a layer lies between": (
        "A006",
        [3, 8, 8],
        '{ name = "r", op = "relu" },' + CONV + '{ name = "q", op = "relu" }',
    ),
    "a bottleneck is cheaper": (
        "A007",
        [64],
        (
            '{ name = "a", op = "linear", out_features = 8 }, '
            '{ name = "b", op = "linear", out_features = 32 }'
        ),
    ),
    "depthwise and pointwise": (
        "A007",
        [8, 9, 7],
        (
            '{ name = "d", op = "conv", out_channels = 8, groups = 8, '
            'kernel_size = 3 }, { name = "p", op = "conv", out_channels = 16, kernel_size = 1 }'
        ),
    ),
    "a column and a row": (
        "A007",
        [8, 9, 7],
        (
            '{ name = "c", op = "conv", out_channels = 8, kernel_size = [7, 1] }, '
            '{ name = "r", op = "conv", out_channels = 8, kernel_size = [1, 7] }'
        ),
    ),
    "someone else reads between": (
        "A007",
        [8, 9, 7],
        CONV + CONV.replace('"a"', '"b"') + '{ name = "c", op = "add", from = ["a", "b"] }',
    ),
    "dropout of all": (
        "A008",
        [3, 8, 8],
        '{ name = "d", op = "dropout", p = 1 }, { name = "n", op = "batchnorm" }',
    ),
    "dropout of nothing": (
        "A008",
        [3, 8, 8],
        '{ name = "d", op = "dropout", p = 0 }, { name = "n", op = "batchnorm" }',
    ),
    "exactly an eighth is left": (
        "A009",
        [8, 9, 7],
        (
            '{ name = "c", op = "conv", out_channels = 1, kernel_size = 1 }, '
            '{ name = "r", op = "relu" }'
        ),
    ),
    "thin branches together": (
        "A009",
        [32, 8, 8],
        ", ".join(
            f'{{ name = "c{i}", op = "conv", out_channels = 2, kernel_size = 1, from = "input" }}'
            for i in range(3)
        )
        + ', { name = "j", op = "concat", from = ["c0", "c1", "c2"] }',
    ),
    "a head has exactly half": (
        "A003",
        [4, 6, 6],
        CONV.replace("= 8", "= 16, bias = false") + '{ name = "f", op = '
        '"flatten" }, { name = "l", op = "linear", out_features = 1, bias = false }',
    ),
    "two heads read the map": (
        "A003",
        [3, 8, 8],
        CONV + '{ name = "f", op = "flatten" }, { name = "l", op = "linear", '
        'out_features = 9 }, { name = "m", op = "linear", out_features = 9, from = "f" }]'
        '\noutputs = ["l", "m"]\nargs.x = [',
    ),
    "there is one channel": (
        "A005",
        [1, 8, 8],
        '{ name = "d", op = "depthwise_conv", kernel_size = 3 }',
    ),
    "the map is as small as the kernel": (
        "S002",
        [8, 1, 1],
        '{ name = "c", op = "conv", out_channels = 8, kernel_size = 1, stride = 2 }',
    ),
    "in place on what keeps nothing": (
        "A010",
        [3, 8, 8],
        CONV + '{ name = "r", op = "relu", inplace = true }, '
        '{ name = "p", op = "maxpool", kernel_size = 2 }, { name = "d", op = "dropout", '
        "inplace = true }",
    ),
}


@pytest.mark.parametrize(("code", "shape", "layers"), SILENT.values(), ids=list(SILENT))
def test_a_rule_is_silent_where(code: str, shape: list[int], layers: str) -> None:
    assert found(layers, shape, code) == []


LOUD = {
    "dilation leaves gaps": (
        "S002",
        [1, 32],
        '{ name = "c", op = "conv", out_channels = 1, kernel_size = 2, dilation = 2, stride = 2 }',
    ),
    "a conv in groups of one": (
        "A005",
        [8, 9, 7],
        '{ name = "d", op = "conv", out_channels = 8, groups = 8, kernel_size = 3 }',
    ),
    "a conv of two groups of one": (
        "A005",
        [2, 9, 7],
        '{ name = "d", op = "conv", out_channels = 2, groups = 2, kernel_size = 3 }',
    ),
    "forty times two ways to the end": (
        "A005",
        [8, 9, 7],
        '{ name = "d", op = "depthwise_conv", kernel_size = 3 }, { name = "a0", op = "identity" }, '
        + ", ".join(
            f'{{ name = "a{i}", op = "add", from = ["a{i - 1}", "a{i - 1}"] }}'
            for i in range(1, 41)
        ),
    ),
    "a column and a square": (
        "A007",
        [8, 9, 7],
        (
            '{ name = "c", op = "conv", out_channels = 8, kernel_size = [5, 3] }, '
            '{ name = "r", op = "conv", out_channels = 8, kernel_size = [3, 3] }'
        ),
    ),
    "a square and a row": (
        "A007",
        [8, 9, 7],
        (
            '{ name = "c", op = "conv", out_channels = 8, kernel_size = [3, 3] }, '
            '{ name = "r", op = "conv", out_channels = 8, kernel_size = [3, 5] }'
        ),
    ),
    "a map is one row": (
        "A005",
        [8, 1, 7],
        '{ name = "d", op = "depthwise_conv", kernel_size = [1, 3] }',
    ),
    "a head sees two positions": (
        "A003",
        [8, 1, 2],
        CONV + '{ name = "f", op = "flatten" }, { name = "l", op = "linear", out_features = 99 }',
    ),
    "only the gate is mixed": (
        "A005",
        [8, 9, 7],
        (
            '{ name = "d", op = "depthwise_conv", kernel_size = 3, padding = 1 },'
            '{ name = "p", op = "global_avgpool" }, { name = "s", op = "conv", out_channels = 8, '
            'kernel_size = 1 }, { name = "m", op = "mul", from = ["d", "s"] }'
        ),
    ),
    "dropout and flatten between activations": (
        "A006",
        [3, 8, 8],
        (
            '{ name = "r", op = "relu" }, { name = "d", op = '
            '"dropout", p = 0.5 }, { name = "f", op = "flatten" }, '
            '{ name = "s", op = "sigmoid" }'
        ),
    ),
    "batch normalization between layers": (
        "A007",
        [8, 9, 7],
        CONV + '{ name = "n", op = "batchnorm" },' + CONV.replace('"a"', '"b"'),
    ),
    "a norm far behind a dropout": (
        "A008",
        [3, 8, 8],
        '{ name = "d", op = "dropout", p = 0.25 },'
        + CONV
        + '{ name = "r", op = "relu" }, { name = "n", op = "batchnorm" }',
    ),
    "at inference dropout is no copy": (
        "A010",
        [3, 8, 8],
        CONV + '{ name = "d", op = "dropout" }, { name = "r", op = '
        '"relu", inplace = true }, { name = "s", op = "add", from = ["a", "r"] }',
    ),
    "less than an eighth is left": (
        "A009",
        [9, 8, 8],
        (
            '{ name = "c", op = "conv", out_channels = 1, kernel_size = 1 }'
            ', { name = "r", op = "relu" }'
        ),
    ),
}


@pytest.mark.parametrize(("code", "shape", "layers"), LOUD.values(), ids=list(LOUD))
def test_a_rule_speaks_where(code: str, shape: list[int], layers: str) -> None:
    assert [p.rule for p in found(layers, shape, code)] == [code]


def test_messages_say_what_was_counted_by_hand() -> None:
    def message(code: str, shape: list[int], layers: str) -> str:
        (problem,) = found(layers, shape, code)
        return problem.message

    assert (
        message(
            "A008",
            [3, 8, 8],
            '{ name = "d", op = "dropout", p = 0.2 }, { name = "n", op = "batchnorm" }',
        )
        == "dropout with p = 0.2 before n: the variance recorded in training is up to 1/(1 - 0.2) ="
        " 1.25 times that at inference"
    )
    assert message(
        "A007",
        [784],
        '{ name = "a", op = "linear", out_features = 16 }, { name = "b", op = "linear", '
        "out_features = 10 }",
    ).startswith(
        "a (784 to 16) and b (16 to 10) have no activation between them: "
        f"their {784 * 16 + 16 * 10:,} weights"
    )
    pool = '{ name = "p", op = "maxpool", kernel_size = 4 }, { name = "r", op = "relu" }'
    assert (
        message("A009", [16, 64, 64], pool)
        == "p makes 4,096 values (16x16x16) of 65,536 (16x64x64): 16 times fewer in one layer, more"
        " than 8"
    )
    assert (
        message(
            "S002",
            [8, 9, 7],
            '{ name = "c", op = "conv", out_channels = 8, kernel_size = 1, stride = 2 }',
        )
        == "a kernel of 1x1 with a stride of 2x2 reads 1 of every 4 positions of input (8x9x7), and"
        " no other layer the rest"
    )
    assert message(
        "S002",
        [1, 32],
        '{ name = "c", op = "conv", out_channels = 1, kernel_size = 2, dilation = 2, stride = 2 }',
    ).startswith("a kernel of 2 (dilation 2) with a stride of 2 reads 1 of every 2 ")
    assert (
        message(
            "A002",
            [3, 32, 32],
            CONV.replace("= 8", "= 64")
            + CONV.replace('"a"', '"b"')
            .replace("= 8", "= 64")
            .replace("3, padding = 1", "5, padding = 2"),
        )
        == f"2 layers of 3x3 see the same 5x5 with {2 * 9 * 64**2:,} weights instead of"
        f" {25 * 64**2:,} and {2 * 9 * 64**2 * 32**2:,} MACs instead of {25 * 64**2 * 32**2:,}"
    )
    assert (
        message("A006", [3, 8, 8], '{ name = "a", op = "relu" }, { name = "b", op = "relu" }')
        == "b (relu) activates the 192 values that a (relu) has activated, and changes none"
    )
    shared = (
        CONV + '{ name = "n", op = "batchnorm" }, { name = "s", share = "a" }, { name = "m", op ='
        ' "batchnorm" }'
    )
    assert (
        message("A001", [8, 8, 8], shared)
        == "the 8 biases of a are wasted, n subtracts the mean: such biases are 8 of the network's "
        f"{8 * 8 * 9 + 8 + 2 * 16} parameters"
    )


def test_a_rule_says_all_that_it_finds() -> None:
    lines = ", ".join(f'{{ name = "a{i}", op = "relu" }}' for i in range(302))
    assert len(found(lines, [8, 1, 1], "A006")) == 301  # a spec with faults is read to the 200th
