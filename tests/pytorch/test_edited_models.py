"""Compare a user's model with its spec: it passes as it is, and each edit is reported."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from cnnspec.analyses.verdict import PASSED, Check
from cnnspec.pytorch.check_calls import SAME_CALLS
from cnnspec.pytorch.compare_model import compare_model
from tests.pytorch.models import branches, chain, residual
from tests.support import graph_of

NAMES = ["calls", "outputs", "tensors", "evaluation", "training", "gradients"]
HERE = Path(__file__).parent / "models"


def verify_model(spec: str, model: nn.Module) -> list[Check]:
    """Compare a model, which must have the same calls, with the spec in models/ of this name."""
    graph = graph_of((HERE / f"{spec}.toml").read_text())
    return compare_model(graph, model, "mine", "cpu", None, SAME_CALLS)


def layer_differences(checks: list[Check]) -> list[tuple[str, str]]:
    """Return the layers that differ, and in what they differ."""
    return [(d.name, d.cause.partition(", in ")[0]) for c in checks for d in c.differences]


@pytest.mark.parametrize(
    ("spec", "model"),
    [
        ("chain", chain.sequential),
        ("chain", chain.Functional),
        ("residual", residual.Residual),
        ("branches", branches.Branches),
    ],
)
def test_a_model_that_follows_its_spec_passes(spec: str, model: Callable[[], nn.Module]) -> None:
    checks = verify_model(spec, model())
    assert [c.name for c in checks] == NAMES
    assert all(c.status == PASSED for c in checks), checks


def edited(make: Callable[[], Any], edit: Callable[[Any], object]) -> Callable[[], nn.Module]:
    """Return a factory of a model with an edit."""

    def model() -> nn.Module:
        made: nn.Module = make()
        edit(made)
        return made

    return model


def put(path: str, module: nn.Module) -> Callable[[nn.Module], None]:
    """Return an edit that puts another module at a path."""
    return lambda model: model.set_submodule(path, module)


def chained(**edits: nn.Module | None) -> Callable[[], nn.Module]:
    return lambda: chain.sequential(**edits)


def residuals(edit: Callable[[Any], object]) -> Callable[[], nn.Module]:
    return edited(residual.Residual, edit)


def branched(edit: Callable[[Any], object]) -> Callable[[], nn.Module]:
    return edited(branches.Branches, edit)


def sequence(*modules: nn.Module) -> nn.Module:
    return nn.Sequential(*modules)


def swapped_order() -> nn.Module:
    """Put batch norm after the activation."""
    layers = chain.layers()
    layers["n3"], layers["a3"] = layers["a3"], layers["n3"]
    return nn.Sequential(*layers.values())


def tied(model: Any) -> None:
    model.blocks[2].right[0].weight = model.blocks[2].left[0].weight


def swapped_convolutions(model: Any) -> None:
    """Put the 3x3 before the 1x1."""
    model.b3 = nn.ModuleList([nn.Conv2d(24, 16, 3, padding=1), nn.Conv2d(16, 12, 1)])
    model.grouped = nn.Conv2d(22, 24, 3, padding=1, groups=2)


def rewired(model: Any) -> None:
    """Start the last block's shortcut before the activation of the block ahead of it."""

    def forward(x: torch.Tensor) -> torch.Tensor:
        block = model.blocks[1]
        model.sum = block.right(block.middle(block.left(x))) + block.shortcut(x)
        return F.relu(model.sum)

    model.blocks[1].forward = forward
    model.blocks[2].shortcut = lambda x: model.sum


def no_shortcut(model: Any) -> None:
    block = model.blocks[2]
    block.forward = lambda x: F.relu(block.right(block.middle(block.left(x))))


