"""Layouts follow views and permutations as PyTorch does them, on random sequences of these."""

import random

import pytest
import torch

from cnnspec.importing.canonical.layouts import (
    Dims,
    Factor,
    map_dim,
    match_dims,
    merge,
    regroup,
    whole_dims,
)


def read_layout(x: torch.Tensor, dims: Dims) -> torch.Tensor:
    """Return the tensor that a layout says it is, of a node's output ``x`` (without a batch)."""
    factors = [f for d in dims for f in d]
    ordered = sorted(factors, key=lambda f: (f.dim, -f.inner))
    digits = x.reshape([f.size for f in ordered])
    moved = digits.permute([ordered.index(f) for f in factors])
    return moved.reshape([int(torch.tensor([f.size for f in d]).prod()) for d in dims])


def change(x: torch.Tensor, dims: Dims, draw: random.Random) -> tuple[torch.Tensor, Dims]:
    """Permute, merge or split dimensions at random."""
    match draw.choice(["permute", "merge", "split"]):
        case "permute":
            order = draw.sample(range(x.dim()), x.dim())
            return x.permute(order), tuple([dims[i] for i in order])
        case "merge" if x.dim() > 1:
            i = draw.randrange(x.dim() - 1)
            shape = (*x.shape[:i], x.shape[i] * x.shape[i + 1], *x.shape[i + 2 :])
        case _:
            i = draw.randrange(x.dim())
            outer = draw.choice([n for n in range(1, x.shape[i] + 1) if x.shape[i] % n == 0])
            shape = (*x.shape[:i], outer, x.shape[i] // outer, *x.shape[i + 1 :])
    found = regroup(dims, tuple(shape))
    if found is None:  # a cut that is no multiple of the factors
        return x, dims
    return x.reshape(shape), found


@pytest.mark.parametrize("seed", range(60))
def test_a_layout_is_what_pytorch_gives(seed: int) -> None:
    draw = random.Random(seed)
    shape = tuple(draw.choice([1, 2, 3, 4, 6, 8, 12]) for _ in range(draw.randint(1, 4)))
    x = torch.arange(int(torch.tensor(shape).prod())).reshape(shape)
    now, dims = x, whole_dims(shape)
    for _ in range(8):
        now, dims = change(now, dims, draw)
        assert torch.equal(read_layout(x, dims), now), (shape, dims)


@pytest.mark.parametrize("seed", range(20))
def test_a_split_and_its_merge_give_the_dimensions_back(seed: int) -> None:
    draw = random.Random(seed)
    shape = tuple(draw.choice([2, 6, 12]) for _ in range(3))
    x = torch.arange(int(torch.tensor(shape).prod())).reshape(shape)
    dims = whole_dims(shape)
    once, changed = change(x, dims, draw)
    if once.numel() and [*once.shape] != [*shape] and once.is_contiguous():
        assert regroup(changed, shape) == dims


def test_a_cut_between_the_factors_is_no_view() -> None:
    assert regroup(whole_dims((2, 3)), (3, 2)) is None


def test_neighbours_merge_only_in_their_order() -> None:
    outer, inner = Factor(1, 2, 3), Factor(1, 3, 1)
    assert merge((outer, inner)) == (Factor(1, 6, 1),)
    assert merge((inner, outer)) == (inner, outer)


def test_operands_match_where_their_dimensions_are_split_alike() -> None:
    flat, split = regroup(whole_dims((4, 6)), (24,)), whole_dims((4, 6))
    assert flat is not None
    matches = match_dims(flat, (tuple([f for d in split for f in d]),))
    assert matches is not None
    assert map_dim(1, 4, matches) == whole_dims((4, 6))[0]
    assert map_dim(3, 5, matches) == ()


def test_sizes_without_a_common_factor_do_not_match() -> None:
    assert match_dims(((Factor(1, 4), Factor(2, 9)),), ((Factor(1, 6), Factor(2, 6)),)) is None
