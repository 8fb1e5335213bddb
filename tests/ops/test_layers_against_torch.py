"""Layers against PyTorch: sizes, parameters, buffers, MACs and refusals, in one, two and three dimensions.

Sizes and windows are also held against their definitions, written out as loops.
"""

from collections.abc import Callable, Iterable
from itertools import count
from math import ceil, floor
from typing import Any, NamedTuple

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from cnnspec.ops.adaptive_avgpool import AdaptiveAvgPool
from cnnspec.ops.fields import Misfit
from cnnspec.ops.maxpool import MaxPool
from cnnspec.ops.maxunpool import MaxUnpool
from cnnspec.ops.operator import Operator
from cnnspec.ops.registry import operator
from cnnspec.ops.windows import WHOLE, Axis, Window, per_dimension

often = settings(max_examples=80, deadline=None)
Fields = dict[str, Any]


class Drawn(NamedTuple):
    """A feature map's shape, and fields for the operator that takes it."""

    x: tuple[int, ...]
    fields: Fields


def per_axis(n: int, low: int, high: int) -> st.SearchStrategy[Any]:
    one = st.integers(low, high)
    return one | st.tuples(*[one] * n)


def maps(largest: int = 8, channels: int = 6) -> st.SearchStrategy[tuple[int, ...]]:
    sizes = st.lists(st.integers(1, largest), min_size=1, max_size=3)
    return st.builds(lambda c, s: (c, *s), st.integers(1, channels), sizes)


def shapes() -> st.SearchStrategy[tuple[int, ...]]:
    """Feature maps and vectors."""
    return maps(5) | st.tuples(st.integers(1, 6))


@st.composite
def drawn(draw: st.DrawFn, largest: int = 8, **fields: Any) -> Drawn:
    """A shape, and for each field a strategy, or bounds of a value per axis."""
    x = draw(maps(largest))
    return Drawn(x, {name: draw(per_axis(len(x) - 1, *f) if isinstance(f, tuple) else f) for name, f in fields.items()})


def dims(kind: str, x: tuple[int, ...]) -> Any:
    """torch's module of as many dimensions as the shape has: Conv2d, MaxPool1d, ..."""
    return getattr(nn, f"{kind}{len(x) - 1}d")


def named(tensors: Iterable[tuple[str, torch.Tensor]]) -> dict[str, tuple[int, ...]]:
    """Tensors by name, without the bookkeeping that is not counted."""
    return {name: tuple(t.shape) for name, t in tensors if name != "num_batches_tracked"}


def both_agree(name: str, x: tuple[int, ...], fields: Fields, build: Callable[[], nn.Module], batch: int = 1) -> None:
    """Either both refuse, or output, parameters, buffers and multiply-accumulates are the same.

    torch lets a transposed convolution have an output of nothing, which is refused here.
    """
    try:
        module = build().eval()
        with FlopCounterMode(display=False) as flops:
            theirs = tuple(module(torch.zeros(batch, *x)).shape[1:])
        refused = 0 in theirs
    except (RuntimeError, ValueError):
        refused = True
    if refused:
        with pytest.raises(Misfit):
            operator(name)(**fields).output(x)
        return
    op: Operator = operator(name)(**fields)
    y = op.output(x)
    assert y == theirs
    assert op.parameters(x) == named(module.named_parameters())
    assert op.buffers(x) == named(module.named_buffers())
    assert 2 * batch * op.macs(x, y) == flops.get_total_flops()


class Apply(nn.Module):
    """A function as a module, with the parameters of another."""

    def __init__(self, function: Callable[[torch.Tensor], torch.Tensor], inner: nn.Module | None = None):
        super().__init__()
        self.function = function
        for name, parameter in inner.named_parameters() if inner else ():
            self.register_parameter(name, parameter)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.function(x)


CONV: Fields = {"kernel_size": (1, 4), "stride": (1, 3), "dilation": (1, 3), "bias": st.booleans()}
GROUPS: Fields = {"out_channels": st.integers(1, 6), "groups": st.integers(1, 3)}
POOL: Fields = {"kernel_size": (1, 4), "stride": (1, 4), "ceil_mode": st.booleans()}


@often
@given(drawn(**CONV, **GROUPS, padding=(0, 3)))
def test_conv(d: Drawn) -> None:
    both_agree("conv", d.x, d.fields, lambda: dims("Conv", d.x)(d.x[0], **d.fields))