LACKS, MORE = "the model lacks this layer", "the spec lacks this layer"
ONE: dict[str, tuple[str, Callable[[], nn.Module], str, str]] = {
    # the spec, the model, the layer where they differ, and in what
    "kernel": ("chain", chained(c3=nn.Conv2d(6, 16, 5, padding=2)), "c3", "kernel_size, padding"),
    "channels": (
        "chain",
        chained(c1=nn.Conv2d(1, 8, 5), n1=nn.BatchNorm2d(8), c3=nn.Conv2d(8, 16, 3, padding=1)),
        "c1",
        "out_channels",
    ),
    "bias": ("chain", chained(c3=nn.Conv2d(6, 16, 3, padding=1, bias=False)), "c3", "bias"),
    "padding mode": (
        "chain",
        chained(c3=nn.Conv2d(6, 16, 3, padding=1, padding_mode="reflect")),
        "c3",
        "padding_mode",
    ),
    "eps": ("chain", chained(n3=nn.BatchNorm2d(16, eps=1e-3)), "c3.norm", "eps"),
    "affine": (
        "chain",
        chained(n3=nn.BatchNorm2d(16, affine=False)),
        "c3.norm",
        "how many tensors it takes",
    ),
    "no norm": ("chain", chained(n3=None), "c3.norm", LACKS),
    "norm of another kind": ("chain", chained(n3=nn.GroupNorm(4, 16)), "c3.norm", "op, group"),
    "activation": ("chain", chained(a3=nn.SiLU()), "c3.activation", "op"),
    "leaky": ("chain", chained(a3=nn.LeakyReLU(0.01)), "c3.activation", "op, negative_slope"),
    "no activation": ("chain", chained(a3=None), "c3.activation", LACKS),
    "doubled activation": ("chain", chained(a3=sequence(nn.ReLU(), nn.ReLU())), "6.1", MORE),
    "pool kind": ("chain", chained(s2=nn.AvgPool2d(2)), "s2", "op, dilation, count_include_pad"),
    "pool window": ("chain", chained(s4=nn.AvgPool2d(3, 2, 1)), "s4", "kernel_size, padding"),
    "swapped": ("chain", swapped_order, "c3.norm", "what it reads"),
    "inserted layer": ("chain", chained(a5=sequence(nn.ReLU(), nn.Linear(84, 84))), "11.1", MORE),
    "inserted at the end": (
        "chain",
        chained(out=sequence(nn.Linear(84, 10), nn.Softmax(1))),
        "12.1",
        MORE,
    ),
    "no dropout": ("chain", chained(drop=None), "drop", LACKS),
    "dropout's p": ("chain", chained(drop=nn.Dropout(0.5)), "drop", "p"),
    "dropout of channels": (
        "chain",
        chained(s4=sequence(nn.AvgPool2d(2), nn.Dropout2d(0.3)), drop=None),
        "drop",
        "channels",
    ),
    "stride": (
        "residual",
        residuals(put("stem.0", nn.Conv2d(3, 16, 3, 2, 1, bias=False))),
        "stem",
        "stride",
    ),
    "dilation": (
        "residual",
        residuals(put("blocks.0.left.0", nn.Conv2d(16, 16, 3, 1, 2, 2, bias=False))),
        "b1.conv1",
        "padding, dilation",
    ),
    "groups": (
        "residual",
        residuals(put("blocks.1.right.0", nn.Conv2d(32, 32, 3, 1, 1, groups=4, bias=False))),
        "b2.conv2",
        "groups",
    ),
    "inner activation": (
        "residual",
        residuals(put("blocks.2.middle", nn.Tanh())),
        "b3.conv1.activation",
        "op",
    ),
    "an activation too many": (
        "residual",
        residuals(lambda m: m.blocks[2].right.append(nn.ReLU())),
        "blocks.2.right.2",
        MORE,
    ),
    "no activation in a block": (
        "residual",
        residuals(put("blocks.2.middle", nn.Identity())),
        "b3.conv1.activation",
        LACKS,
    ),
    "pointwise norm missing": (
        "residual",
        residuals(put("tail.project.1", nn.Identity())),
        "mb.project.norm",
        LACKS,
    ),
    "hardswish for silu": (
        "residual",
        residuals(put("tail.act", nn.SiLU())),
        "mb.expand.activation",
        "op",
    ),
    "projection without norm": (
        "residual",
        residuals(put("blocks.1.down.1", nn.Identity())),
        "b2.shortcut.norm",
        LACKS,
    ),
    "drop path's p": (
        "residual",
        residuals(put("tail.drop", residual.DropPath(0.1))),
        "mb.path",
        "p",
    ),
    "rewired": ("residual", residuals(rewired), "b3.add", "what it reads"),
    "no shortcut": ("residual", residuals(no_shortcut), "b3.add", LACKS),
    "tied": (
        "residual",
        residuals(tied),
        "b3.conv2.weight",
        "parameters are shared on one side only",
    ),
    "narrow": (
        "residual",
        residuals(put("tail.gate", nn.Linear(24, 96, bias=False))),
        "mb.gate",
        "bias",
    ),
    "ceil mode": ("branches", branched(put("pool", nn.MaxPool2d(3, 2))), "pool", "ceil_mode"),
    "swapped branches": (
        "branches",
        branched(lambda m: setattr(m, "order", [3, 1, 2, 0])),
        "mixed.concat",
        "what it reads",
    ),
    "reduced": (
        "branches",
        branched(
            lambda m: setattr(
                m, "b2", nn.ModuleList([nn.Conv2d(24, 10, 1), nn.Conv2d(10, 16, 3, padding=1)])
            )
        ),
        "mixed.b2a",
        "out_channels",
    ),
    "groups of a branch": (
        "branches",
        branched(put("grouped", nn.Conv2d(24, 24, 3, padding=1, groups=2))),
        "unit.conv",
        "groups",
    ),
}


