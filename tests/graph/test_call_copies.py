"""Copying an equal call of a block gives what expanding it again gives: nodes and problems."""

from typing import Any

import pytest

from cnnspec.api import networks
from cnnspec.graph import cache, expand
from cnnspec.graph.build import build_graph, load_graph
from cnnspec.graph.model import Call, Graph, Node
from cnnspec.ops.kit.operator import Operator
from cnnspec.problems import SpecError
from cnnspec.spec.source import Source

UNIT = """
[blocks.unit]
args = ["width"]
defaults = { stride = 1, deep = false }
layers = [
  { name = "conv", op = "conv3", out_channels = "{width}", stride = "{stride}" },
  { name = "more", op = "unit", width = "{width}", when = "{deep}" },
  { name = "relu", op = "relu" },
  { name = "add", op = "add", from = ["previous", "conv"] },
]
[blocks.conv3]
op = "conv"
kernel_size = 3
padding = 1
"""
TWO = """
[blocks.two]
inputs = ["a", "b"]
layers = [{ name = "add", op = "add", from = ["a", "b"] }]
"""
SPECS = {
    "an argument of i": (
        """
  { name = "u", op = "unit", repeat = 3, width = 4, stride = "{2 if i == 0 else 1}" },
""",
        UNIT,
    ),
    "an argument of another line": (
        """
  { name = "u", op = "unit", width = 4 },
  { name = "v", op = "unit", width = "{2 * 2}" },
""",
        UNIT,
    ),
    "rows": (
        """
  { name = "u", op = "unit", each = [[4], [4], [8], [4], [8]] },
""",
        UNIT,
    ),
    "an integer and a boolean": (
        """
  { name = "u", op = "unit", width = 3, stride = 1 },
  { name = "v", op = "unit", width = 3, stride = true },
""",
        UNIT,
    ),
    "a float": (
        """
  { name = "u", op = "unit", each = [[3], [3.0]] },
""",
        UNIT,
    ),
    "one that calls itself": (
        """
  { name = "u", op = "unit", each = [[3], [3, 1, true]] },
""",
        UNIT,
    ),
    "one that calls itself through another": (
        """
  { name = "p", op = "b" },
  { name = "q", op = "a", flag = true },
""",
        """
[blocks.a]
args = ["flag"]
layers = [
  { name = "x", op = "relu" },
  { name = "y", op = "b", when = "{flag}" },
]
[blocks.b]
layers = [{ name = "x", op = "a", flag = false }]
""",
    ),
    "inputs that are one and two": (
        """
  { name = "x", op = "relu" },
  { name = "y", op = "relu", from = "input" },
  { name = "p", op = "two", from = ["x", "x"] },
  { name = "q", op = "two", from = ["x", "y"] },
  { name = "r", op = "two", from = ["p", "q"] },
""",
        TWO,
    ),
    "an input that does not fit": (
        """
  { name = "x", op = "maxpool", kernel_size = 2 },
  { name = "p", op = "two", from = ["x", "x"] },
  { name = "q", op = "two", from = ["x", "input"] },
""",
        TWO,
    ),
    "unpooling": (
        """
  { name = "m", op = "maxpool", kernel_size = 2 },
  { name = "n", op = "maxpool", kernel_size = 3, stride = 2, padding = 1, from = "input" },
  { name = "p", op = "un", from = "m" },
  { name = "q", op = "un", from = "n" },
  { name = "r", op = "add", from = ["p", "q"] },
""",
        """
[blocks.un]
layers = [{ name = "x", op = "maxunpool", from = ["input", "input"] }]
""",
    ),
    "unpooling what is no pool": (
        """
  { name = "m", op = "maxpool", kernel_size = 2 },
  { name = "n", op = "avgpool", kernel_size = 2, from = "input" },
  { name = "p", op = "un", from = "m" },
  { name = "q", op = "un", from = "n" },
  { name = "r", op = "add", from = ["p", "q"] },
""",
        """
[blocks.un]
layers = [{ name = "x", op = "maxunpool", from = ["input", "input"] }]
""",
    ),
    "shared inside": (
        """
  { name = "s", op = "sharing", repeat = 3 },
""",
        """
[blocks.sharing]
layers = [
  { name = "a", op = "conv", out_channels = 3, kernel_size = 1, norm = "batchnorm" },
  { name = "b", share = "a" },
]
""",
    ),
    "shared outside": (
        """
  { name = "u", op = "unit", width = 3, repeat = 2 },
  { name = "v", share = "u.1" },
""",
        UNIT,
    ),
    "training only twice": (
        """
  { name = "u", op = "unit", width = 3, training_only = true },
  { name = "v", op = "unit", width = 3, training_only = true },
  { name = "w", op = "relu", from = "input" },
""",
        UNIT,
    ),
    "a reader of what is there in training only": (
        """
  { name = "x", op = "relu", training_only = true },
  { name = "u", op = "unit", width = 3, from = "input" },
  { name = "v", op = "unit", width = 3, from = "x" },
  { name = "w", op = "two", from = ["u", "v"] },
""",
        UNIT + TWO,
    ),
    "training only": (
        """
  { name = "u", op = "unit", width = 3, training_only = true },
  { name = "v", op = "unit", width = 3 },
  { name = "w", op = "unit", width = 3 },
""",
        UNIT,
    ),
    "problems in each": (
        """
  { name = "u", op = "bad", repeat = 3 },
""",
        """
[blocks.bad]
layers = [
  { name = "x", op = "conv", out_channels = 3, kernel_size = 99 },
]
""",
    ),
    "problems for training only": (
        """
  { name = "u", op = "odd", repeat = 3 },
""",
        """
[blocks.odd]
outputs = ["y"]
layers = [
  { name = "x", op = "conv", out_channels = 3, kernel_size = 99 },
  { name = "y", op = "relu", from = "input" },
]
""",
    ),
    "an argument of the network without a value": (
        """
  { name = "u", op = "plain", width = "{x}" },
  { name = "v", op = "plain" },
  { name = "w", op = "plain", width = "{x}" },
  { name = "p", op = "plain" },
""",
        """
[args]
x = "{1 / 0}"
[blocks.plain]
defaults = { width = 3 }
layers = [
  { name = "a", op = "conv", out_channels = "{width}", kernel_size = 1, from = "input" },
  { name = "b", op = "conv", out_channels = "three", kernel_size = 1, from = "input" },
]
""",
    ),
    "an argument of the network without a value inside": (
        """
  { name = "u", op = "plain", repeat = 2 },
""",
        """
[args]
x = "{1 / 0}"
[blocks.plain]
outputs = ["b"]
layers = [
  { name = "a", op = "conv", out_channels = "{x}", kernel_size = 1 },
  { name = "b", op = "relu", from = "input" },
]
""",
    ),
    "a line that cannot be read": (
        """
  { name = "u", op = "plain", repeat = 2 },
""",
        """
[blocks.plain]
outputs = ["b"]
layers = [
  { name = "a", op = "conv", out_channels = "{3 +}", kernel_size = 1 },
  { name = "b", op = "relu", from = "input" },
]
""",
    ),
    "an argument that is missing": (
        """
  { name = "u", op = "unit", repeat = 2 },
  { name = "v", op = "unit", width = 3 },
""",
        UNIT,
    ),
    "one that is faultless before others are not": (
        """
  { name = "u", op = "unit", width = 3 },
  { name = "x", op = "maxpool", kernel_size = 99 },
  { name = "v", op = "unit", width = 3 },
  { name = "w", op = "unit", width = 3, from = "u" },
""",
        UNIT,
    ),
    "layers that nothing reads": (
        """
  { name = "u", op = "loose", repeat = 3 },
""",
        """
[blocks.loose]
layers = [
  { name = "x", op = "relu" },
  { name = "y", op = "relu", from = "input" },
]
""",
    ),
    "several outputs": (
        """
  { name = "u", op = "fork", repeat = 2, from = "{'input' if i == 0 else 'u.0.b'}" },
  { name = "v", op = "add", from = ["u.0.a", "u.1.a", "u.1.b"] },
""",
        """
[blocks.fork]
outputs = ["a", "b"]
layers = [
  { name = "a", op = "relu" },
  { name = "b", op = "two", from = ["a", "input"] },
]
"""
        + TWO,
    ),
}


