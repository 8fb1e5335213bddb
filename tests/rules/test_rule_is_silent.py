"""Specs in which a rule must find nothing, although they are close to what it looks for."""

import pytest

from tests.rules.linting import lint_text

SILENT = {
    "another branch reads all": (
        "S002",
        """
input = [8, 9, 7]
layers = [
  { name = "a", op = "conv", out_channels = 8, kernel_size = 3, padding = 1 },
  { name = "c", op = "conv", out_channels = 8, kernel_size = 3, stride = 2, padding = 1 },
  { name = "b", op = "conv", out_channels = 8, kernel_size = 1, stride = 2, from = "a" },
  { name = "d", op = "add", from = ["b", "c"] },
]
""",
    ),
    "the map is an output too": (
        "S002",
        """
input = [8, 9, 7]
layers = [
  { name = "a", op = "conv", out_channels = 8, kernel_size = 3, padding = 1 },
  { name = "b", op = "maxpool", kernel_size = 1, stride = 2 },
]
outputs = ["a", "b"]
""",
    ),
    "padding takes up the remainder": (
        "S001",
        """
input = [3, 224, 224]
layers = [
  { name = "c", op = "conv", out_channels = 8, kernel_size = 7, stride = 2, padding = 3 },
]
""",
    ),
    "a pool rounds up": (
        "S001",
        """
input = [3, 13, 13]
layers = [
  { name = "p", op = "maxpool", kernel_size = 2, ceil_mode = true },
]
""",
    ),
    "an even kernel halves": (
        "S003",
        """
input = [3, 8, 8]
layers = [
  { name = "p", op = "maxpool", kernel_size = 2, padding = "same" },
]
""",
    ),
    "a flatten sees everything": (
        "S004",
        """
input = [3, 64, 64]
layers = [
  { name = "a", op = "conv", out_channels = 8, kernel_size = 3, padding = 1 },
  { name = "f", op = "flatten" },
  { name = "l", op = "linear", out_features = 2 },
]
""",
    ),
    "another layer reads the bias": (
        "A001",
        """
input = [3, 8, 8]
layers = [
  { name = "a", op = "conv", out_channels = 8, kernel_size = 3, padding = 1 },
  { name = "n", op = "batchnorm" },
  { name = "s", op = "add", from = ["a", "n"] },
]
""",
    ),
    "a layer that shares the bias has no norm": (
        "A001",
        """
input = [8, 8, 8]
layers = [
  { name = "a", op = "conv", out_channels = 8, kernel_size = 3, padding = 1 },
  { name = "n", op = "batchnorm" },
  { name = "s", share = "a" },
]
""",
    ),
    "group normalization keeps it": (
        "A001",
        """
input = [3, 8, 8]
layers = [
  { name = "a", op = "conv", out_channels = 8, kernel_size = 3, padding = 1 },
  { name = "n", op = "groupnorm", groups = 2 },
]
""",
    ),
    "the first layer is large": (
        "A002",
        """
input = [3, 32, 32]
layers = [
  { name = "a", op = "conv", out_channels = 8, kernel_size = 7, padding = 3 },
]
""",
    ),
    "a stack has fewer weights and more work": (
        "A002",
        """
input = [8, 10, 10]
layers = [
  { name = "a", op = "conv", out_channels = 8, kernel_size = 3 },
  { name = "b", op = "conv", out_channels = 8, kernel_size = 5 },
]
""",
    ),
    "a network of dense layers only": (
        "A003",
        """
input = [3, 8, 8]
layers = [
  { name = "f", op = "flatten" },
  { name = "l", op = "linear", out_features = 99 },
]
""",
    ),
    "a head has a little less than half": (
        "A003",
        """
input = [4, 6, 6]
layers = [
  { name = "a", op = "conv", out_channels = 16, kernel_size = 3, padding = 1 },
  { name = "f", op = "flatten" },
  { name = "l", op = "linear", out_features = 1 },
]
""",
    ),
    "there is but one position": (
        "A003",
        """
input = [8, 9, 7]
layers = [
  { name = "p", op = "global_avgpool" },
  { name = "f", op = "flatten" },
  { name = "l", op = "linear", out_features = 99 },
]
""",
    ),
    "scores are as many as classes": (
        "A004",
        """
input = [8, 9, 7]
layers = [
  { name = "a", op = "conv", out_channels = 10, kernel_size = 3, padding = 1 },
]
""",
    ),
    "a gate lies between": (
        "A005",
        """
input = [8, 9, 7]
layers = [
  { name = "d", op = "depthwise_conv", kernel_size = 3, padding = 1 },
  { name = "p", op = "global_avgpool" },
  { name = "s", op = "conv", out_channels = 8, kernel_size = 1 },
  { name = "m", op = "mul", from = ["d", "s"] },
  { name = "w", op = "conv", out_channels = 8, kernel_size = 1 },
]
""",
    ),
    "a layer lies between": (
        "A006",
        """
input = [3, 8, 8]
layers = [
  { name = "r", op = "relu" },
  { name = "a", op = "conv", out_channels = 8, kernel_size = 3, padding = 1 },
  { name = "q", op = "relu" },
]
""",
    ),
    "a bottleneck is cheaper": (
        "A007",
        """
input = [64]
layers = [
  { name = "a", op = "linear", out_features = 8 },
  { name = "b", op = "linear", out_features = 32 },
]
""",
    ),
    "depthwise and pointwise": (
        "A007",
        """
input = [8, 9, 7]
layers = [
  { name = "d", op = "conv", out_channels = 8, groups = 8, kernel_size = 3 },
  { name = "p", op = "conv", out_channels = 16, kernel_size = 1 },
]
""",
    ),
    "a column and a row": (
        "A007",
        """
input = [8, 9, 7]
layers = [
  { name = "c", op = "conv", out_channels = 8, kernel_size = [7, 1] },
  { name = "r", op = "conv", out_channels = 8, kernel_size = [1, 7] },
]
""",
    ),
    "someone else reads between": (
        "A007",
        """
input = [8, 9, 7]
layers = [
  { name = "a", op = "conv", out_channels = 8, kernel_size = 3, padding = 1 },
  { name = "b", op = "conv", out_channels = 8, kernel_size = 3, padding = 1 },
  { name = "c", op = "add", from = ["a", "b"] },
]
""",
    ),
    "dropout of all": (
        "A008",
        """
input = [3, 8, 8]
layers = [
  { name = "d", op = "dropout", p = 1 },
  { name = "n", op = "batchnorm" },
]
""",
    ),
    "dropout of nothing": (
        "A008",
        """
input = [3, 8, 8]
layers = [
  { name = "d", op = "dropout", p = 0 },
  { name = "n", op = "batchnorm" },
]
""",
    ),
    "exactly an eighth is left": (
        "A009",
        """
input = [8, 9, 7]
layers = [
  { name = "c", op = "conv", out_channels = 1, kernel_size = 1 },
  { name = "r", op = "relu" },
]
""",
    ),
    "a head has exactly half": (
        "A003",
        """
input = [4, 6, 6]
layers = [
  { name = "a", op = "conv", out_channels = 16, bias = false, kernel_size = 3, padding = 1 },
  { name = "f", op = "flatten" },
  { name = "l", op = "linear", out_features = 1, bias = false },
]
""",
    ),
    "two heads read the map": (
        "A003",
        """
input = [3, 8, 8]
layers = [
  { name = "a", op = "conv", out_channels = 8, kernel_size = 3, padding = 1 },
  { name = "f", op = "flatten" },
  { name = "l", op = "linear", out_features = 9 },
  { name = "m", op = "linear", out_features = 9, from = "f" },
]
outputs = ["l", "m"]
""",
    ),
    "there is one channel": (
        "A005",
        """
input = [1, 8, 8]
layers = [
  { name = "d", op = "depthwise_conv", kernel_size = 3 },
]
""",
    ),
    "the map is as small as the kernel": (
        "S002",
        """
input = [8, 1, 1]
layers = [
  { name = "c", op = "conv", out_channels = 8, kernel_size = 1, stride = 2 },
]
""",
    ),
    "in place on what keeps nothing": (
        "A010",
        """
input = [3, 8, 8]
layers = [
  { name = "a", op = "conv", out_channels = 8, kernel_size = 3, padding = 1 },
  { name = "r", op = "relu", inplace = true },
  { name = "p", op = "maxpool", kernel_size = 2 },
  { name = "d", op = "dropout", inplace = true },
]
""",
    ),
}


@pytest.mark.parametrize(("code", "text"), SILENT.values(), ids=list(SILENT))
def test_a_rule_finds_nothing_where(code: str, text: str) -> None:
    assert lint_text(text, code) == []


def test_branches_that_keep_enough_together_do_not_shrink_a_map() -> None:
    branches = "\n".join(
        f'  {{ name = "c{i}", op = "conv", out_channels = 2, kernel_size = 1, from = "input" }},'
        for i in range(3)
    )
    text = f"""
input = [32, 8, 8]
layers = [
{branches}
  {{ name = "j", op = "concat", from = ["c0", "c1", "c2"] }},
]
"""
    assert lint_text(text, "A009") == []
