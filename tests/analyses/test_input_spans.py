"""Input spans: exact within their bounds, unknown with a reason beyond them, and never slow."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cnnspec
from cnnspec.analyses.receptive_field.receptive_field import ReceptiveField
from cnnspec.analyses.receptive_field.spans import (
    EXHAUSTED,
    MAX_LOOKUPS,
    MAX_PERIOD,
    OVERSIZED,
    UNTRACKED,
    InputSpan,
    PhaseBudget,
    UntraceableField,
    compose_window,
    outermost_offsets,
)
from cnnspec.graph.build import build_graph
from cnnspec.ops.kit.windows import Axis, Phases, Window, single_offset
from cnnspec.report.contract import network_json
from cnnspec.report.explain import render_explanations
from cnnspec.report.table import render_table
from cnnspec.spec.source import Source
from tests.pipeline import toml
from tests.support import graph_of

SPANS = st.lists(
    st.one_of(st.none(), st.tuples(st.integers(-9, 9), st.integers(0, 9))), min_size=1, max_size=7
).map(
    lambda phases: InputSpan(
        len(phases), 1, tuple(p and p[0] for p in phases), tuple(p and p[0] + p[1] for p in phases)
    )
)


def network(size: int, *lines: dict[str, Any]) -> cnnspec.Network:
    data = {
        "name": "n",
        "input": [1, size],
        "layers": [{"name": f"a{i}", **ln} for i, ln in enumerate(lines)],
    }
    return cnnspec.Network(build_graph(Source("n.toml", toml(data))))


def last(net: cnnspec.Network) -> ReceptiveField:
    return net.fields[net.graph.nodes[-1].index]


@given(
    span=SPANS,
    first=st.integers(-20, 20),
    n=st.integers(0, 60),
    step=st.integers(1, 9),
    at=st.integers(0, 20),
)
def test_the_ends_of_a_kernel_reach_as_far_as_all_of_it(
    span: InputSpan, first: int, n: int, step: int, at: int
) -> None:
    offsets = range(first, first + n * step, step)

    def reach(chosen: Any) -> tuple[int, int] | None:
        seen = [h for o in chosen if (h := span.at(at + o)) is not None]
        return (min(w for w, _ in seen), max(h for _, h in seen)) if seen else None

    assert reach(outermost_offsets(offsets, span.period)) == reach(offsets)


@given(
    kernel=st.integers(1, 9),
    stride=st.integers(1, 6),
    dilation=st.integers(1, 5),
    before=st.integers(0, 9),
)
def test_transposed_windows_hold_each_position(
    kernel: int, stride: int, dilation: int, before: int
) -> None:
    window = Axis(99, kernel, stride, dilation, before, before).transposed
    for y in range(stride):
        holding = [
            x
            for x in range(-60, 60)
            if any(x * stride - before + dilation * j == y for j in range(kernel))
        ]
        assert list(window.offsets[y]) == holding


@pytest.mark.parametrize("size", [2**31 - 1, 2**20])
def test_huge_windows_have_exact_fields(size: int) -> None:
    net = network(
        size,
        {"op": "conv", "out_channels": 1, "kernel_size": size},
        {"op": "conv_transpose", "out_channels": 1, "kernel_size": 2, "stride": 2},
        {"op": "conv", "out_channels": 1, "kernel_size": 2**30, "padding": 2**29},
    )
    assert last(net).size == (size + 2**29,)


def test_a_ratio_of_up_to_4096_phases_is_followed_and_no_other() -> None:
    followed = network(4095, {"op": "upsample", "size": 4096})
    assert last(followed).stride == ("4095/4096",)
    lost = network(4096, {"op": "upsample", "size": 4097})
    assert last(lost) == ReceptiveField(None, False, UNTRACKED)


def test_windows_of_too_many_phases_are_lost_before_they_are_listed() -> None:
    window = Window(2**31, 1, Phases(2**31, single_offset))
    with pytest.raises(UntraceableField, match=f"{MAX_PERIOD:,}"):
        compose_window(window, InputSpan(1, 1, (0,), (0,)), PhaseBudget())


def test_phases_of_a_whole_network_are_bounded() -> None:
    lines = [{"op": "upsample", "size": 4096}] + [
        {"op": "conv", "out_channels": 1, "kernel_size": 3, "padding": 1}
    ] * 40
    net = network(4095, *lines)
    reasons = [f.reason for f in net.fields.values()]
    assert reasons[2] == "" == net.fields[5].reason
    assert reasons[-1] == EXHAUSTED
    assert (
        sum(f.axes[0].period for f in net.fields.values() if f.axes and f.axes[0].period > 1)
        < MAX_LOOKUPS
    )


def test_fields_beyond_all_numbers_are_lost() -> None:
    line = {"op": "conv", "out_channels": 1, "kernel_size": 1, "stride": 2**31 - 1, "padding": 1}
    assert last(network(2**31 - 1, line, line)).reason == ""
    assert last(network(2**31 - 1, line, line, line)).reason == OVERSIZED


def test_an_unknown_field_is_shown_as_one() -> None:
    net = network(4096, {"op": "upsample", "size": 4097})
    assert render_table(net).splitlines()[5].endswith("  ?")
    note = f"unknown: {UNTRACKED}"
    assert " ".join(render_table(net).split()).endswith(f"RF: {note}.")
    assert f"receptive field: {note}" in render_explanations(net)
    assert network_json(net)["layers"][0]["receptive_field_note"] == note


def test_what_follows_an_unknown_field_is_unknown_until_everything_is_read() -> None:
    up = {"op": "upsample", "size": 4097}
    assert last(network(4096, up, {"op": "maxpool", "kernel_size": 2})).unknown
    after = last(network(4096, up, {"op": "global_avgpool"}, {"op": "relu"}))
    assert after == ReceptiveField(None)


def test_all_channels_of_a_position_count_as_one() -> None:
    text = """
layers = [
  { name = "down", op = "space_to_depth", block = 2 },
  { name = "up", op = "depth_to_space", block = 2 },
]
"""
    net = cnnspec.Network(graph_of(text))
    assert [row.field.size for row in net.layers] == [(2, 2), (2, 2)]
    assert net.layers[-1].output == (3, 8, 8)
