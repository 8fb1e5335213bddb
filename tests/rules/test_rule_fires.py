"""Specs in which a rule must find something, beyond its own bad example."""

import pytest

from tests.rules.linting import lint_text

LOUD = {
    "dilation leaves gaps": (
        "S002",
        """
input = [1, 32]
layers = [
  { name = "c", op = "conv", out_channels = 1, kernel_size = 2, dilation = 2, stride = 2 },
]
""",
    ),
    "a conv in groups of one": (
        "A005",
        """
input = [8, 9, 7]
layers = [
  { name = "d", op = "conv", out_channels = 8, groups = 8, kernel_size = 3 },
]
""",
    ),
    "a conv of two groups of one": (
        "A005",
        """
input = [2, 9, 7]
layers = [
  { name = "d", op = "conv", out_channels = 2, groups = 2, kernel_size = 3 },
]
""",
    ),
    "a column and a square": (
        "A007",
        """
input = [8, 9, 7]
layers = [
  { name = "c", op = "conv", out_channels = 8, kernel_size = [5, 3] },
  { name = "r", op = "conv", out_channels = 8, kernel_size = [3, 3] },
]
""",
    ),
    "a square and a row": (
        "A007",
        """
input = [8, 9, 7]
layers = [
  { name = "c", op = "conv", out_channels = 8, kernel_size = [3, 3] },
  { name = "r", op = "conv", out_channels = 8, kernel_size = [3, 5] },
]
""",
    ),
    "a map is one row": (
        "A005",
        """
input = [8, 1, 7]
layers = [
  { name = "d", op = "depthwise_conv", kernel_size = [1, 3] },
]
""",
    ),
    "a head sees two positions": (
        "A003",
        """
input = [8, 1, 2]
layers = [
  { name = "a", op = "conv", out_channels = 8, kernel_size = 3, padding = 1 },
  { name = "f", op = "flatten" },
  { name = "l", op = "linear", out_features = 99 },
]
""",
    ),
    "only the gate is mixed": (
        "A005",
        """
input = [8, 9, 7]
layers = [
  { name = "d", op = "depthwise_conv", kernel_size = 3, padding = 1 },
  { name = "p", op = "global_avgpool" },
  { name = "s", op = "conv", out_channels = 8, kernel_size = 1 },
  { name = "m", op = "mul", from = ["d", "s"] },
]
""",
    ),
    "dropout and flatten between activations": (
        "A006",
        """
input = [3, 8, 8]
layers = [
  { name = "r", op = "relu" },
  { name = "d", op = "dropout", p = 0.5 },
  { name = "f", op = "flatten" },
  { name = "s", op = "sigmoid" },
]
""",
    ),
    "batch normalization between layers": (
        "A007",
        """
input = [8, 9, 7]
layers = [
  { name = "a", op = "conv", out_channels = 8, kernel_size = 3, padding = 1 },
  { name = "n", op = "batchnorm" },
  { name = "b", op = "conv", out_channels = 8, kernel_size = 3, padding = 1 },
]
""",
    ),
    "a norm far behind a dropout": (
        "A008",
        """
input = [3, 8, 8]
layers = [
  { name = "d", op = "dropout", p = 0.25 },
  { name = "a", op = "conv", out_channels = 8, kernel_size = 3, padding = 1 },
  { name = "r", op = "relu" },
  { name = "n", op = "batchnorm" },
]
""",
    ),
    "at inference dropout is no copy": (
        "A010",
        """
input = [3, 8, 8]
layers = [
  { name = "a", op = "conv", out_channels = 8, kernel_size = 3, padding = 1 },
  { name = "d", op = "dropout" },
  { name = "r", op = "relu", inplace = true },
  { name = "s", op = "add", from = ["a", "r"] },
]
""",
    ),
    "less than an eighth is left": (
        "A009",
        """
input = [9, 8, 8]
layers = [
  { name = "c", op = "conv", out_channels = 1, kernel_size = 1 },
  { name = "r", op = "relu" },
]
""",
    ),
}


@pytest.mark.parametrize(("code", "text"), LOUD.values(), ids=list(LOUD))
def test_a_rule_finds_something_where(code: str, text: str) -> None:
    assert [problem.rule for problem in lint_text(text, code)] == [code]


def test_many_paths_to_the_end_are_searched_once() -> None:
    """Forty additions of a value to itself are 2**40 paths."""
    sums = "\n".join(
        f'  {{ name = "a{i}", op = "add", from = ["a{i - 1}", "a{i - 1}"] }},' for i in range(1, 41)
    )
    text = f"""
input = [8, 9, 7]
layers = [
  {{ name = "d", op = "depthwise_conv", kernel_size = 3 }},
  {{ name = "a0", op = "identity" }},
{sums}
]
"""
    assert [problem.rule for problem in lint_text(text, "A005")] == ["A005"]


def test_a_rule_reports_everything_it_finds() -> None:
    """Problems of the language end after 200; lint does not."""
    lines = "\n".join(f'  {{ name = "a{i}", op = "relu" }},' for i in range(302))
    assert len(lint_text(f"input = [8, 1, 1]\nlayers = [\n{lines}\n]\n", "A006")) == 301