@pytest.mark.parametrize(("spec", "model", "layer", "what"), ONE.values(), ids=ONE)
def test_one_edit_is_one_difference(
    spec: str, model: Callable[[], nn.Module], layer: str, what: str
) -> None:
    assert layer_differences(verify_model(spec, model())) == [(layer, what)]


def edits(*each: Callable[[Any], object]) -> Callable[[Any], None]:
    def edit(model: Any) -> None:
        for one in each:
            one(model)

    return edit


TWO: dict[str, tuple[str, Callable[[], nn.Module], set[str]]] = {
    "norm and activation": ("chain", chained(n1=None, a3=nn.Tanh()), {"c1.norm", "c3.activation"}),
    "kernel and p": (
        "chain",
        chained(c1=nn.Conv2d(1, 6, 3, padding=0, dilation=2), drop=nn.Dropout(0.4)),
        {"c1", "drop"},
    ),
    "both pools": ("chain", chained(s2=nn.AvgPool2d(2), s4=nn.MaxPool2d(2)), {"s2", "s4"}),
    "one more and one less": (
        "chain",
        chained(a1=sequence(nn.ReLU(), nn.Conv2d(6, 6, 1)), a5=None),
        {"2.1", "f5.activation"},
    ),
    "first and last": (
        "residual",
        residuals(
            edits(
                put("stem.0", nn.Conv2d(3, 16, 5, 1, 2, bias=False)),
                put("tail.drop", residual.DropPath(0.5)),
            )
        ),
        {"stem", "mb.path"},
    ),
    "in two blocks": (
        "residual",
        residuals(edits(put("blocks.0.middle", nn.ELU()), put("blocks.2.middle", nn.ELU()))),
        {"b1.conv1.activation", "b3.conv1.activation"},
    ),
    "shortcut and norm": (
        "residual",
        residuals(edits(no_shortcut, put("blocks.0.right.1", nn.Identity()))),
        {"b3.add", "b1.conv2.norm"},
    ),
    "stem and branch": (
        "branches",
        branched(
            edits(put("stem", nn.Conv2d(3, 24, 5, 2, 2)), put("b4", nn.Conv2d(24, 8, 3, padding=1)))
        ),
        {"stem", "mixed.b4b"},
    ),
}


@pytest.mark.parametrize(("spec", "model", "layers"), TWO.values(), ids=TWO)
def test_two_edits_are_two_differences(
    spec: str, model: Callable[[], nn.Module], layers: set[str]
) -> None:
    found = layer_differences(verify_model(spec, model()))
    assert {layer for layer, _ in found} == layers
    assert len(found) == 2


def test_the_model_gets_back_what_it_had() -> None:
    model = residual.Residual()
    model(torch.rand(2, 3, 24, 24)).sum().backward()
    before = {n: t.clone() for n, t in model.state_dict().items()}
    grads = [p.grad.clone() for p in model.parameters() if p.grad is not None]
    model.blocks[0].eval()
    verify_model("residual", model)
    after = model.state_dict()
    assert all(torch.equal(t, after[n]) and t.dtype == after[n].dtype for n, t in before.items())
    assert all(
        torch.equal(p.grad, g)
        for p, g in zip(model.parameters(), grads, strict=True)
        if p.grad is not None
    )
    assert (model.training, model.blocks[0].training) == (True, False)
