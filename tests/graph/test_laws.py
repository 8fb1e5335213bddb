"""Laws of every network: convolutions, sums, folded rows, and two ways to write one network."""

from math import ceil, prod
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from cnnspec.analyses.network_costs import Row
from cnnspec.api import Network
from cnnspec.ops.registry import load_operator
from tests.written import network

SUMMED = ("params", "buffers", "macs")
few = st.integers(1, 4)
sizes = st.integers(9, 24)
often = settings(max_examples=60, deadline=None)


def conv(x: tuple[int, ...], **fields: Any) -> tuple[tuple[int, ...], int, int]:
    """Output, parameters and MACs of a convolution."""
    op = load_operator("conv")(**fields)
    y = op.output(x)
    return y, sum(map(prod, op.parameters(x).values())), op.macs(x, y=y)


def numbers(rows: list[Row]) -> list[tuple[Any, ...]]:
    return [
        (r.op, r.output, r.params, r.buffers, r.macs, r.elementwise, r.field, r.times) for r in rows
    ]


@often
@given(
    c=few,
    k=few,
    kernel=st.integers(1, 5),
    stride=few,
    a=st.tuples(sizes, sizes),
    b=st.tuples(sizes, sizes),
)
def test_parameters_do_not_depend_on_the_size_of_the_map(
    c: int, k: int, kernel: int, stride: int, a: tuple[int, int], b: tuple[int, int]
) -> None:
    fields = {"out_channels": k, "kernel_size": kernel, "stride": stride}
    assert conv((c, *a), **fields)[1] == conv((c, *b), **fields)[1] == (kernel * kernel * c + 1) * k


