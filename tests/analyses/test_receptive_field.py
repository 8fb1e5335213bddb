"""Receptive fields, compared with a brute-force trace of the dependencies."""

from fractions import Fraction
from math import prod
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from cnnspec import load
from cnnspec.analyses.receptive_field.receptive_field import DIVERGING, compute_receptive_fields
from cnnspec.graph.inputs import NETWORK_CALL
from cnnspec.graph.model import Node
from cnnspec.ops.input import Input
from cnnspec.ops.kit.fields import OperatorError
from cnnspec.ops.registry import load_operator
from tests.analyses.lattice import Trace

MAX_PERIOD, MAX_READ = 48, 400


def axis_values(n: int, low: int, high: int) -> st.SearchStrategy[Any]:
    one = st.integers(low, high)
    return one | st.lists(one, min_size=n, max_size=n)


def fields(kind: str, n: int) -> st.SearchStrategy[dict[str, Any]]:
    """Draw the fields of an operator with sliding windows or another output size."""
    few = axis_values(n, 1, 3)
    padding: st.SearchStrategy[Any] = axis_values(n, 0, 1) | st.sampled_from(["half", "same"])
    kinds: dict[str, dict[str, st.SearchStrategy[Any]]] = {
        "conv": {
            "out_channels": st.just(4),
            "kernel_size": few,
            "stride": axis_values(n, 1, 2),
            "padding": padding,
            "dilation": axis_values(n, 1, 2),
        },
        "maxpool": {"kernel_size": few, "stride": few, "padding": padding},
        "avgpool": {"kernel_size": few, "stride": few},
        "conv_transpose": {
            "out_channels": st.just(4),
            "kernel_size": few if n == 1 else axis_values(n, 2, 3),
            "stride": few if n == 1 else axis_values(n, 1, 2),
            "padding": axis_values(n, 0, 1),
            "dilation": axis_values(n, 1, 2 if n == 1 else 1),
        },  # in 2-D without gaps: see below
        "upsample": {
            "mode": st.sampled_from(["nearest", "bilinear"]),
            "scale_factor": st.sampled_from([1.5, 2, 3]),
        },
        "adaptive_avgpool": {"output_size": axis_values(n, 2, 4)},
        "subsample": {"stride": axis_values(n, 1, 3)},
        "space_to_depth": {"block": st.just(2)},
        "depth_to_space": {"block": st.just(2)},
        "crop": {"size": st.integers(1, 6)},
        "crop_at": {"size": st.integers(1, 6), "offset": st.integers(0, 2)},
        "pad": {"padding": axis_values(n, 0, 2)},
        "relu": {},
    }
    return st.fixed_dictionaries(kinds[kind])


WINDOWS = (
    "conv",
    "conv",
    "maxpool",
    "avgpool",
    "conv_transpose",
    "conv_transpose",
    "upsample",
    "adaptive_avgpool",
    "subsample",
    "space_to_depth",
    "depth_to_space",
    "crop",
    "crop_at",
    "pad",
    "relu",
)
JOINS = ("add", "concat", "mul", "gate", "crop_like", "upsample_like")


class Growing:
    """A graph that grows node by node; nodes that do not fit are left out."""

    def __init__(self, sizes: list[int]):
        shape = (4, *sizes)
        self.nodes = [Node(0, "input", "input", Input(shape), (), shape, NETWORK_CALL, "input")]

    def add(self, kind: str, inputs: list[Node], **values: Any) -> Node | None:
        try:
            op = load_operator(kind)(**values)
            output = op.output(*(n.output for n in inputs))
        except OperatorError:
            return None
        if max(output) > 40:
            return None
        index = len(self.nodes)
        self.nodes.append(
            Node(index, f"n{index}", kind, op, tuple(inputs), output, NETWORK_CALL, f"n{index}")
        )
        return self.nodes[-1]

    def join(self, kind: str, x: Node, other: Node) -> None:
        if kind == "gate":
            squeezed = self.add("global_avgpool", [x])
            assert squeezed is not None
            self.add("mul", [x, squeezed])
        elif kind in ("crop_like", "upsample_like"):
            self.add(kind.removesuffix("_like"), [x, other])
        elif (kind == "concat" and x.output[1:] == other.output[1:]) or x.output == other.output:
            self.add(kind, [x, other])


@st.composite
def graphs(draw: st.DrawFn) -> list[Node]:
    """Draw small graphs in one or two dimensions; joins prefer inputs of one size, which fit."""
    n = draw(st.sampled_from([1, 2]))
    graph = Growing(draw(st.lists(st.integers(4, 9), min_size=n, max_size=n)))
    for _ in range(draw(st.integers(1, 7 - n))):
        x = draw(st.sampled_from(graph.nodes[-3:]))
        kind = draw(st.sampled_from(WINDOWS + JOINS))
        if kind in JOINS:
            alike = [m for m in graph.nodes if m.output[1:] == x.output[1:] and m is not x]
            graph.join(kind, x, draw(st.sampled_from(alike or graph.nodes)))
        else:
            graph.add(kind.removesuffix("_at"), [x], **draw(fields(kind, n)))
    return graph.nodes


