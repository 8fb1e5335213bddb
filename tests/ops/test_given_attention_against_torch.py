"""Compare attention of given queries, keys and values with PyTorch and with torchvision's Swin."""

from typing import Any

import pytest
import torch
from torch.nn import functional
from torch.testing import assert_close
from torch.utils.flop_counter import FlopCounterMode

from cnnspec.ops.kit.fields import OperatorError
from cnnspec.ops.registry import load_operator
from tests.ops.draws import Shape
from tests.ops.modules import built, random
from tests.support import import_torchvision

NAME = "scaled_dot_product_attention"


def by_head(x: torch.Tensor, heads: int) -> torch.Tensor:
    """Return B x heads x positions x channels of maps."""
    return x.flatten(2).unflatten(1, (heads, -1)).mT


@pytest.mark.parametrize("heads", [1, 2])
@pytest.mark.parametrize(
    ("q", "k", "v"),
    [((4, 5), (4, 5), (4, 5)), ((4, 2, 3), (4, 7), (6, 7)), ((4, 3), (4, 2, 2), (2, 2, 2))],
)
@pytest.mark.parametrize("biased", [False, True])
def test_attention_is_that_of_pytorch(
    heads: int, q: Shape, k: Shape, v: Shape, biased: bool
) -> None:
    bias = (heads, torch.Size(q[1:]).numel(), torch.Size(k[1:]).numel())
    shapes = (q, k, v, bias) if biased else (q, k, v)
    values = [random(*x) for x in shapes]
    q_rows, k_rows, v_rows = (by_head(x, heads) for x in values[:3])
    mask = values[3] if biased else None
    for fields, scale in (({}, None), ({"scale": 0.5}, 0.5)):
        module = built(NAME, {"heads": heads, **fields}, *shapes)
        expected = functional.scaled_dot_product_attention(
            q_rows, k_rows, v_rows, mask, scale=scale
        )
        expected = expected.mT.flatten(1, 2).unflatten(2, q[1:])
        with FlopCounterMode(display=False) as counter:
            assert_close(module(*values), expected)
        op = load_operator(NAME)(heads=heads, **fields)
        assert counter.get_total_flops() == 2 * 2 * op.macs(*shapes, y=op.output(*shapes))


@pytest.mark.parametrize("shift", [0, 1])
@pytest.mark.parametrize("x", [(4, 6, 9), (4, 3, 3)])
def test_windows_are_those_of_swin(x: Shape, shift: int) -> None:
    """The layers for q, k, v and the output are outside of the operator."""
    import_torchvision()
    from torchvision.models.swin_transformer import ShiftedWindowAttention

    if x == (4, 3, 3):
        shift = 0  # torchvision does not shift a single window
    swin = ShiftedWindowAttention(4, [3, 3], [shift, shift], 2).double().eval()
    values = random(*x)
    module = built(
        NAME,
        {"heads": 2, "window_size": 3, "shift": shift, "relative_position_bias": True},
        *(x, x, x),
    )
    swin.relative_position_bias_table.data.copy_(module.relative_position_bias_table)
    q, k, v = swin.qkv(values.movedim(1, -1)).movedim(-1, 1).chunk(3, 1)
    found = swin.proj(module(q, k, v).movedim(1, -1)).movedim(-1, 1)
    assert_close(found, swin(values.movedim(1, -1)).movedim(-1, 1))


@pytest.mark.parametrize("sizes", [(5,), (2, 3), (2, 2, 3)])
def test_a_learned_bias_depends_on_the_distance_alone(sizes: Shape) -> None:
    x = (2, *sizes)
    n = torch.Size(sizes).numel()
    module = built(NAME, {"relative_position_bias": True}, x, x, x)
    q = torch.zeros(1, *x, dtype=torch.float64)
    weights = torch.eye(n, dtype=torch.float64).reshape(1, n, *sizes)  # the output is the weights
    wide = built(NAME, {"relative_position_bias": True}, x, x, (n, *sizes))
    wide.load_state_dict(module.state_dict())
    logits = wide(q, q, weights).reshape(n, n).T.log()
    places = torch.cartesian_prod(*map(torch.arange, sizes)).reshape(n, -1)
    found: dict[tuple[int, ...], float] = {}
    for i in range(n):
        row = logits[i] - logits[i, i]
        for j in range(n):
            distance = tuple((places[i] - places[j]).tolist())
            assert found.setdefault(distance, row[j].item()) == pytest.approx(row[j].item())
    assert len(found) == len(module.relative_position_bias_table)


