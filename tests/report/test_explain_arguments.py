"""What explain prints about arguments: where sizes come from, and computed arguments."""

import cnnspec
from cnnspec.report.explain import render_explanations
from tests.written import network

BLOCK = """
[blocks.block]
args = ["out"]
layers = [{ name = "c", op = "conv", kernel_size = 1, out_channels = "{out}" }]

[blocks.stage]
args = ["out"]
layers = [{ name = "b", op = "block", out = "{out}" }]
"""


def lines(text: str, *names: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.split(" = ")[0].strip() in names]


def test_a_size_is_followed_through_calls_to_the_arguments_of_the_network() -> None:
    net = network(
        '{ name = "s", op = "stage", out = "{4 * width}" }',
        rest=BLOCK,
        top='args.b = 1\nargs.width = "{2 ** b}"',
    )
    assert lines(render_explanations(net, "s.b.c"), "out_channels", "out", "width")[:2] == [
        "out_channels = 8 from {out}",
        "out = 8 from {4 * width} with width = 2",
    ]
    assert (
        lines(render_explanations(net, "s.b.c"), "width")[0] == "width = 2 from {2 ** b} with b = 1"
    )


def test_arguments_that_name_each_other_in_turn_have_an_origin() -> None:
    rest = """
[blocks.block]
defaults = { a = "{b}", b = "{a}", c = "{c}" }
layers = [{ name = "c", op = "conv", kernel_size = 1, out_channels = "{a + b + c}" }]
"""
    net = network('{ name = "s", op = "block" }', rest=rest, top="args.b = 4\nargs.c = 5")
    assert lines(render_explanations(net, "s.c"), "out_channels") == [
        "out_channels = 13 from {a + b + c} with a = 4, b = 4, c = 5"
    ]


def test_given_and_computed_arguments_head_the_whole_network() -> None:
    net = network(
        '{ name = "c", op = "conv", kernel_size = 1, out_channels = "{width}" }',
        top='args.b = 1\nargs.table = [1, 2]\nargs.width = "{table[b]}"',
    )
    heading, computed = render_explanations(net).splitlines()[2:4]
    assert heading == "arguments of net: b = 1"
    assert computed == "  width = 2 from {table[b]} with b = 1"


def test_compound_scaling_stands_beside_what_was_published() -> None:
    for layer in ("", "conv_first", "stage4.1.project"):
        text = render_explanations(cnnspec.load("efficientnet_b3"), layer)
        found = dict(
            line.split(" from ")[0].split(" = ")
            for line in lines(
                text, "depth", "rule_depth", "width", "rule_width", "resolution", "rule_resolution"
            )
        )
        assert found == {
            "depth": "1.4",
            "rule_depth": "1.44",
            "width": "1.2",
            "rule_width": "1.21",
            "resolution": "300",
            "rule_resolution": "296",
        }


def test_a_long_chain_of_arguments_is_followed_for_a_while() -> None:
    chain = "\n".join(f'args.a{i} = "{{a{i - 1} + 0}}"' for i in range(1, 2000))
    net = network(
        '{ name = "c", op = "conv", kernel_size = 1, out_channels = "{a1999}" }',
        top=f"args.a0 = 7\n{chain}",
    )
    text = render_explanations(net, "c")
    assert "out_channels = 7 from {a1999}" in text
    assert "a1990 = 7 from {a1989 + 0} with a1989 = 7" in text
