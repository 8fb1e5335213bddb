"""Compare joins, permutations, reductions and products of any dimensions with PyTorch."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.testing import assert_close

from cnnspec.ops.registry import load_operator
from tests.ops.agreement import Fields, ours, shapes_agree
from tests.ops.draws import Shape, often, several, shapes
from tests.ops.modules import built, random

JOINS: dict[str, Callable[[Any, Any], Any]] = {
    "add": torch.add,
    "sub": torch.sub,
    "mul": torch.mul,
    "div": torch.div,
    "maximum": torch.maximum,
    "minimum": torch.minimum,
}
REDUCTIONS: dict[str, Callable[..., Tensor]] = {
    "mean": torch.mean,
    "sum": torch.sum,
    "max": torch.amax,
    "min": torch.amin,
}


def is_gate(x: Shape, full: Shape) -> bool:
    return len(x) == len(full) and all(
        size in (1, all_of) for size, all_of in zip(x, full, strict=True)
    )


@pytest.mark.parametrize("name", JOINS)
@often
@given(several)
def test_joins(name: str, xs: list[Shape]) -> None:
    """PyTorch broadcasts inputs to a shape that none has, too; operators refuse that."""
    full = max(xs, key=lambda x: torch.Size(x).numel())
    join = JOINS[name]
    if not all(is_gate(x, full) for x in xs):
        assert ours(name, {}, *xs) is None
        return

    def run(first: Tensor, *others: Tensor) -> Tensor:
        for other in others:
            first = join(first, other)
        return first

    shapes_agree(name, {}, run, *xs)
    values = [random(*x) for x in xs]
    assert_close(built(name, {}, *xs)(*values), run(*values), equal_nan=True)


@often
@given(shapes(), st.lists(st.integers(0, 3), min_size=1, max_size=4), st.randoms())
def test_permute(x: Shape, order: list[int], draw: Any) -> None:
    for dims in (order, draw.sample(range(len(x)), len(x))):
        shapes_agree(
            "permute",
            {"order": dims},
            lambda t, dims=dims: t.permute(0, *[d + 1 for d in dims]),
            x,
        )
    values = random(*x)
    expected = values.permute(0, *[d + 1 for d in dims])
    assert_close(built("permute", {"order": dims}, x)(values), expected)


@pytest.mark.parametrize("kind", REDUCTIONS)
@often
@given(shapes(), st.lists(st.integers(0, 4), min_size=1, max_size=4), st.booleans())
def test_reduce(kind: str, x: Shape, dims: list[int], keepdim: bool) -> None:
    """Of all dimensions without keepdim, PyTorch gives one number for each example."""
    fields: Fields = {"kind": kind, "dims": dims, "keepdim": keepdim}

    def run(t: Tensor) -> Tensor:
        y = REDUCTIONS[kind](t, [d + 1 for d in dims], keepdim=keepdim)
        return y if y.dim() > 1 else y[:, None]

    shapes_agree("reduce_dims", fields, run, x)
    if ours("reduce_dims", fields, x):
        values = random(*x)
        assert_close(built("reduce_dims", fields, x)(values), run(values))


@often
@given(several)
def test_matmul(xs: list[Shape]) -> None:
    """PyTorch multiplies vectors and broadcasts batches, too; the operator takes neither."""
    a, b = xs[:2]
    for other in (b, (*a[:-2], a[-1], b[-1])):
        if len(a) > 1 and len(other) == len(a) and a[:-2] == other[:-2]:
            shapes_agree("matmul", {}, torch.matmul, a, other)
        else:
            assert ours("matmul", {}, a, other) is None


@often
@given(shapes(), st.integers(0, 4))
def test_softmax_over_any_dimension(x: Shape, dim: int) -> None:
    shapes_agree("softmax", {"dim": dim}, lambda t: t.softmax(dim + 1), x)


@pytest.mark.parametrize("x", [(4,), (4, 5), (4, 3, 2), (4, 3, 2, 2)])
@pytest.mark.parametrize("per", ["layer", "channel", "position", "element"])
@pytest.mark.parametrize("parts", [("weight",), ("bias",), ("weight", "bias")])
def test_affine_has_a_value_for_what_it_says(x: Shape, per: str, parts: tuple[str, ...]) -> None:
    module = built("affine", {"per": per, **{p: p in parts for p in ("weight", "bias")}}, x)
    ones = (1,) * (len(x) - 1)
    shape = {"layer": (1, *ones), "channel": (x[0], *ones), "position": (1, *x[1:]), "element": x}
    values = random(*x)
    tensors = {n: t.reshape(shape[per]) for n, t in module.named_parameters()}
    assert tuple(tensors) == parts
    assert_close(module(values), values * tensors.get("weight", 1) + tensors.get("bias", 0))


@pytest.mark.parametrize("after", [False, True])
def test_tokens_are_the_same_for_all_examples(after: bool) -> None:
    module, values = built("tokens", {"count": 2, "after": after}, (3, 5)), random(3, 5)
    y = module(values)
    own, rest = (y[..., 5:], y[..., :5]) if after else (y[..., :2], y[..., 2:])
    assert_close(rest, values)
    assert_close(own, module.weight.expand(2, 3, 2))


def test_tokens_need_one_dimension_of_positions() -> None:
    for x in ((3,), (3, 4, 4)):
        assert ours("tokens", {}, x) is None


@often
@given(shapes(), st.floats(-3, 3), st.floats(-3, 3))
def test_a_constant_factor_and_offset(x: Shape, factor: float, offset: float) -> None:
    values = random(*x)
    module = built("scale", {"factor": factor, "offset": offset}, x)
    assert_close(module(values), values * factor + offset)


@often
@given(shapes(), st.integers(0, 3))
def test_a_size_of_0_is_that_of_the_input(x: Shape, place: int) -> None:
    sizes = [*x]
    if place < len(x):
        sizes[place] = 0
        assert ours("reshape", {"shape": sizes}, x) == x
    else:
        assert ours("reshape", {"shape": [-1] + [1] * (place - 1) + [0]}, x) is None


def test_affine_without_weight_and_bias_is_refused() -> None:
    assert ours("affine", {"weight": False, "bias": False}, (3,)) is None
    assert load_operator("affine")().parameters((3, 4)) == {"weight": (3,), "bias": (3,)}