@settings(
    max_examples=400,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(graphs())
def test_field_equals_a_brute_force_trace(nodes: list[Node]) -> None:
    found = compute_receptive_fields(nodes)
    sizes = [f.size for f in found.values() if f.size]
    assume(all(prod(s) <= MAX_READ for s in sizes))
    try:
        trace = Trace(nodes, MAX_PERIOD)
    except OverflowError:
        assume(False)
    for node in nodes:
        field = found[node.index]
        if trace.local[node.index] is None:
            assert field.axes is None, node
            assert (field.reason == DIVERGING) == (node.index in trace.diverging), node
            continue
        assert field.gated == trace.gated[node.index], node
        spans = [trace.spans(node, axis) for axis in range(trace.dimensions)]
        assert field.size == tuple(
            max((h - w + 1 for w, h in filter(None, s)), default=0) for s in spans
        ), node
        if all(field.size or ()):
            assert tuple(map(Fraction, field.stride or ())) == trace.stride(node), node
            assert field.padding == tuple(-next(s[0] for s in axis if s) for axis in spans), node


def test_nothing_along_one_dimension_is_nothing_at_all() -> None:
    """Dimensions are traced separately, which is exact in a chain.

    Rows that depend on nothing leave their columns without dependencies, too."""
    graph = Growing([4, 4])
    graph.add(
        "conv_transpose",
        [graph.nodes[0]],
        out_channels=4,
        kernel_size=1,
        stride=[1, 2],
        padding=[0, 1],
    )
    graph.add("subsample", [graph.nodes[-1]], stride=[1, 2])
    assert compute_receptive_fields(graph.nodes)[2].size == (0, 0)


def test_branches_that_drift_apart_have_no_field() -> None:
    """Two maps of 2 positions, of strides 2 and 1, are joined: position y reads 2*y and y."""
    graph = Growing([3])
    x = graph.nodes[0]
    for values in ({"kernel_size": 1, "stride": 2}, {"kernel_size": 2}):
        graph.add("conv", [x], out_channels=4, **values)
    _, strided, dense = graph.nodes
    graph.add("add", [strided, dense])
    graph.add("mul", [dense, graph.nodes[-1]])
    found = compute_receptive_fields(graph.nodes)
    trace = Trace(graph.nodes, MAX_PERIOD)
    assert trace.diverging == {3, 4}
    assert [found[i].reason for i in (3, 4)] == [DIVERGING, DIVERGING]
    assert [found[i].axes for i in (3, 4)] == [None, None]


def lines(*rows: tuple[str, int, int, Any]) -> str:
    """Write lines of TOML for rows of operator, kernel size, stride and padding."""

    def one(i: int, op: str, k: int, s: int, p: Any) -> str:
        maps = "out_channels = 4, " if op == "conv" else ""
        quoted = f'"{p}"' if isinstance(p, str) else p
        return (
            f'{{ name = "n{i}", op = "{op}", {maps}kernel_size = {k}, stride = {s}, padding ='
            f" {quoted} }},"
        )

    return "\n".join(one(i, *row) for i, row in enumerate(rows))


ALEXNET_V2 = lines(
    ("conv", 11, 4, 0),
    ("maxpool", 3, 2, 0),
    ("conv", 5, 1, "same"),
    ("maxpool", 3, 2, 0),
    *[("conv", 3, 1, "same")] * 3,
    ("maxpool", 3, 2, 0),
)
VGG_16 = lines(
    *(row for n in (2, 2, 3, 3, 3) for row in (*[("conv", 3, 1, "same")] * n, ("maxpool", 2, 2, 0)))
)
MOBILENET_V1 = lines(
    ("conv", 3, 2, "same"),
    *(
        row
        for s in (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)
        for row in (("conv", 3, s, "same"), ("conv", 1, 1, 0))
    ),
)
RESNET_V1_50 = """
  { name = "conv1", op = "conv", out_channels = 4, kernel_size = 7, stride = 2, padding = 3 },
  { name = "pool1", op = "maxpool", kernel_size = 3, stride = 2, padding = "same" },
  { name = "unit{i}", op = "unit", each = [1, 1, 2, 1, 1, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1] },
]
[blocks.unit]
args = ["s"]
layers = [
  { name = "conv1", op = "conv", out_channels = 4, kernel_size = 1 },
  { name = "conv2", op = "conv", out_channels = 4, kernel_size = 3, stride = "{s}", padding = 1 },
  { name = "short", op = "subsample", from = "input", stride = "{s}" },
  { name = "add", op = "add", from = ["conv2", "short"] },
"""


@pytest.mark.parametrize(
    ("layers", "size", "stride", "padding"),
    [
        pytest.param(ALEXNET_V2, 195, 32, 64, id="alexnet_v2"),
        pytest.param(VGG_16, 212, 32, 90, id="vgg_16"),
        pytest.param(MOBILENET_V1, 315, 32, 126, id="mobilenet_v1"),
        pytest.param(RESNET_V1_50, 483, 32, 239, id="resnet_v1_50"),
    ],
)
def test_field_equals_the_table_of_araujo_norris_and_sim(
    layers: str, size: int, stride: int, padding: int, tmp_path: Path
) -> None:
    """Distill (2019), "Computing receptive fields", appendix: the networks of TF-Slim."""
    file = tmp_path / "net.toml"
    file.write_text(
        f'name = "net"\ninput = [4, 224, 224]\nlayers = [\n{layers}\n]\n', encoding="utf-8"
    )
    net = load(str(file))
    field = net.fields[net.graph.nodes[-1].index]
    assert (field.size, field.stride, field.padding) == (
        (size, size),
        (stride, stride),
        (padding, padding),
    )
