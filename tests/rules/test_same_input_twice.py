"""A011: every way in which a join can read one node twice, and joins that do not."""

import pytest

from tests.rules.linting import lint_text

LEFT_OUT = """
args.project = false
layers = [
  { name = "conv", op = "conv", out_channels = 3, kernel_size = 1 },
  { name = "down", op = "subsample", stride = 1, from = "input", when = "{project}" },
  { name = "skip", op = "conv", out_channels = 3, kernel_size = 1, when = "{project}" },
  { name = "add", op = "add", from = ["conv", "skip"] },
]
"""
BLOCK = """
layers = [
  { name = "x", op = "one" },
  { name = "add", op = "add", from = ["x", "x.b"] },
]
[blocks.one]
layers = [{ name = "a", op = "relu" }, { name = "b", op = "relu" }]
"""
TWO_INPUTS = """
layers = [
  { name = "a", op = "relu" },
  { name = "x", op = "two", from = ["a", "previous"] },
]
[blocks.two]
inputs = ["p", "q"]
layers = [{ name = "sum", op = "add", from = ["p", "q"] }]
"""
DEFINED = 'layers = [{ name = "a", op = "relu" }, { name = "x", op = "OP", from = FROM }]\n'


def find(text: str) -> list[tuple[int, int, str]]:
    """Return the places and messages of A011 in a spec."""
    found = lint_text(f"input = [3, 8, 8]\n{text.strip()}\n", "A011")
    return [(p.where.line, p.where.column, p.message) for p in found]


@pytest.mark.parametrize("op", ["add", "mul", "concat", "abs_difference"])
@pytest.mark.parametrize(
    "names", ['["a", "a"]', '["a", "previous"]', "\"{['a' for k in range(2)]}\""]
)
def test_a_join_that_reads_a_node_twice_is_found(op: str, names: str) -> None:
    text = DEFINED.replace("OP", op).replace("FROM", names)
    column = text.index(names) + 1
    assert find(text) == [(3, column, f"x ({op}) reads the 3x8x8 values of a 2 times")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (LEFT_OUT, "add (add) reads the 3x8x8 values of conv 2 times"),
        (BLOCK, "add (add) reads the 3x8x8 values of x.b 2 times"),
        (TWO_INPUTS, "x.sum (add) reads the 3x8x8 values of a 2 times"),
        (
            DEFINED.replace("OP", "concat").replace("FROM", '["a", "input", "a", "a"]'),
            "x (concat) reads the 3x8x8 values of a 3 times",
        ),
    ],
    ids=["lines left out", "an output of a block", "inputs of a block", "three of four"],
)
def test_names_of_the_same_node_are_found(text: str, message: str) -> None:
    assert [found for _, _, found in find(text)] == [message]


@pytest.mark.parametrize(
    "text",
    [
        LEFT_OUT.replace("false", "true"),
        LEFT_OUT.replace('"skip", ', '"skip", from = "down", '),
        BLOCK.replace('"x.b"', '"x.a"'),
        TWO_INPUTS.replace("previous", "input"),
        DEFINED.replace("OP", "concat").replace("FROM", '["a", "input"]'),
    ],
)
def test_joins_of_different_nodes_are_not_found(text: str) -> None:
    assert find(text) == []