@often
@given(drawn(**CONV | {"stride": st.just(1)}, **GROUPS, padding=st.sampled_from(["same", "valid"])))
def test_conv_padded_by_a_word(d: Drawn) -> None:
    """PyTorch takes "same" with a stride of 1 only."""
    both_agree("conv", d.x, d.fields, lambda: dims("Conv", d.x)(d.x[0], **d.fields))


@often
@given(drawn(**CONV, padding=(0, 3)), st.integers(1, 3))
def test_depthwise_conv(d: Drawn, multiplier: int) -> None:
    c = d.x[0]
    both_agree("depthwise_conv", d.x, d.fields | {"multiplier": multiplier},
               lambda: dims("Conv", d.x)(c, c * multiplier, groups=c, **d.fields))


@often
@given(drawn(5, **CONV, **GROUPS, padding=(0, 3), output_padding=(0, 3)))
def test_conv_transpose(d: Drawn) -> None:
    both_agree("conv_transpose", d.x, d.fields, lambda: dims("ConvTranspose", d.x)(d.x[0], **d.fields))


@often
@given(drawn(**CONV | {"dilation": st.just(1)}, padding=(0, 2)), st.integers(1, 4))
def test_a_conv_table_of_all_connections_is_a_convolution(d: Drawn, k: int) -> None:
    fields = {name: value for name, value in d.fields.items() if name != "dilation"}
    table = operator("conv_table")(connections=[list(range(d.x[0]))] * k, **fields)
    conv = operator("conv")(out_channels=k, **fields)
    try:
        y = conv.output(d.x)
    except Misfit:
        with pytest.raises(Misfit):
            table.output(d.x)
        return
    assert (table.output(d.x), table.macs(d.x, y), table.window(d.x, y)) == (y, conv.macs(d.x, y), conv.window(d.x, y))


@often
@given(shapes(), st.integers(1, 9), st.booleans())
def test_linear(x: tuple[int, ...], k: int, bias: bool) -> None:
    """torch applies a Linear to the last dimension of anything; here it takes vectors only."""
    if len(x) == 1:
        both_agree("linear", x, {"out_features": k, "bias": bias}, lambda: nn.Linear(x[0], k, bias))
    else:
        with pytest.raises(Misfit):
            operator("linear")(out_features=k, bias=bias).output(x)


@often
@given(drawn(**POOL, padding=(0, 3)))
def test_maxpool_and_minpool(d: Drawn) -> None:
    both_agree("maxpool", d.x, d.fields, lambda: dims("MaxPool", d.x)(**d.fields))
    both_agree("minpool", d.x, d.fields, lambda: Apply(lambda x: -dims("MaxPool", d.x)(**d.fields)(-x)))


def averaged_by_torch(d: Drawn) -> bool:
    """In three dimensions torch averages nothing that is smaller than the kernel before padding and ceil_mode."""
    return len(d.x) < 4 or max(per_dimension("kernel_size", d.fields["kernel_size"], 3)) <= min(d.x[1:])


@often
@given(drawn(**POOL, padding=(0, 3), count_include_pad=st.booleans()))
def test_avgpool(d: Drawn) -> None:
    assume(averaged_by_torch(d))
    both_agree("avgpool", d.x, d.fields, lambda: dims("AvgPool", d.x)(**d.fields))


def sum_pool(d: Drawn) -> nn.Module:
    """torch's LPPool1d takes no tuples."""
    if len(d.x) > 2:
        return dims("LPPool", d.x)(1, **d.fields)
    return nn.LPPool1d(1, **{name: value[0] if isinstance(value, tuple) else value for name, value in d.fields.items()})


@often
@given(drawn(**POOL))
def test_sumpool(d: Drawn) -> None:
    assume(averaged_by_torch(d))
    both_agree("sumpool", d.x, d.fields, lambda: sum_pool(d))


@often
@given(drawn(kernel_size=(1, 4)))
def test_the_stride_of_a_pool_is_its_kernel(d: Drawn) -> None:
    both_agree("maxpool", d.x, d.fields, lambda: dims("MaxPool", d.x)(**d.fields))
    own = nn.ParameterDict({"weight": torch.ones(d.x[0]), "bias": torch.zeros(d.x[0])})
    both_agree("trainable_subsampling", d.x, d.fields, lambda: Apply(sum_pool(d), own))