def calls(call: Call | None) -> list[Any]:
    found = []
    while call is not None:
        found.append((call.trail, call.block, call.arguments, call.line and call.line.path))
        call = call.outer
    return found


def fields(op: Operator) -> dict[str, Any]:
    return {k: fields(v) if isinstance(v, Operator) else v for k, v in op.__dict__.items()}


def seen(graph: Graph) -> list[Any]:
    """Return all that a graph says about its nodes."""
    return [
        (
            n.index,
            n.name,
            n.kind,
            fields(n.op),
            [i.index for i in n.inputs],
            n.output,
            calls(n.call),
            n.row,
            n.part,
            n.line and n.line.path,
            n.shares and n.shares.name,
            n.training_only,
            n.readers,
            n.trace(),
        )
        for n in graph.nodes
    ]


def spec(case: str, max_lines: int = 1000) -> Any:
    lines, blocks = SPECS[case]
    text = f'name = "n"\ninput = [3, 16, 16]\nlayers = [{lines}]\n{blocks}'
    try:
        return seen(build_graph(Source("n", text), max_lines=max_lines))
    except SpecError as error:
        return str(error)


def without_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expand, "call_key", lambda *_: None)


@pytest.mark.parametrize("case", SPECS)
def test_copies_are_what_expanding_gives(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    limits = (1000, 5, 8)
    copied = [spec(case, n) for n in limits]
    without_copies(monkeypatch)
    assert [spec(case, n) for n in limits] == copied


def test_networks_are_the_same_without_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [
        "resnet50",
        "sam_vit_b",
        "nasnetalarge",
        "segnet",
        "retinanet_resnet50_fpn",
        "efficientnet_b0",
    ]
    assert set(names) <= {name for variants in networks().values() for name in variants}
    copied = [seen(load_graph(name)) for name in names]
    without_copies(monkeypatch)
    assert [seen(load_graph(name)) for name in names] == copied


def test_repeated_blocks_are_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    add = cache.CallCopy.add

    def add_and_note(copy: cache.CallCopy, node: Node) -> None:
        made.append(copy.prefix + node.name)
        add(copy, node)

    monkeypatch.setattr(cache.CallCopy, "add", add_and_note)
    load_graph("resnet20_cifar")
    assert {name.partition(".layer")[0] for name in made} == {
        "layer1.1",
        "layer1.2",
        "layer2.2",
        "layer3.2",
    }
