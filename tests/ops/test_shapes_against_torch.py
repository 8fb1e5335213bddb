"""Activations, joins, rearrangements, attention and losses against PyTorch: shapes, parameters, MACs and refusals.

What each position reads is held against a trace: change the input at one place, and see which outputs change.
"""

from collections.abc import Callable, Sequence
from itertools import product
from math import prod, sqrt
from typing import Any

import pytest
import torch
from draws import Shape, maps, often, per_axis, shapes
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from cnnspec.ops.fields import Misfit
from cnnspec.ops.input import Input
from cnnspec.ops.registry import operator

Fields = dict[str, Any]
Runs = Callable[..., Tensor]


def ours(name: str, fields: Fields, *inputs: Shape) -> Shape | None:
    """The output shape, or None where the operator refuses."""
    try:
        return operator(name)(**fields).output(*inputs)
    except Misfit:
        return None


def theirs(run: Runs, *inputs: Shape) -> Shape | None:
    """The output shape of torch, or None where it refuses."""
    try:
        return tuple(run(*(torch.zeros(1, *x) for x in inputs)).shape[1:])
    except (RuntimeError, ValueError, IndexError):
        return None


def both_agree(name: str, fields: Fields, run: Runs, *inputs: Shape) -> None:
    assert ours(name, fields, *inputs) == theirs(run, *inputs)


def for_each(values: Any, n: int) -> list[Any]:
    """A value per axis as torch's slices want it: ``n`` of them."""
    return list(values) if isinstance(values, Sequence) else [values] * n


# Activations: the fields are torch's arguments.