@often
@given(
    c=few,
    k=few,
    groups=few,
    kernel=st.integers(1, 5),
    size=st.tuples(sizes, sizes),
    bias=st.booleans(),
)
def test_groups_divide_weights_and_macs_and_one_group_is_the_plain_formula(
    c: int, k: int, groups: int, kernel: int, size: tuple[int, int], bias: bool
) -> None:
    x = (c * groups, *size)
    fields = {"out_channels": k * groups, "kernel_size": kernel, "bias": bias}
    y, params, macs = conv(x, **fields, groups=1)
    assert (y, params, macs) == conv(x, **fields)
    assert params == kernel**2 * c * groups * k * groups + bias * k * groups
    assert macs == kernel**2 * c * groups * prod(y)
    grouped = conv(x, **fields, groups=groups)
    assert grouped == (y, kernel**2 * c * k * groups + bias * k * groups, macs // groups)


@often
@given(
    op=st.sampled_from(["conv", "depthwise_conv", "maxpool", "avgpool"]),
    half=st.integers(0, 3),
    dilation=few,
    size=st.lists(sizes, min_size=1, max_size=3),
)
def test_half_padding_keeps_the_size_for_odd_kernels(
    op: str, half: int, dilation: int, size: list[int]
) -> None:
    fields: dict[str, Any] = {"kernel_size": 2 * half + 1, "padding": "half", "stride": 1}
    if "conv" in op:
        fields["dilation"] = dilation
    x = (3, *size)
    assert (
        load_operator(op)(**fields, **({"out_channels": 3} if op == "conv" else {})).output(x) == x
    )


@often
@given(
    op=st.sampled_from(["conv", "maxpool"]),
    kernel=st.integers(1, 7),
    stride=st.integers(1, 5),
    size=st.lists(st.integers(1, 24), min_size=1, max_size=3),
)
def test_same_padding_gives_the_size_over_the_stride_rounded_up(
    op: str, kernel: int, stride: int, size: list[int]
) -> None:
    channels = {"out_channels": 3} if op == "conv" else {}
    made = load_operator(op)(kernel_size=kernel, stride=stride, padding="same", **channels)
    assert made.output((3, *size)) == (3, *(ceil(w / stride) for w in size))


@often
@given(channels=st.lists(few, min_size=2, max_size=5), size=st.lists(sizes, min_size=0, max_size=3))
def test_concat_adds_channels(channels: list[int], size: list[int]) -> None:
    assert load_operator("concat")().output(*((c, *size) for c in channels)) == (
        sum(channels),
        *size,
    )


@st.composite
def layers(draw: st.DrawFn) -> str:
    """A few lines that keep the number of channels and the size."""
    kinds = (
        (
            'op = "conv", out_channels = 4, kernel_size = {k}, padding = "half", {norm}activation ='
            ' "{act}"'
        ),
        'op = "maxpool", kernel_size = {k}, stride = 1, padding = "half"',
        'op = "depthwise_conv", kernel_size = {k}, padding = "half", {norm}activation = "{act}"',
        'op = "add", from = ["previous", "input"]',
    )
    lines = []
    for i in range(draw(st.integers(1, 5))):
        norm = draw(st.sampled_from(["", 'norm = "batchnorm", ']))
        act = draw(st.sampled_from(["relu", "tanh", "none"]))
        line = draw(st.sampled_from(kinds)).format(
            k=draw(st.sampled_from([1, 3, 5])), norm=norm, act=act
        )
        lines.append(f'  {{ name = "n{i}", {line} }},\n')
    return "".join(lines)


def block(inner: str, name: str = "b") -> str:
    return f"[blocks.{name}]\nlayers = [\n{inner}]\n"


def of(outer: str, inner: str, more: str = "") -> Network:
    return network(outer, [4, 8, 9], block(inner) + more)


@often
@given(layers(), st.integers(1, 4))
def test_totals_are_the_sums_of_the_rows(inner: str, n: int) -> None:
    net = of(f'{{ name = "b", op = "b", repeat = {n} }}', inner)
    for key in SUMMED:
        assert getattr(net.totals, key) == sum(getattr(r, key) for r in net.layers)
    assert net.totals.flops == 2 * net.totals.macs
    work: dict[str, int] = {}
    for r in net.layers:
        for kind, count in r.elementwise.items():
            work[kind] = work.get(kind, 0) + count
    assert net.totals.elementwise == work


@often
@given(layers(), st.integers(1, 4), st.integers(1, 3))
def test_folding_keeps_the_sums(inner: str, n: int, depth: int) -> None:
    net = of(
        f'{{ name = "o", op = "o", repeat = {n} }}',
        inner,
        block('{ name = "p", op = "b", repeat = 2 },\n{ name = "q", op = "relu" },\n', "o"),
    )
    folded = net.rows(depth)
    for key in SUMMED:
        assert sum(r.times * getattr(r, key) for r in folded) == getattr(net.totals, key)
    for kind, count in net.totals.elementwise.items():
        assert sum(r.times * r.elementwise.get(kind, 0) for r in folded) == count
    assert folded[-1].field == net.layers[-1].field
    if depth == 1:
        expected = [("o.0", 1)] if n == 1 else [("o.0", n)]
        assert [(r.name, r.times) for r in folded] == expected


@often
@given(layers(), st.integers(1, 4))
def test_repeat_is_as_many_lines_written_out(inner: str, n: int) -> None:
    repeated = of(f'{{ name = "b", op = "b", repeat = {n} }}', inner)
    written = of("".join(f'{{ name = "b{i}", op = "b" }},\n' for i in range(n)), inner)
    assert numbers(repeated.layers) == numbers(written.layers)
    assert repeated.totals == written.totals


@often
@given(layers())
def test_a_block_is_its_lines_written_out(inner: str) -> None:
    called = of('{ name = "b", op = "b" }', inner)
    written = network(inner, [4, 8, 9])
    assert numbers(called.layers) == numbers(written.layers)
    assert [r.name.removeprefix("b.") for r in called.layers] == [r.name for r in written.layers]


@often
@given(layers(), st.integers(1, 3))
def test_sharing_adds_work_but_no_parameters(inner: str, n: int) -> None:
    one = of('{ name = "b", op = "b" }', inner)
    shared = of(
        '{ name = "b", op = "b" },\n' + f'{{ name = "c", share = "b", repeat = {n} }}', inner
    )
    assert (shared.totals.params, shared.totals.buffers) == (one.totals.params, one.totals.buffers)
    assert shared.totals.macs == (n + 1) * one.totals.macs
    assert shared.totals.activations == (n + 1) * one.totals.activations
    later = shared.layers[len(one.layers) :]
    assert all(r.params == r.buffers == 0 for r in later)
    first = {r.name: r for r in one.layers}
    assert all(r.shares in first and first[r.shares].params for r in later if r.shares)
