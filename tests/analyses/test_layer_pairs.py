"""Pairs of layers of two networks: no other pairs cost less, and pairs of large networks rise."""

from hypothesis import given, settings
from hypothesis import strategies as st

from cnnspec.analyses.diff import layer_pairs
from cnnspec.analyses.diff.layer_pairs import LayerToken, pair_layers

TOKENS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 9)), max_size=5, unique_by=lambda t: t[1]
).map(lambda pairs: [LayerToken((op, op * name % 2), str(name), str(op)) for op, name in pairs])


def price(left: LayerToken, right: LayerToken) -> int:
    """Return the cost of turning one layer into another."""
    if left.work == right.work:
        return 0 if left.name == right.name else layer_pairs.RENAMED
    if left.name == right.name:
        return layer_pairs.CHANGED if left.op == right.op else layer_pairs.REPLACED
    return layer_pairs.REDONE if left.op == right.op else 2 * layer_pairs.ALONE + 1


def least(left: list[LayerToken], right: list[LayerToken]) -> int:
    """Return the least cost of turning one list into another, by trying all ways."""
    if not left or not right:
        return layer_pairs.ALONE * (len(left) + len(right))
    return min(
        price(left[0], right[0]) + least(left[1:], right[1:]),
        layer_pairs.ALONE + least(left[1:], right),
        layer_pairs.ALONE + least(left, right[1:]),
    )


@settings(max_examples=60, deadline=None)
@given(TOKENS, TOKENS)
def test_no_other_pairs_cost_less(left: list[LayerToken], right: list[LayerToken]) -> None:
    pairs = pair_layers(left, right)
    assert list(pairs.values()) == sorted(set(pairs.values()))
    alone = len(left) + len(right) - 2 * len(pairs)
    assert layer_pairs.ALONE * alone + sum(
        price(left[i], right[j]) for i, j in pairs.items()
    ) == least(left, right)


@settings(deadline=None)
@given(st.lists(st.integers(0, 3), max_size=12), st.lists(st.integers(0, 3), max_size=12))
def test_where_all_cannot_be_compared_with_all_pairs_still_rise(
    left: list[int], right: list[int]
) -> None:
    tokens = [
        [LayerToken(work, f"{work} {k}", str(work)) for k, work in enumerate(side)]
        for side in (left, right)
    ]
    cells, layer_pairs.CELLS = layer_pairs.CELLS, 6
    try:
        pairs = pair_layers(*tokens)
    finally:
        layer_pairs.CELLS = cells
    assert list(pairs.values()) == sorted(set(pairs.values()))
    assert list(pairs) == sorted(pairs)
    assert pairs.items() <= {(i, j) for i in range(len(left)) for j in range(len(right))}


def test_large_networks_are_aligned_by_names_first() -> None:
    tokens = [LayerToken(("conv", k), f"layer {k}", "conv") for k in range(4000)]
    new = LayerToken("new", "new", "relu")
    pairs = pair_layers(tokens, [*tokens[:2000], new, *tokens[2000:]])
    assert pairs == {k: k + (k >= 2000) for k in range(4000)}
    shuffled = [tokens[3999], *tokens[:1500], new, *tokens[1600:3999]]
    assert pair_layers(tokens, shuffled).items() >= {(k, k + 1) for k in range(1500)}