@pytest.mark.parametrize("kind", ["Avg", "Max"])
@often
@given(drawn(output_size=(1, 9)))
def test_adaptive_and_global_pools(kind: str, d: Drawn) -> None:
    name = f"{kind.lower()}pool"
    both_agree(f"adaptive_{name}", d.x, d.fields, lambda: dims(f"Adaptive{kind}Pool", d.x)(**d.fields))
    both_agree(f"global_{name}", d.x, {}, lambda: dims(f"Adaptive{kind}Pool", d.x)(1))
    both_agree(f"global_{name}", d.x, {"keepdim": False},
               lambda: nn.Sequential(dims(f"Adaptive{kind}Pool", d.x)(1), nn.Flatten()))


@often
@given(shapes(), st.integers(1, 6), st.integers(1, 6), st.sampled_from(["max", "average"]))
def test_channel_pool(x: tuple[int, ...], k: int, s: int, kind: str) -> None:
    pool = (nn.MaxPool1d if kind == "max" else nn.AvgPool1d)(k, s)
    both_agree("channel_pool", x, {"kernel_size": k, "stride": s, "kind": kind},
               lambda: Apply(lambda z: pool(z.movedim(1, -1).flatten(0, -2)[:, None]).reshape(*x[1:], -1).movedim(-1, 0)
                             [None]))


@often
@given(drawn(**POOL, padding=(0, 2)))
def test_maxunpool(d: Drawn) -> None:
    """torch's unpooling is told the size, as ours is; what the pool refuses cannot be undone."""
    pool = MaxPool(**d.fields)
    try:
        pooled = pool.output(d.x)
    except Misfit:
        return
    values, indices = dims("MaxPool", d.x)(**d.fields, return_indices=True)(torch.zeros(1, *d.x))
    kernel = {name: value for name, value in d.fields.items() if name != "ceil_mode"}
    theirs = dims("MaxUnpool", d.x)(**kernel)(values, indices, output_size=d.x[1:])
    op = MaxUnpool()
    op.undo(pool, d.x)
    assert op.output(pooled, pooled) == tuple(theirs.shape[1:])
    with pytest.raises(Misfit):
        op.output((pooled[0] + 1, *pooled[1:]), pooled)


@often
@given(shapes(), st.booleans())
def test_batchnorm(x: tuple[int, ...], affine: bool) -> None:
    kind = getattr(nn, f"BatchNorm{max(len(x) - 1, 1)}d")
    both_agree("batchnorm", x, {"affine": affine}, lambda: kind(x[0], affine=affine))


@often
@given(shapes(), st.booleans())
def test_layernorm(x: tuple[int, ...], affine: bool) -> None:
    over_all, norm = nn.LayerNorm(x, elementwise_affine=affine), nn.LayerNorm(x[0], elementwise_affine=affine)
    both_agree("layernorm", x, {"over": "all", "affine": affine}, lambda: over_all)
    both_agree("layernorm", x, {"affine": affine}, lambda: Apply(lambda z: norm(z.movedim(1, -1)).movedim(-1, 1), norm))


@often
@given(shapes(), st.integers(1, 4), st.booleans())
def test_groupnorm(x: tuple[int, ...], groups: int, affine: bool) -> None:
    """Two examples, because torch refuses to run where a group of the whole batch has one value."""
    both_agree("groupnorm", x, {"groups": groups, "affine": affine},
               lambda: nn.GroupNorm(groups, x[0], affine=affine), batch=2)


@often
@given(shapes(), st.integers(1, 7))
def test_lrn(x: tuple[int, ...], size: int) -> None:
    both_agree("lrn", x, {"size": size}, lambda: nn.LocalResponseNorm(size))


@often
@given(maps(5), st.floats(0, 1), st.booleans())
def test_dropout(x: tuple[int, ...], p: float, inplace: bool) -> None:
    both_agree("dropout", x, {"p": p, "inplace": inplace}, lambda: nn.Dropout(p, inplace))
    both_agree("dropout", x, {"p": p, "channels": True}, lambda: dims("Dropout", x)(p))


