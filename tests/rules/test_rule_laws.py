"""What rules say, compared with counting: pixels one by one, and the networks in their hints."""

import re

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cnnspec.rules.registry import lint_graph
from tests.rules.linting import lint_layers
from tests.written import network


def read_positions(size: int, kernel: int, stride: int, pad: int, dilation: int) -> set[int]:
    """Return the real positions that the windows along one dimension read."""
    starts = range(-pad, size + pad - dilation * (kernel - 1), stride)
    return {
        p
        for s in starts
        for p in range(s, s + dilation * (kernel - 1) + 1, dilation)
        if 0 <= p < size
    }


WINDOWS = st.tuples(
    st.integers(1, 24), st.integers(1, 6), st.integers(1, 5), st.integers(0, 3), st.integers(1, 3)
)


@settings(max_examples=300, deadline=None)
@given(WINDOWS)
def test_pixels_are_said_to_be_unread_where_they_are(window: tuple[int, ...]) -> None:
    size, kernel, stride, pad, dilation = window
    assume(dilation * (kernel - 1) + 1 <= size + 2 * pad)
    line = (
        f'{{ name = "c", op = "conv", out_channels = 1, kernel_size = {kernel}, stride = {stride}, '
        f"padding = {pad}, dilation = {dilation} }}"
    )
    seen = read_positions(size, kernel, stride, pad, dilation)
    codes = {p.rule for p in lint_layers(line, [1, size], "S001", "S002")}
    extent = dilation * (kernel - 1) + 1
    behind = size - max(range(-pad, size + pad - extent + 1, stride)) - extent
    assert ("S001" in codes) == (behind > max(0, stride - extent))
    gaps = {
        p for p in range(max(seen, default=0)) if p not in seen and extent - 1 <= p < size - extent
    }
    if gaps and "S001" not in codes:
        assert "S002" in codes
    if "S002" in codes:
        assert len({dilation * i % stride for i in range(kernel)}) < stride
    assert codes or set(range(extent - 1, size - extent)) <= seen


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 60), st.integers(1, 8), st.integers(1, 6), st.integers(0, 3))
def test_what_is_said_to_read_every_pixel_does(
    size: int, kernel: int, stride: int, pad: int
) -> None:
    assume(kernel <= size + 2 * pad)
    form = (
        '{{ name = "c", op = "conv", out_channels = 1, kernel_size = {}, stride = {}, padding ='
        " {} }}"
    )
    for problem in lint_layers(form.format(kernel, stride, pad), [1, size], "S001"):
        down, up = map(int, re.findall(r"of (\d+) or (\d+)", problem.hint)[0])
        assert down < size < up
        for better in (down, up):
            assert lint_layers(form.format(kernel, stride, pad), [1, better], "S001") == []
        if kernel >= stride:
            assert all(
                lint_layers(form.format(kernel, stride, pad), [1, worse], "S001")
                for worse in range(down + 1, up)
            )
        more = re.findall(r"padding = (\d+)", problem.hint)
        for value in map(int, more):
            assert value > pad
            assert lint_layers(form.format(kernel, stride, value), [1, size], "S001") == []


@settings(max_examples=100, deadline=None)
@given(st.integers(2, 12), st.integers(1, 4), st.integers(1, 3), st.integers(0, 2), st.booleans())
def test_padding_is_said_to_be_averaged_where_it_is(
    size: int, kernel: int, stride: int, pad: int, ceil: bool
) -> None:
    assume(2 * pad <= kernel <= size + 2 * pad)
    line = (
        f'{{ name = "p", op = "avgpool", kernel_size = {kernel}, stride = {stride}, padding ='
        f" {pad}, ceil_mode = {str(ceil).lower()} }}"
    )
    net = network(line, [1, size])
    starts = [i * stride - pad for i in range(net.layers[0].output[1])]
    counted = [[p for p in range(s, s + kernel) if p < size + pad] for s in starts]
    zeros = [(sum(p < 0 or p >= size for p in window), len(window)) for window in counted]
    said = lint_graph(net.graph, ["S005"])
    assert len(said) == any(n for n, _ in zeros)
    for problem in said:
        n, values = max(zeros)
        assert f"counts {n} zeros of padding among its {values} values" in problem.message


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([5, 7, 9, 11]),
    st.integers(1, 6),
    st.integers(1, 6),
    st.sampled_from([0, 1]),
    st.booleans(),
)
def test_a_stack_has_the_weights_and_work_that_are_said(
    kernel: int, c: int, k: int, groups: int, same: bool
) -> None:
    groups = 2 * groups or 1
    c, k, n = c * groups, k * groups, (kernel - 1) // 2
    first = f'{{ name = "first", op = "conv", out_channels = {c}, kernel_size = 1 }},'
    common = f'bias = false, groups = {groups}, padding = "{"same" if same else "valid"}"'
    one = (
        f'{first}\n{{ name = "c", op = "conv", out_channels = {k}, kernel_size = {kernel},'
        f" {common} }}"
    )
    many = first + "\n".join(
        f'{{ name = "c{i}", op = "conv", out_channels = {k}, kernel_size = 3, {common} }},'
        for i in range(n)
    )
    large, small = network(one, [3, 16, 16]), network(many, [3, 16, 16])
    assert large.layers[-1].output == small.layers[-1].output
    params = [sum(r.params for r in net.layers[1:]) for net in (large, small)]
    macs = [sum(r.macs for r in net.layers[1:]) for net in (large, small)]
    said = lint_graph(large.graph, ["A002"])
    assert bool(said) == (params[1] < params[0] and macs[1] < macs[0])
    for problem in said:
        assert (
            f"{n} layers of 3x3 see the same {kernel}x{kernel} with {params[1]:,} weights instead"
            f" of {params[0]:,}, and {macs[1]:,} MACs instead of {macs[0]:,}" == problem.message
        )


def test_a_pooled_head_has_as_many_parameters_fewer_as_are_said() -> None:
    dense = network(
        """
  { name = "conv", op = "conv", out_channels = 8, kernel_size = 3, activation = "relu" },
  { name = "flatten", op = "flatten" },
  { name = "fc1", op = "linear", out_features = 50 },
  { name = "drop", op = "dropout", p = 0.5 },
  { name = "fc2", op = "linear", out_features = 10 },
""",
        [3, 12, 12],
    )
    pooled = network(
        """
  { name = "conv", op = "conv", out_channels = 8, kernel_size = 3, activation = "relu" },
  { name = "pool", op = "global_avgpool", keepdim = false },
  { name = "fc", op = "linear", out_features = 10 },
""",
        [3, 12, 12],
    )
    (problem,) = lint_graph(dense.graph, ["A003"])
    head = sum(row.params for row in dense.layers[1:])
    assert problem.message == (
        f"the head after flatten (fc1, fc2) has {head:,} of {dense.totals.params:,} parameters"
        f" ({100 * head / dense.totals.params:.1f}%)"
    )
    assert f"{dense.totals.params - pooled.totals.params:,} fewer" in problem.hint
