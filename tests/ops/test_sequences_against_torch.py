"""Compare recurrent layers, RMS norm, rolls and standardized convolutions with PyTorch."""

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional
from torch.testing import assert_close

from cnnspec.ops.registry import load_operator
from tests.ops.agreement import Fields, ours
from tests.ops.draws import Shape, maps, often
from tests.ops.modules import built, random


@pytest.mark.parametrize("name", ["lstm", "gru"])
@often
@given(
    st.integers(1, 4),
    st.integers(1, 5),
    st.fixed_dictionaries(
        {
            "hidden_size": st.integers(1, 5),
            "num_layers": st.integers(1, 3),
            "bidirectional": st.booleans(),
            "bias": st.booleans(),
        }
    ),
)
def test_recurrent_layers(name: str, channels: int, length: int, fields: Fields) -> None:
    x = (channels, length)
    op, module = load_operator(name)(**fields), built(name, fields, x)
    theirs: Any = getattr(nn, name.upper())(channels, batch_first=True, **fields).double()
    shapes = {key: tuple(t.shape) for key, t in theirs.named_parameters()}
    assert op.parameters(x) == shapes
    theirs.load_state_dict(module.state_dict())
    values = random(*x)
    assert_close(module(values), theirs(values.mT)[0].mT)
    weights = sum(t.numel() for key, t in theirs.named_parameters() if "weight" in key)
    assert op.macs(x, y=op.output(x)) == length * weights


def test_recurrent_layers_take_sequences() -> None:
    for x in ((4,), (4, 3, 3)):
        assert ours("lstm", {"hidden_size": 2}, x) is None


@pytest.mark.parametrize("x", [(4,), (4, 5), (4, 3, 2)])
def test_rmsnorm(x: Shape) -> None:
    values, module = random(*x), built("rmsnorm", {"eps": 0.1}, x)
    rows = values.movedim(1, -1)
    expected = rows / (rows.square().mean(-1, keepdim=True) + 0.1).sqrt() * module.weight
    assert_close(module(values), expected.movedim(-1, 1))
    assert load_operator("rmsnorm")(affine=False).parameters(x) == {}


@often
@given(maps(), st.data())
def test_roll(x: Shape, data: st.DataObject) -> None:
    shifts = data.draw(st.lists(st.integers(-9, 9), min_size=len(x) - 1, max_size=len(x) - 1))
    values = random(*x)
    expected = torch.roll(values, shifts, tuple(range(2, len(x) + 1)))
    assert_close(built("roll", {"shifts": shifts}, x)(values), expected)
    assert ours("roll", {"shifts": [*shifts, 1]}, x) is None


@pytest.mark.parametrize("padding", [1, [[0, 1], [1, 0]]])
@pytest.mark.parametrize("groups", [1, 2])
def test_a_standardized_convolution(padding: Any, groups: int) -> None:
    x, eps = (4, 5, 5), 0.1
    fields = {"out_channels": 6, "kernel_size": 3, "padding": padding, "groups": groups}
    module = built("conv", {**fields, "standardize": True, "standardize_eps": eps}, x)
    w = module.weight
    mean = w.mean((1, 2, 3), keepdim=True)
    weight = (w - mean) / (w.var((1, 2, 3), correction=0, keepdim=True) + eps).sqrt()
    values = random(*x)
    padded = functional.pad(values, (1, 1, 1, 1) if padding == 1 else (1, 0, 0, 1))
    assert_close(module(values), functional.conv2d(padded, weight, module.bias, groups=groups))


def test_global_response_norm() -> None:
    """Algorithm 1 of Woo et al. (2023), with channels last."""
    x, module = random(5, 4, 3), built("global_response_norm", {"eps": 0.1}, (5, 4, 3))
    torch.nn.init.normal_(module.weight)
    torch.nn.init.normal_(module.bias)
    rows = x.movedim(1, -1)
    norms = rows.square().sum((1, 2), keepdim=True).sqrt()
    ratio = norms / (norms.mean(-1, keepdim=True) + 0.1)
    expected = module.weight * (rows * ratio) + module.bias + rows
    torch.testing.assert_close(module(x), expected.movedim(-1, 1))


def test_unfold_gives_what_torch_gives() -> None:
    """A linear layer of its values is a convolution, and a reshape gives torch's positions."""
    fields = {"kernel_size": [2, 3], "stride": [1, 2], "padding": [2, 1], "dilation": [2, 1]}
    x, weight = random(3, 6, 7), torch.randn(4, 3, 2, 3, dtype=torch.float64)
    y = built("unfold", fields, (3, 6, 7))(x)
    expected = torch.nn.functional.conv2d(x, weight, None, (1, 2), (2, 1), (2, 1))
    torch.testing.assert_close(torch.einsum("kc,bchw->bkhw", weight.flatten(1), y), expected)
    theirs = torch.nn.functional.unfold(x, (2, 3), (2, 1), (2, 1), (1, 2))
    torch.testing.assert_close(y.flatten(2), theirs)


def test_unfold_of_a_sequence() -> None:
    x = random(3, 8)
    y = built("unfold", {"kernel_size": 3, "padding": "same"}, (3, 8))(x)
    padded = torch.nn.functional.pad(x, (1, 1))
    torch.testing.assert_close(y, padded.unfold(2, 3, 1).movedim(3, 2).flatten(1, 2))
