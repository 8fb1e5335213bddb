"""Compare built convolutions and pools with loops over windows, in one to three dimensions."""

from collections.abc import Callable
from itertools import product
from math import prod
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from cnnspec.ops.kit.fields import OperatorError
from cnnspec.ops.kit.windows import Axis
from cnnspec.ops.registry import load_operator
from tests.ops.draws import Shape, maps, often, per_axis

Fields = dict[str, Any]
Spans = list[tuple[int, int]]
WORDS = st.sampled_from(["valid", "half", "same"])


def pads(n: int, most: int) -> st.SearchStrategy[Any]:
    """Draw one number, a word, or for each dimension a number or a pair."""
    one = st.integers(0, most)
    return one | WORDS | st.tuples(*[one | st.tuples(one, one)] * n)


@st.composite
def drawn(draw: st.DrawFn, /, most: int = 3, **fields: Any) -> tuple[Shape, Fields]:
    """Draw a shape, fields by their strategies, and a padding of any kind."""
    x = draw(maps(6, channels=4))
    n = len(x) - 1
    values = {
        name: draw(per_axis(n, *f) if isinstance(f, tuple) else f) for name, f in fields.items()
    }
    return x, values | {"padding": draw(pads(n, most))}


def output(op: Any, x: Shape) -> Shape | None:
    try:
        return op.output(x)
    except OperatorError:
        return None


def windows(op: Any, x: Shape, y: Shape) -> list[tuple[Shape, list[Axis], Spans]]:
    """Yield each output position with its axes and the part of the input in its window."""
    axes = op.axes(x)
    found = []
    for place in product(*map(range, y[1:])):
        starts = [i * a.stride - a.before for i, a in zip(place, axes, strict=True)]
        found.append((place, axes, [(s, s + a.kernel) for s, a in zip(starts, axes, strict=True)]))
    return found


def covered(x: Tensor, axes: list[Axis], spans: Spans) -> Tensor:
    """Return the values within a window, B x C x n, without padding."""
    inside = [
        slice(max(low, 0), min(high, a.size)) for (low, high), a in zip(spans, axes, strict=True)
    ]
    return x[(..., *inside)].flatten(2)


def counted(axes: list[Axis], spans: Spans) -> int:
    """Count the positions of a window up to the end of the padding."""
    return prod(
        min(high, a.size + a.after) - low for (low, high), a in zip(spans, axes, strict=True)
    )


POOLS: dict[str, Callable[[Tensor, int], Tensor]] = {
    "maxpool": lambda values, n: values.amax(-1),
    "minpool": lambda values, n: values.amin(-1),
    "sumpool": lambda values, n: values.sum(-1),
    "avgpool": lambda values, n: values.sum(-1) / n,
}
POOL: Fields = {"kernel_size": (1, 4), "stride": (1, 4), "ceil_mode": st.booleans()}


@pytest.mark.parametrize("name", POOLS)
@often
@given(d=drawn(2, **POOL), include=st.booleans())
def test_pools(name: str, d: tuple[Shape, Fields], include: bool) -> None:
    x, fields = d
    op = load_operator(name)(
        **fields, **({"count_include_pad": include} if name == "avgpool" else {})
    )
    y = output(op, x)
    if y is None:
        return
    values = torch.randn(2, *x, dtype=torch.float64)
    built = op.build(torch, x, y=y)(values)
    assert tuple(built.shape) == (2, *y)
    for place, axes, spans in windows(op, x, y):
        part = covered(values, axes, spans)
        expected = POOLS[name](part, counted(axes, spans) if include else part.shape[-1])
        torch.testing.assert_close(built[(..., *place)], expected)


@often
@given(d=drawn(2, **POOL))
def test_maxunpool_puts_each_maximum_back(d: tuple[Shape, Fields]) -> None:
    """Overlapping windows agree on the value. Indices of uneven padding are refused."""
    x, fields = d
    pool, op = load_operator("maxpool")(**fields), load_operator("maxunpool")()
    y = output(pool, x)
    if y is None:
        return
    if any(a.before != a.after for a in pool.axes(x)):
        with pytest.raises(OperatorError, match="no indices"):
            pool.build(torch, x, y=y, return_indices=True)
        return
    op = op.undoing(pool, x)
    values = torch.randn(2, *x)
    expected = torch.zeros_like(values)
    for _, axes, spans in windows(pool, x, y):
        inside = [
            slice(max(low, 0), min(high, a.size))
            for (low, high), a in zip(spans, axes, strict=True)
        ]
        part, goal = values[(..., *inside)], expected[(..., *inside)]
        largest = part.flatten(2).amax(-1).view(2, x[0], *(1 for _ in axes))
        goal[part == largest] = part[part == largest]
    built = op.build(torch, y, y, y=x)(*pool.build(torch, x, y=y, return_indices=True)(values))
    torch.testing.assert_close(built, expected)


CONV: Fields = {"kernel_size": (1, 3), "stride": (1, 3), "bias": st.booleans()}


def costs_its_macs(module: Any, values: Tensor, macs: int) -> None:
    with FlopCounterMode(display=False) as flops:
        module(values)
    assert flops.get_total_flops() == 2 * len(values) * macs