@often
@given(maps(5))
def test_what_torchvision_has(x: tuple[int, ...]) -> None:
    try:
        from torchvision.ops import FrozenBatchNorm2d, StochasticDepth
    except (ImportError, RuntimeError) as reason:  # RuntimeError: built for another torch
        pytest.skip(f"torchvision: {reason}")
    both_agree("stochastic_depth", x, {"p": 0.2}, lambda: StochasticDepth(0.2, "row"))
    if len(x) == 3:  # FrozenBatchNorm2d takes images only; ours any number of dimensions
        both_agree("frozen_batchnorm", x, {}, lambda: FrozenBatchNorm2d(x[0]))


def windows_that_fit(a: Axis, ceil_mode: bool = False) -> int:
    """Slide the window and count: a last one that sticks out needs ceil_mode, something new, and to start inside."""
    for n, start in enumerate(count(-a.before, a.stride)):
        if start + a.extent > a.size + a.after:
            new = start - a.stride + a.extent < a.size + a.after
            return n + (ceil_mode and new and start < a.size)
    raise AssertionError


axis = st.builds(lambda w, k, s, d, p, q: Axis(w + max(0, d * (k - 1) + 1 - w - p - q), k, s, d, p, q),
                 *(st.integers(low, 9) for low in (1, 1, 1, 1, 0, 0)))


@often
@given(axis)
def test_sizes_are_those_of_a_loop(a: Axis) -> None:
    """Pools have no dilation, and at most half a window of padding."""
    assert a.positions == windows_that_fit(a)
    p = Axis(a.size + a.kernel, a.kernel, a.stride, 1, min(a.before, a.kernel // 2), min(a.after, a.kernel // 2))
    assert MaxPool(kernel_size=1).positions(p) == windows_that_fit(p)
    assert MaxPool(kernel_size=1, ceil_mode=True).positions(p) == windows_that_fit(p, ceil_mode=True)


def read_by(window: Window, y: int) -> set[int]:
    """The input positions that output position ``y`` reads, as Window defines them."""
    t, r = divmod(y, window.period)
    assert len(window.offsets) == window.period
    assert all(list(o) == sorted(set(o)) for o in window.offsets)
    return {window.advance * t + o for o in window.offsets[r]}


@often
@given(axis)
def test_windows_of_convolutions_and_of_what_transposes_them(a: Axis) -> None:
    held = {(x, x * a.stride - a.before + a.dilation * j) for x in range(-150, 150) for j in range(a.kernel)}
    for n in range(-15, 15):
        assert read_by(a.window, n) == {y for x, y in held if x == n}
        assert read_by(a.transposed, n) == {x for x, y in held if y == n}


def test_conv_transpose_and_maxunpool_read_what_holds_them() -> None:
    conv = operator("conv_transpose")(out_channels=1, kernel_size=3, stride=2, padding=1, output_padding=1)
    assert conv.window((1, 6), (1, 12)) == (Axis(12, 3, 2, 1, 1, 1).transposed,)
    unpool = MaxUnpool()
    unpool.undo(MaxPool(kernel_size=3, stride=2, padding=1), (1, 12))
    assert unpool.window((1, 6), (1, 6), (1, 12)) == (Axis(12, 3, 2, 1, 1, 1).transposed,)


@often
@given(st.integers(1, 40), st.integers(2, 40))
def test_windows_of_adaptive_pools(w: int, o: int) -> None:
    op = AdaptiveAvgPool(output_size=o)
    (window,) = op.window((1, w), (1, o))
    read = [set(range(floor(i * w / o), ceil((i + 1) * w / o))) for i in range(o)]
    assert [read_by(window, i) for i in range(o)] == read
    assert op.elementwise((3, w), (3, o)) == {"additions": 3 * sum(len(r) - 1 for r in read), "divisions": 3 * o}
    assert AdaptiveAvgPool(output_size=1).window((1, w), (1, 1)) is WHOLE


@pytest.mark.parametrize(("rows", "says"), [([[0, 3]], "channel 3, but"), ([[0], [1, 1]], "1 more than once")])
def test_a_connection_table_is_checked(rows: list[list[int]], says: str) -> None:
    with pytest.raises(Misfit, match=says) as misfit:
        operator("conv_table")(connections=rows, kernel_size=1).output((3, 4, 4))
    assert (misfit.value.rule, misfit.value.field) == ("L003", "connections")
