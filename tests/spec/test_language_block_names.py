"""A block may have the name of an operator, so that a new operator breaks no spec."""

import pytest

from cnnspec.problems import SpecError
from tests import support

BLOCKS = {
    "a preset": '[blocks.instancenorm]\nop = "groupnorm"\ngroups = "{in_channels}"\n',
    "layers": "[blocks.instancenorm]\nlayers = ["
    '{ name = "n", op = "groupnorm", groups = "{in_channels}" }]\n',
}


@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS)
def test_the_block_comes_first(block: str) -> None:
    graph = support.graph_of(
        f"""
input = [3, 8, 8]
layers = [
  {{ name = "c", op = "conv", out_channels = 32, kernel_size = 3 }},
  {{ name = "n", op = "instancenorm" }},
]
{block}"""
    )
    last = graph.nodes[-1]
    assert (last.kind, support.setting(last, "groups")) == ("groupnorm", 32)


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ('[blocks.relu]\nop = "relu"\n', "calls itself where it calls relu"),
        ('[blocks.relu]\nlayers = [{ name = "r", op = "relu" }]\n', "calls itself where"),
        ('[blocks.relu]\nop = "b"\n[blocks.b]\nop = "relu"\n', "calls itself"),
        ('[blocks.relu]\nargs = ["n"]\nlayers = []\n', "relu"),
    ],
)
def test_it_cannot_call_the_operator(block: str, message: str) -> None:
    text = f'input = [3, 8, 8]\nlayers = [{{ name = "r", op = "relu" }}]\n{block}'
    with pytest.raises(SpecError, match=message):
        support.graph_of(text)


def test_a_field_of_the_operator_is_no_argument_of_the_block() -> None:
    text = """
input = [3, 8, 8]
layers = [{ name = "r", op = "relu", inplace = true }]
[blocks.relu]
layers = [{ name = "t", op = "tanh" }]
"""
    with pytest.raises(SpecError, match="inplace is not an argument of relu, which is a block"):
        support.graph_of(text)