@often
@given(d=drawn(**CONV, dilation=(1, 2), out_channels=st.integers(1, 4), groups=st.integers(1, 2)))
def test_conv(d: tuple[Shape, Fields]) -> None:
    """It equals a convolution of the input with its zeros around it."""
    x, fields = d
    op = load_operator("conv")(**fields)
    y = output(op, x)
    if y is None:
        return
    axes, module = op.axes(x), op.build(torch, x, y=y).double()
    values = torch.randn(2, *x, dtype=torch.float64)
    around = [size for a in reversed(axes) for size in (a.before, a.after)]
    conv = getattr(functional, f"conv{len(axes)}d")
    expected = conv(
        functional.pad(values, around),
        module.weight,
        module.bias,
        [a.stride for a in axes],
        dilation=[a.dilation for a in axes],
        groups=fields["groups"],
    )
    assert tuple(expected.shape) == (2, *y)
    torch.testing.assert_close(module(values), expected)
    assert {k: tuple(t.shape) for k, t in module.named_parameters()} == op.parameters(x)
    costs_its_macs(module, values, op.macs(x, y))


@often
@given(
    d=drawn(**CONV), rows=st.lists(st.sets(st.integers(0, 3), min_size=1), min_size=1, max_size=3)
)
def test_conv_table(d: tuple[Shape, Fields], rows: list[set[int]]) -> None:
    """Each output map is the sum of convolutions of the maps in its row."""
    x, fields = d
    op: Any = load_operator("conv_table")(
        **fields, connections=[sorted({c % x[0] for c in row}) for row in rows]
    )
    y = output(op, x)
    if y is None:
        return
    axes, module = op.axes(x), op.build(torch, x, y=y).double()
    values = torch.randn(2, *x, dtype=torch.float64)
    kernels, maps = iter(module.weight), []
    for row in op.connections:
        summed = torch.zeros(2, *y[1:], dtype=torch.float64)
        for channel, kernel in zip(row, kernels, strict=False):
            for place, _, spans in windows(op, x, y):
                part = values[
                    (
                        slice(None),
                        channel,
                        *(slice(max(low, 0), max(high, 0)) for low, high in spans),
                    )
                ]
                first = [max(-low, 0) for low, _ in spans]
                taps = kernel[
                    tuple(slice(f, f + n) for f, n in zip(first, part.shape[1:], strict=True))
                ]
                summed[(slice(None), *place)] += (part * taps).flatten(1).sum(1)
        maps.append(summed)
    bias = module.bias.view(-1, *(1 for _ in axes)) if op.bias else 0
    torch.testing.assert_close(module(values), torch.stack(maps, 1) + bias)
    costs_its_macs(module, values, op.macs(x, y))


@often
@given(
    d=maps(5).flatmap(
        lambda x: st.tuples(
            st.just(x),
            st.fixed_dictionaries(
                {
                    "kernel_size": per_axis(len(x) - 1, 1, 3),
                    "stride": per_axis(len(x) - 1, 1, 3),
                    "padding": per_axis(len(x) - 1, 0, 2),
                    "output_padding": per_axis(len(x) - 1, 0, 2),
                    "dilation": per_axis(len(x) - 1, 1, 2),
                    "bias": st.booleans(),
                    "out_channels": st.integers(1, 4),
                }
            ),
        )
    )
)
def test_conv_transpose(d: tuple[Shape, Fields]) -> None:
    """It is the gradient of the convolution that it transposes."""
    x, fields = d
    op: Any = load_operator("conv_transpose")(**fields)
    y = output(op, x)
    if y is None:
        return
    axes, module = op.axes(x), op.build(torch, x, y=y).double()
    values = torch.randn(2, *x, dtype=torch.float64)
    there = torch.zeros(2, *y, dtype=torch.float64, requires_grad=True)
    conv = getattr(functional, f"conv{len(axes)}d")
    window = [[a.stride for a in axes], [a.before for a in axes], [a.dilation for a in axes]]
    back = conv(there, module.weight, None, *window)
    back[(..., *map(slice, x[1:]))].backward(values)
    bias = module.bias.view(-1, *(1 for _ in axes)) if op.bias else 0
    assert there.grad is not None
    torch.testing.assert_close(module(values), there.grad + bias)
    assert {k: tuple(t.shape) for k, t in module.named_parameters()} == op.parameters(x)
    costs_its_macs(module, values, op.macs(x, y))


@often
@given(x=maps(8), data=st.data())
def test_trainable_subsampling(x: Shape, data: st.DataObject) -> None:
    kernel, stride = (data.draw(per_axis(len(x) - 1, 1, 3)) for _ in range(2))
    op = load_operator("trainable_subsampling")(kernel_size=kernel, stride=stride)
    y = output(op, x)
    if y is None:
        return
    module, values = op.build(torch, x, y=y).double(), torch.randn(2, *x, dtype=torch.float64)
    with torch.no_grad():
        assert not module.bias.any()
        torch.testing.assert_close(
            module.weight.float(), torch.full(x[:1], 1 / prod(a.kernel for a in op.axes(x)))
        )
        module.weight.normal_()
        module.bias.normal_()
    built = module(values)
    for place, axes, spans in windows(op, x, y):
        expected = covered(values, axes, spans).sum(-1) * module.weight + module.bias
        torch.testing.assert_close(built[(..., *place)], expected)
