"""The language: in_channels are the channels of what a block, a preset or a norm itself reads."""

import pytest

from tests.support import graph_of, setting

# Each reads 5 channels in a network with an input of 3, inside a block whose input has 4 channels.
READERS = {
    "a block": ("""{ name = "x", op = "reader" }""", """layers = [{ name = "g", WIDE }]"""),
    "a preset": ("""{ name = "x", op = "reader" }""", "WIDE"),
    "a preset of a preset": (
        """{ name = "x", op = "outer" }""",
        """WIDE
[blocks.outer]
op = "reader"
""",
    ),
    "a preset that calls a block": (
        """{ name = "x", op = "outer" }""",
        """args = ["width"]
layers = [{ name = "g", op = "conv", out_channels = "{width}", kernel_size = 1 }]
[blocks.outer]
op = "reader"
width = "{2 * in_channels}"
""",
    ),
    "a default of a preset": (
        """{ name = "x", op = "reader" }""",
        """defaults = { width = "{2 * in_channels}" }
op = "conv"
kernel_size = 1
out_channels = "{width}"
""",
    ),
    "the name of a preset's operator": (
        """{ name = "x", op = "reader" }""",
        """op = "{'conv' if in_channels == 5 else 'linear'}"
kernel_size = 1
out_channels = 10
""",
    ),
    "a preset with the line's own from": (
        """{ name = "b", op = "relu", from = "input" },
           { name = "x", op = "reader", from = "a" },
           { name = "c", op = "concat", from = ["b", "x"] },
           { name = "d", op = "slice_channels", start = 4, stop = 14 }""",
        "WIDE",
    ),
}
WIDE = """op = "conv"\nout_channels = "{2 * in_channels}"\nkernel_size = 1\n"""
INLINE = WIDE.replace("\n", ", ").rstrip(", ")


@pytest.mark.parametrize("case", READERS)
def test_in_channels_are_those_of_what_is_read(case: str) -> None:
    lines, block = READERS[case]
    block = block.replace('{ name = "g", WIDE }', f'{{ name = "g", {INLINE} }}')
    text = f"""
layers = [
  {{ name = "stem", op = "conv", out_channels = 4, kernel_size = 1 }},
  {{ name = "unit", op = "unit" }},
]
[blocks.unit]
layers = [
  {{ name = "a", op = "conv", out_channels = 5, kernel_size = 1 }},
  {lines},
]
[blocks.reader]
{block.replace("WIDE", WIDE)}
"""
    assert graph_of(text).nodes[-1].output == (10, 8, 8)


NORMS = {
    "a table": """norm = { op = "groupnorm", groups = "{in_channels}" }""",
    "a preset": """norm = "own" """,
    "a preset in a table": """norm = { op = "own", eps = 0.1 }""",
    "a choice": """norm = "{'own' if in_channels == 6 else 'none'}" """,
}


@pytest.mark.parametrize("norm", NORMS.values(), ids=NORMS)
@pytest.mark.parametrize(
    "line",
    [
        """op = "conv", out_channels = 6, kernel_size = 1, NORM""",
        """op = "conv_with", out_channels = 6""",
        """op = "unit" """,
    ],
    ids=["of a line", "of a preset", "inside a block"],
)
def test_in_channels_of_a_norm_are_those_of_the_map_that_it_normalizes(
    norm: str, line: str
) -> None:
    text = """
layers = [
  { name = "stem", op = "conv", out_channels = 4, kernel_size = 1 },
  { name = "x", LINE },
]
[blocks.own]
op = "groupnorm"
groups = "{in_channels}"
[blocks.conv_with]
op = "conv"
kernel_size = 1
NORM
[blocks.unit]
layers = [{ name = "y", op = "conv", out_channels = 6, kernel_size = 1, NORM }]
"""
    graph = graph_of(text.replace("LINE", line).replace("NORM", norm))
    found = [node for node in graph.nodes if node.kind == "groupnorm"]
    assert [(setting(node, "groups"), node.output[0]) for node in found] == [(6, 6)]


def test_in_channels_of_an_activation_are_those_behind_the_norm() -> None:
    text = """
layers = [
  { name = "x", op = "conv", out_channels = 6, kernel_size = 1, norm = "batchnorm",
    activation = { op = "leaky_relu", negative_slope = "{in_channels / 10}" } },
]
"""
    assert setting(graph_of(text.replace(",\n    ", ", ")).nodes[-1], "negative_slope") == 0.6


def test_in_channels_on_a_line_are_those_of_the_block_around_it() -> None:
    text = """
layers = [
  { name = "a", op = "conv", out_channels = 5, kernel_size = 1 },
  { name = "b", op = "one", out_channels = "{in_channels}" },
]
[blocks.one]
op = "conv"
kernel_size = 1
out_channels = "{2 * in_channels}"
"""
    assert graph_of(text).nodes[-1].output == (3, 8, 8)
