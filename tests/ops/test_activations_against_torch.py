"""Compare activations with PyTorch: shapes and parameters; their fields are PyTorch's arguments."""

from collections.abc import Callable

import pytest
from agreement import Fields, shapes_agree
from draws import Shape, often, shapes
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from cnnspec.ops.registry import load_operator

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
    shapes_agree(name, drawn, build(**drawn), x)
    assert load_operator(name)(**drawn).parameters(x) == {}


@often
@given(shapes(), st.booleans())
def test_prelu(x: Shape, shared: bool) -> None:
    module = nn.PReLU(1 if shared else x[0])
    shapes_agree("prelu", {"shared": shared}, module, x)
    assert load_operator("prelu")(shared=shared).parameters(x) == {
        "weight": tuple(module.weight.shape)
    }
