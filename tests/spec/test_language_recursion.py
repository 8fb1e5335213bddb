"""The language: blocks that call themselves where when, repeat or each ends it."""

import time

import pytest

from cnnspec.api import Network
from cnnspec.problems import SpecError
from tests.support import graph_of

HOURGLASS = """
input = [4, 64, 64]
args.n = 4
layers = [{ name = "hg", op = "hourglass", n = "{n}" }]
[blocks.hourglass]
args = ["n"]
layers = [
  { name = "upper", op = "conv", out_channels = 4, kernel_size = 3, padding = 1 },
  { name = "pool",  op = "maxpool", kernel_size = 2, from = "input" },
  { name = "inner", op = "hourglass", n = "{n - 1}", when = "{n > 1}" },
  { name = "low",   op = "conv", out_channels = 4, kernel_size = 3, padding = 1 },
  { name = "up",    op = "upsample", scale_factor = 2 },
  { name = "add",   op = "add", from = ["upper", "up"] },
]
"""
ENDS = {
    "when": 'op = "hourglass", n = "{n - 1}", when = "{n > 1}"',
    "repeat": 'op = "hourglass", n = "{n - 1}", repeat = "{1 if n > 1 else 0}"',
    "each": 'op = "hourglass", each = "{[n - 1] if n > 1 else []}"',
    "a choice of the block": "op = \"{'hourglass' if n > 1 else 'last'}\", n = \"{n - 1}\"",
}
LAST = '[blocks.last]\nargs = ["n"]\nlayers = [{ name = "same", op = "identity" }]\n'


@pytest.mark.parametrize("depth", [1, 2, 4])
@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_an_hourglass_is_as_deep_as_its_argument(end: str, depth: int) -> None:
    text = HOURGLASS.replace(ENDS["when"], end) + LAST
    net = Network(graph_of(text, n=depth))
    assert net.graph.outputs[0].output == (4, 64, 64)
    assert net.totals.params == 2 * depth * (4 * 4 * 9 + 4)
    sizes = [n.output[1] for n in net.graph.layers() if n.kind == "maxpool"]
    assert sizes == [64 >> k for k in range(1, depth + 1)]


def test_blocks_that_call_each_other_end_where_a_when_says_so() -> None:
    text = """
layers = [{ name = "x", op = "even", n = 5 }]
[blocks.even]
args = ["n"]
layers = [{ name = "a", op = "relu" }, { name = "b", op = "odd", n = "{n - 1}" }]
[blocks.odd]
args = ["n"]
layers = [
  { name = "c", op = "tanh" },
  { name = "d", op = "even", n = "{n - 1}", when = "{n > 0}" },
]
"""
    names = [n.name for n in graph_of(text).layers()]
    assert names == ["x.a", "x.b.c", "x.b.d.a", "x.b.d.b.c", "x.b.d.b.d.a", "x.b.d.b.d.b.c"]


def test_a_tree_of_calls_shares_nothing_and_counts_each() -> None:
    text = """
layers = [{ name = "t", op = "tree", n = 3 }]
[blocks.tree]
args = ["n"]
layers = [
  { name = "left",  op = "tree", n = "{n - 1}", when = "{n > 0}" },
  { name = "right", op = "tree", n = "{n - 1}", when = "{n > 0}", from = "input" },
  { name = "root",  op = "conv", out_channels = "{3 + n}", kernel_size = 1 },
  { name = "sum",   op = "concat", from = ["root", "left"] },
]
"""
    graph = graph_of(text)
    assert [n.output[0] for n in graph.layers() if n.kind == "conv"].count(3) == 8
    assert len({n.name for n in graph.nodes}) == len(graph.nodes)


ENDLESS = {
    "a line": 'layers = [{ name = "a", op = "b" }]',
    "a when that stays true": 'layers = [{ name = "a", op = "b", when = "{n > 0}" }]',
    "each": 'layers = [{ name = "a{i}", op = "b", each = [{}] }]',
    "a preset": 'layers = [{ name = "a", op = "p" }]\n[blocks.p]\nop = "b"',
    "another block": 'layers = [{ name = "a", op = "c" }]\n[blocks.c]\n'
    'layers = [{ name = "d", op = "b" }]',
}


@pytest.mark.parametrize("layers", ENDLESS.values(), ids=ENDLESS)
def test_calls_without_end_are_refused_with_what_ends_them(layers: str) -> None:
    with pytest.raises(SpecError) as error:
        graph_of(f'args.n = 1\nlayers = [{{ name = "x", op = "b" }}]\n[blocks.b]\n{layers}\n')
    (problem,) = error.value.problems
    assert problem.rule == "L010"
    assert problem.message.startswith("the block b calls itself")
    assert problem.hint.startswith("a when ends it")


def test_calls_that_double_without_end_are_refused_in_little_time() -> None:
    twice = ", ".join(f'{{ name = "{name}", op = "b", when = "{{n > 0}}" }}' for name in "pq")
    start = time.process_time()
    with pytest.raises(SpecError, match=r"L01[01] "):
        graph_of(
            f'args.n = 1\nlayers = [{{ name = "x", op = "b" }}]\n[blocks.b]\nlayers = [{twice}]'
        )
    assert time.process_time() - start < 5


def test_32_levels_are_allowed_and_33_are_not() -> None:
    text = """
layers = [{ name = "x", op = "b", n = N }]
[blocks.b]
args = ["n"]
layers = [{ name = "r", op = "relu" }, { name = "y", op = "b", n = "{n - 1}", when = "{n > 1}" }]
"""
    assert len(list(graph_of(text.replace("N", "32")).layers())) == 32
    with pytest.raises(
        SpecError, match="L010 the block b calls itself, and blocks nest at most 32"
    ):
        graph_of(text.replace("N", "33"))