@pytest.mark.parametrize(("keys", "queries"), [((4, 3), (4, 3)), ((4, 7), (2, 4)), ((5,), (2,))])
def test_a_symmetric_bias_is_that_of_levit(keys: Shape, queries: Shape) -> None:
    """Biases are numbered by the distances from the first key, as LeViT's attention does."""
    q, k, v = (2, *queries), (2, *keys), (2, *keys)
    fields = {"heads": 2, "relative_position_bias": True, "symmetric_bias": True}
    module = built(NAME, fields, q, k, v)
    values = [random(*x) for x in (q, k, v)]
    stride = [-(-m // n) for n, m in zip(queries, keys, strict=True)]
    places = [
        torch.cartesian_prod(*map(torch.arange, s)).reshape(-1, len(s)) for s in (queries, keys)
    ]
    numbers = {tuple(place): i for i, place in enumerate(places[1].tolist())}
    index = torch.tensor(
        [
            [numbers[tuple((p * torch.tensor(stride) - r).abs().tolist())] for r in places[1]]
            for p in places[0]
        ]
    )
    bias = module.relative_position_bias_table[index].permute(2, 0, 1)
    rows = [by_head(x, 2) for x in values]
    expected = functional.scaled_dot_product_attention(rows[0], rows[1], rows[2], bias[None])
    assert_close(module(*values), expected.mT.flatten(1, 2).unflatten(2, queries))


REFUSED: list[tuple[dict[str, Any], tuple[Shape, ...], str]] = [
    ({}, ((4, 5), (6, 5), (6, 5)), "queries and keys have the same channels"),
    ({}, ((4, 5), (4, 5), (4, 6)), "keys and values have the same positions"),
    ({"window_size": 2}, ((4, 4), (4, 6), (4, 6)), "both have the same positions"),
    ({"window_size": 3}, ((4, 4),) * 3, "a pad to multiples of 3 before it"),
    ({"dilation": 3}, ((4, 4),) * 3, "a pad to multiples of 3 before it"),
    ({"window_size": 2, "shift": 1, "dilation": 2}, ((4, 4),) * 3, "shift = 0 or dilation = 1"),
    ({"symmetric_bias": True}, ((4, 4),) * 3, "relative_position_bias = true"),
    (
        {"symmetric_bias": True, "relative_position_bias": True},
        ((4, 4), (4, 5), (4, 5)),
        "a query at every key, every second",
    ),
    ({"shift": 1}, ((4, 4),) * 3, "a shift less than window_size"),
    ({"heads": 3}, ((4, 4),) * 3, "heads must divide"),
    ({"heads": 2}, ((4, 5), (4, 3), (4, 3), (1, 5, 3)), "2 heads x queries x keys: 2x5x3"),
    ({"window_size": 2}, ((4, 4),) * 3 + ((1, 4, 4),), "a bias is for the whole map"),
]


@pytest.mark.parametrize(("fields", "shapes", "hint"), REFUSED)
def test_inputs_that_do_not_fit(
    fields: dict[str, Any], shapes: tuple[Shape, ...], hint: str
) -> None:
    with pytest.raises(OperatorError) as caught:
        load_operator(NAME)(**fields).output(*shapes)
    assert hint in caught.value.hint


@pytest.mark.parametrize(("size", "dilation"), [(0, 2), (3, 2), (2, 3)])
def test_positions_of_a_dilated_window_are_apart(size: int, dilation: int) -> None:
    x = (2, 12, 6)
    q, k, v = (random(*x) for _ in range(3))
    module = built(NAME, {"window_size": size, "dilation": dilation}, x, x, x)
    places = torch.cartesian_prod(torch.arange(12), torch.arange(6))
    sizes = torch.tensor([size or n // dilation for n in x[1:]]) * dilation
    windows = torch.cat([places // sizes, places % dilation], 1)
    mask = (windows[:, None] == windows[None]).all(2)
    expected = functional.scaled_dot_product_attention(
        by_head(q, 1), by_head(k, 1), by_head(v, 1), mask
    )
    assert_close(module(q, k, v), expected.mT.flatten(1, 2).unflatten(2, x[1:]))