slopes = st.floats(0.01, 10)
inplace = {"inplace": st.booleans()}
ACTIVATIONS: dict[str, tuple[Callable[..., nn.Module], Fields]] = {
    "relu": (nn.ReLU, inplace),
    "relu6": (nn.ReLU6, inplace),
    "leaky_relu": (nn.LeakyReLU, {"negative_slope": slopes, **inplace}),
    "elu": (nn.ELU, {"alpha": slopes, **inplace}),
    "sigmoid": (nn.Sigmoid, {}),
    "tanh": (nn.Tanh, {}),
    "silu": (nn.SiLU, inplace),
    "gelu": (nn.GELU, {"approximate": st.sampled_from(["none", "tanh"])}),
    "softplus": (nn.Softplus, {"beta": slopes, "threshold": slopes}),
    "hardsigmoid": (nn.Hardsigmoid, inplace),
    "hardswish": (nn.Hardswish, inplace),
    "softmax": (lambda: nn.Softmax(dim=1), {}),
    "log_softmax": (lambda: nn.LogSoftmax(dim=1), {}),
    "identity": (nn.Identity, {}),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
@often
@given(st.data())
def test_activations(name: str, data: st.DataObject) -> None:
    build, fields = ACTIVATIONS[name]
    drawn, x = data.draw(st.fixed_dictionaries(fields)), data.draw(shapes())
    both_agree(name, drawn, build(**drawn), x)
    assert operator(name)(**drawn).parameters(x) == {}


@often
@given(shapes(), st.booleans())
def test_prelu(x: Shape, shared: bool) -> None:
    module = nn.PReLU(1 if shared else x[0])
    both_agree("prelu", {"shared": shared}, module, x)
    assert operator("prelu")(shared=shared).parameters(x) == {"weight": tuple(module.weight.shape)}


# Joins.

def sometimes_changed(x: Shape) -> st.SearchStrategy[Shape]:
    """The shape itself, or with some sizes set to 1, 2 or 3, or without its last dimension."""
    sizes = [st.just(s) | st.integers(1, 3) for s in x]
    return st.just(x) | st.tuples(*sizes) | st.just(x[: max(1, len(x) - 1)])


several = shapes().flatmap(lambda x: st.lists(sometimes_changed(x), min_size=2, max_size=4))


def is_gate(x: Shape, full: Shape) -> bool:
    return len(x) == len(full) and x in (full, (full[0], *(1 for _ in full[1:])), (1, *full[1:]))


@often
@given(several)
def test_mul(xs: list[Shape]) -> None:
    """torch broadcasts any size of 1, and any lacking dimension; here only gates of channels or of positions."""
    full = max(xs, key=prod)
    if all(is_gate(x, full) for x in xs):
        both_agree("mul", {}, lambda *ts: torch.stack(torch.broadcast_tensors(*ts)).prod(0), *xs)
        assert operator("mul")().elementwise(*xs, y=full) == {"multiplications": (len(xs) - 1) * prod(full)}
    else:
        assert ours("mul", {}, *xs) is None


@often
@given(several)
def test_add_and_abs_difference(xs: list[Shape]) -> None:
    """torch would broadcast; here all shapes are the same."""
    expected = xs[0] if len(set(xs)) == 1 else None
    assert ours("add", {}, *xs) == expected
    assert ours("abs_difference", {}, *xs[:2]) == (xs[0] if xs[0] == xs[1] else None)
    if expected:
        both_agree("abs_difference", {}, lambda a, b: (a - b).abs(), *xs[:2])


@often
@given(several)
def test_concat(xs: list[Shape]) -> None:
    both_agree("concat", {}, lambda *ts: torch.cat(ts, 1), *xs)


def test_a_misfit_names_both_sides_and_what_would_mend_it() -> None:
    with pytest.raises(Misfit) as misfit:
        operator("concat")().output((64, 28, 28), (32, 28, 28), (32, 14, 14))
    assert misfit.value.rule == "S012"
    assert misfit.value.message == "concat: $0 is 64x28x28 but $2 is 32x14x14"
    assert misfit.value.hint == "$0 lacks stride = 2"
    with pytest.raises(Misfit) as misfit:
        operator("mul")().output((64, 28, 28), (32, 1, 1))
    assert misfit.value.hint == "a gate for its channels is 64x1x1"


# Rearrangements: each as a function of torch's tensors and of the operator's own fields.

def pad(t: Tensor, padding: Any, mode: str = "constant") -> Tensor:
    pairs = [for_each(p, 2) for p in for_each(padding, t.dim() - 2)]
    return functional.pad(t, [v for pair in reversed(pairs) for v in pair], mode)


def pad_channels(t: Tensor, before: int = 0, after: int = 0) -> Tensor:
    return functional.pad(t, [0, 0] * (t.dim() - 2) + [before, after])


def crop(t: Tensor, like: Tensor | None = None, offset: Any = None, size: Any = None) -> Tensor:
    n = t.dim() - 2
    sizes = like.shape[2:] if like is not None else for_each(size, n)
    offsets = [None] * n if offset is None else for_each(offset, n)
    for axis, (o, s) in enumerate(zip(offsets, sizes, strict=True), 2):
        t = t.narrow(axis, (t.shape[axis] - s) // 2 if o is None else o, s)
    return t


def upsample(t: Tensor, like: Tensor | None = None, scale_factor: Any = None, size: Any = None,
             mode: str = "nearest", align_corners: bool = False) -> Tensor:
    linear = {3: "linear", 4: "bilinear", 5: "trilinear"}[t.dim()] if mode == "bilinear" else mode
    sizes = like.shape[2:] if like is not None else size
    return functional.interpolate(t, sizes, scale_factor, linear, None if mode == "nearest" else align_corners)


def subsample(t: Tensor, stride: Any) -> Tensor:
    return t[(..., *(slice(None, None, s) for s in for_each(stride, t.dim() - 2)))]


def space_to_depth(t: Tensor, block: int) -> Tensor:
    n = t.dim() - 2
    if n == 2:
        return functional.pixel_unshuffle(t, block)
    parts = t.reshape(*t.shape[:2], *(v for w in t.shape[2:] for v in (w // block, block)))
    return parts.permute(0, 1, *range(3, 3 + 2 * n, 2), *range(2, 2 + 2 * n, 2)).flatten(1, 1 + n)


def depth_to_space(t: Tensor, block: int) -> Tensor:
    n = t.dim() - 2
    if n == 2:
        return functional.pixel_shuffle(t, block)
    parts = t.reshape(1, -1, *[block] * n, *t.shape[2:])
    mixed = parts.permute(0, 1, *(axis for i in range(n) for axis in (2 + n + i, 2 + i)))
    return mixed.reshape(1, mixed.shape[1], *(w * block for w in t.shape[2:]))


def drawn(fields: Callable[[int], Fields]) -> st.SearchStrategy[tuple[Shape, Fields]]:
    """A map and fields, which may depend on its number of spatial dimensions."""
    return maps().flatmap(lambda x: st.tuples(st.just(x), st.fixed_dictionaries(fields(len(x) - 1))))


def sides(n: int) -> st.SearchStrategy[Any]:
    one = st.integers(0, 4)
    return one | st.tuples(*[one | st.tuples(one, one)] * n)


LINEAR = [{"mode": "bilinear", "align_corners": True}, {"mode": "bilinear"}, {"mode": "nearest"}]
interpolation = st.sampled_from(LINEAR)
some_scales = st.sampled_from([0.2, 0.29, 1 / 3, 0.5, 2 / 3, 0.75, 1.25, 1.5, 1.7, 2.5])
scales = st.integers(1, 4) | some_scales | st.floats(0.1, 3)


@often
@given(drawn(lambda n: {"padding": sides(n), "mode": st.sampled_from(["constant", "reflect", "replicate"])}))
def test_pad(d: tuple[Shape, Fields]) -> None:
    both_agree("pad", d[1], lambda t: pad(t, **d[1]), d[0])


@often
@given(shapes(), st.integers(0, 4), st.integers(0, 4))
def test_pad_channels(x: Shape, before: int, after: int) -> None:
    both_agree("pad_channels", {"before": before, "after": after}, lambda t: pad_channels(t, before, after), x)


@often
@given(drawn(lambda n: {"size": per_axis(n, 1, 8), "offset": st.none() | per_axis(n, 0, 4)}))
def test_crop(d: tuple[Shape, Fields]) -> None:
    x, fields = d[0], {name: value for name, value in d[1].items() if value is not None}
    both_agree("crop", fields, lambda t: crop(t, **fields), x)
    like = (1, *for_each(fields.pop("size"), len(x) - 1))
    both_agree("crop", fields, lambda t, like: crop(t, like, **fields), x, like)


@often
@given(drawn(lambda n: {"size": per_axis(n, 1, 9)}), interpolation)
def test_upsample_to_a_size(d: tuple[Shape, Fields], how: Fields) -> None:
    (x, fields), n = d, len(d[0]) - 1
    both_agree("upsample", fields | how, lambda t: upsample(t, **fields, **how), x)
    both_agree("upsample", how, lambda t, like: upsample(t, like, **how), x, (1, *for_each(fields["size"], n)))


@often
@given(maps(100, channels=1), scales, interpolation)
def test_upsample_by_a_factor(x: Shape, scale: float, how: Fields) -> None:
    both_agree("upsample", {"scale_factor": scale, **how}, lambda t: upsample(t, scale_factor=scale, **how), x)


@pytest.mark.parametrize("fields", [{}, {"size": 4, "scale_factor": 2}])
def test_sizes_are_asked_for_exactly_once(fields: Fields) -> None:
    assert ours("upsample", fields, (1, 4, 4)) is None
    assert ours("upsample", {"size": 4}, (1, 4, 4), (1, 8, 8)) is None
    assert ours("crop", {}, (1, 4, 4)) is None
    assert ours("crop", {"size": 4}, (1, 4, 4), (1, 2, 2)) is None
    assert ours("upsample", {"size": 4, "align_corners": True}, (1, 4, 4)) is None


@often
@given(drawn(lambda n: {"stride": per_axis(n, 1, 5)}))
def test_subsample(d: tuple[Shape, Fields]) -> None:
    both_agree("subsample", d[1], lambda t: subsample(t, **d[1]), d[0])


@often
@given(shapes(), st.integers(0, 6), st.none() | st.integers(1, 8), st.integers(1, 4))
def test_slice_channels(x: Shape, start: int, stop: int | None, step: int) -> None:
    """torch cuts a slice off at the end of the channels and gives an empty one; both are refused here."""
    fields = {"start": start, "step": step} | ({} if stop is None else {"stop": stop})
    if start < (x[0] if stop is None else stop) <= x[0]:
        both_agree("slice_channels", fields, lambda t: t[:, start:stop:step], x)
    else:
        assert ours("slice_channels", fields, x) is None


@often
@given(shapes(), st.integers(1, 6))
def test_channel_shuffle(x: Shape, groups: int) -> None:
    both_agree("channel_shuffle", {"groups": groups}, nn.ChannelShuffle(groups), x)


@often
@given(maps(8, channels=16), st.integers(1, 4))
def test_space_to_depth_and_back(x: Shape, block: int) -> None:
    both_agree("space_to_depth", {"block": block}, lambda t: space_to_depth(t, block), x)
    both_agree("depth_to_space", {"block": block}, lambda t: depth_to_space(t, block), x)


def box_rows(t: Tensor, values: int) -> Tensor:
    return t.unflatten(1, (-1, values)).permute(0, *range(3, 1 + t.dim()), 1, 2).reshape(1, -1, values)


@often
@given(maps(8, channels=16), st.integers(1, 4))
def test_box_rows(x: Shape, values: int) -> None:
    both_agree("box_rows", {"values": values}, lambda t: box_rows(t, values), x)


def test_roi_align_takes_maps_of_any_size_and_the_same_channels() -> None:
    fields = {"regions": 5, "output_size": [7, 3]}
    assert ours("roi_align", fields, (8, 50, 60)) == ours("roi_align", fields, (8, 50, 60), (8, 5, 1)) == (8, 7, 3, 5)
    assert ours("roi_align", fields, (8, 50, 60), (4, 25, 30)) is ours("roi_align", fields, (8, 50)) is None
    work = operator("roi_align")(**fields, sampling_ratio=1).elementwise((8, 50, 60), y=(8, 7, 3, 5))
    assert work == {"multiplications": 4 * 840, "additions": 3 * 840, "divisions": 840}  # one bilinear sample each


@often
@given(shapes(), st.lists(st.sampled_from([-1, 1, 2, 3, 4, 5, 6]), min_size=1, max_size=4), st.randoms())
def test_reshape(x: Shape, sizes: list[int], random: Any) -> None:
    """Of sizes that are a shuffle of the input's, with one -1, and of any sizes; two -1 are a misfit to both."""
    kept = random.sample(x, len(x))
    for new in (sizes, kept, [-1, *kept[1:]], [*x]):
        both_agree("reshape", {"shape": new}, lambda t, new=new: t.reshape(1, *new), x)


@often
@given(shapes())
def test_input_flatten_and_position_embedding_take_any_shape(x: Shape) -> None:
    assert Input(x).output() == x
    both_agree("flatten", {}, nn.Flatten(), x)
    assert operator("position_embedding")().parameters(x) == {"weight": x}
    both_agree("position_embedding", {}, lambda t: t + nn.Parameter(torch.zeros(1, *x)), x)


# Attention, after Segment Anything's image encoder, in any number of dimensions.

class WindowAttention(nn.Module):
    """Attention of heads over maps of one size, channels last, with decomposed relative positions where asked."""

    def __init__(self, c: int, heads: int, sizes: Shape, bias: bool, relative: bool):
        super().__init__()
        self.heads, self.qkv, self.proj = heads, nn.Linear(c, 3 * c, bias), nn.Linear(c, c)
        self.tables = ["rel_pos_" + (str(i) if len(sizes) != 2 else "hw"[i]) for i in range(len(sizes) * relative)]
        for name, size in zip(self.tables, sizes, strict=False):
            self.register_parameter(name, nn.Parameter(torch.zeros(2 * size - 1, c // heads)))

    def forward(self, x: Tensor) -> Tensor:
        b, *sizes, c = x.shape
        n, d = prod(sizes), c // self.heads
        q, k, v = self.qkv(x).reshape(b, n, 3, self.heads, d).permute(2, 0, 3, 1, 4).reshape(3, -1, n, d).unbind()
        weights = (q * d**-0.5) @ k.mT
        for axis, name in enumerate(self.tables):
            weights = self.moved(weights, q.reshape(-1, *sizes, d), axis, getattr(self, name))
        y = (weights.softmax(-1) @ v).reshape(b, self.heads, n, d).transpose(1, 2).reshape(b, *sizes, c)
        return self.proj(y)

    @staticmethod
    def moved(weights: Tensor, q: Tensor, axis: int, table: Tensor) -> Tensor:
        """The weights with q's products with the vectors of the distances along one axis added."""
        sizes, places = q.shape[1:-1], torch.arange(q.shape[1 + axis])
        vectors = table[places[:, None] - places + len(places) - 1]
        rows = q.movedim(1 + axis, 0)
        products = rows.flatten(1, -2) @ vectors.mT
        added = products.reshape(*rows.shape[:-1], len(places)).movedim(0, 1 + axis)
        keys = [m if i == axis else 1 for i, m in enumerate(sizes)]
        return (weights.reshape(-1, *sizes, *sizes) + added.reshape(*added.shape[:-1], *keys)).reshape(weights.shape)


def windowed(module: nn.Module, x: Tensor, m: int) -> Tensor:
    """``module`` on each window of m a side of a map, channels last, padded at its ends to whole windows."""
    if not m:
        return module(x)
    n, sizes = x.dim() - 2, x.shape[1:-1]
    padded = functional.pad(x, [0, 0] + [v for w in reversed(sizes) for v in (0, -w % m)])
    grid = padded.reshape(1, *(v for w in padded.shape[1:-1] for v in (w // m, m)), -1)
    order = (0, *range(1, 2 * n, 2), *range(2, 2 * n + 1, 2), 2 * n + 1)
    parts = grid.permute(order)
    done = module(parts.flatten(0, n)).reshape(parts.shape)
    whole = done.permute(*(order.index(i) for i in range(2 * n + 2))).reshape(padded.shape)
    return whole[(slice(None), *(slice(w) for w in sizes))]


@often
@given(maps(6).map(lambda x: (x[0] * 2, *x[1:])), st.integers(1, 4), st.integers(0, 4), st.booleans(), st.booleans())
def test_attention(x: Shape, heads: int, m: int, bias: bool, relative: bool) -> None:
    op = operator("attention")(heads=heads, window_size=m, qkv_bias=bias, relative_position=relative)
    if x[0] % heads:
        assert ours("attention", {"heads": heads}, x) is None
        return
    module = WindowAttention(x[0], heads, tuple(m or w for w in x[1:]), bias, relative)
    with FlopCounterMode(display=False) as flops:
        y = windowed(module, torch.randn(1, *x).movedim(1, -1), m).movedim(-1, 1)
    assert op.output(x) == tuple(y.shape[1:])
    assert op.parameters(x) == {name: tuple(p.shape) for name, p in module.named_parameters()}
    assert op.macs(x, y=x) == flops.get_total_flops() // 2


def test_the_reimplemented_attention_is_scaled_dot_product_attention() -> None:
    module = WindowAttention(8, 2, (3, 5), bias=True, relative=False)
    x = torch.randn(1, 3, 5, 8)
    q, k, v = module.qkv(x).reshape(1, 15, 3, 2, 4).permute(2, 0, 3, 1, 4)
    expected = functional.scaled_dot_product_attention(q, k, v, scale=1 / sqrt(4)).transpose(1, 2).reshape(x.shape)
    torch.testing.assert_close(module(x), module.proj(expected))


# Losses. torch gives a scalar, which is here a vector of one.

@often
@given(several)
def test_mse(xs: list[Shape]) -> None:
    """torch broadcasts, with a warning; here both shapes are the same."""
    if xs[0] == xs[1]:
        both_agree("mse", {}, lambda a, b: functional.mse_loss(a, b).reshape(1, 1), *xs[:2])
    else:
        assert ours("mse", {}, *xs[:2]) is None


@often
@given(several)
def test_cross_entropy(xs: list[Shape]) -> None:
    """Class numbers have one channel here and none in torch; probabilities have the logits' shape in both."""
    x, target = xs[:2]
    if target == (1, *x[1:]):
        both_agree("cross_entropy", {},
                   lambda a, b: functional.cross_entropy(a, b[:, 0].long()).reshape(1, 1), x, target)
    elif target == x:
        both_agree("cross_entropy", {}, lambda a, b: functional.cross_entropy(a, b).reshape(1, 1), x, target)
    else:
        assert ours("cross_entropy", {}, x, target) is None
    assert ours("cross_entropy", {}, x) == (1,)


# Windows: what is read, traced.

def traced(run: Runs, x: Shape, axis: int) -> list[set[int]]:
    """For each output position along an axis, the input positions along it on which it depends."""
    base = torch.randn(1, *x, dtype=torch.float64)
    out, reads = run(base), []
    for i in range(x[1 + axis]):
        other = base.clone()
        other.select(2 + axis, i).copy_(torch.randn_like(other.select(2 + axis, i)))
        changed = (run(other) - out).abs() > 1e-9
        reads.append(changed.movedim(2 + axis, 0).flatten(1).any(1).tolist())
    return [{i for i, seen in enumerate(reads) if seen[y]} for y in range(out.shape[2 + axis])]


def windows_hold(name: str, fields: Fields, run: Runs, x: Shape) -> None:
    """Each output position reads what its window says, except where that lies outside the input."""
    op = operator(name)(**fields)
    reach = op.window(x, y=op.output(x))
    assert len(reach) == len(x) - 1
    for axis, (window, size) in enumerate(zip(reach, x[1:], strict=True)):
        for y, seen in enumerate(traced(run, x, axis)):
            t, r = divmod(y, window.period)
            expected = {window.advance * t + o for o in window.offsets[r]}
            if expected <= set(range(size)):
                assert seen == expected, (axis, y)


@pytest.mark.parametrize("x", [(8, 12), (4, 8, 12), (8, 4, 6, 4)], ids=["1-D", "2-D", "3-D"])
@pytest.mark.parametrize(("name", "run", "fields"), [
    ("pad", pad, {"padding": 2}), ("pad", pad, {"padding": 1, "mode": "reflect"}),
    ("pad", pad, {"padding": 3, "mode": "replicate"}), ("crop", crop, {"size": 3}),
    ("crop", crop, {"size": 2, "offset": 1}), ("subsample", subsample, {"stride": 3}),
    ("space_to_depth", space_to_depth, {"block": 2}), ("depth_to_space", depth_to_space, {"block": 2}),
])
def test_windows_of_rearrangements(name: str, run: Runs, fields: Fields, x: Shape) -> None:
    if name == "depth_to_space" and len(x) == 2:
        x = (4, 12)
    windows_hold(name, fields, lambda t: run(t, **fields), x)


def test_windows_of_rearrangements_that_differ_per_axis() -> None:
    cases = [("pad", pad, {"padding": [[0, 2], 3]}), ("crop", crop, {"size": [4, 5], "offset": [0, 3]}),
             ("subsample", subsample, {"stride": [2, 3]})]
    for name, run, fields in cases:
        windows_hold(name, fields, lambda t, run=run, fields=fields: run(t, **fields), (1, 7, 9))


@pytest.mark.parametrize("how", LINEAR, ids=["corners", "bilinear", "nearest"])
@pytest.mark.parametrize(("w", "size"), [*product([1, 4, 5, 9], [1, 4, 6, 10]), (9, 7), (12, 5)])
def test_windows_of_upsampling_to_a_size(how: Fields, w: int, size: int) -> None:
    windows_hold("upsample", {"size": size, **how}, lambda t: upsample(t, size=size, **how), (1, w))


@pytest.mark.parametrize("how", LINEAR, ids=["corners", "bilinear", "nearest"])
@pytest.mark.parametrize("scale", [1, 2, 3, 0.5, 1.5, 2.5, 0.75])
@pytest.mark.parametrize("x", [(1, 9), (1, 5, 6), (1, 4, 3, 5)], ids=["1-D", "2-D", "3-D"])
def test_windows_of_upsampling_by_a_factor(how: Fields, scale: float, x: Shape) -> None:
    windows_hold("upsample", {"scale_factor": scale, **how}, lambda t: upsample(t, scale_factor=scale, **how), x)


def test_phases_of_a_fractional_step_are_exact_however_many() -> None:
    (window,) = operator("upsample")(size=10**6 + 1).window((1, 10**6), y=(1, 10**6 + 1))
    assert (window.period, window.advance, len(window.offsets)) == (10**6 + 1, 10**6, 10**6 + 1)
    assert [list(window.offsets[y]) for y in (0, 1, 10**6)] == [[0], [0], [10**6 - 1]]
