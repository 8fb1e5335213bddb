"""Wrong models that look right must not pass, and strange models must get a clear verdict."""

from collections.abc import Callable
from dataclasses import make_dataclass
from math import inf, nan
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from pytorch.test_edited_models import layer_differences
from support import graph_of
from torch import nn

from cnnspec.analyses.verdict import FAILED, IMPOSSIBLE, PASSED, Check
from cnnspec.pytorch.check_calls import REFERENCE, SAME_CALLS, SAME_FUNCTION
from cnnspec.pytorch.compare_model import compare_model
from cnnspec.pytorch.compare_values import relative_difference

SPEC = """
input = [2, 8, 8]

[[layers]]
name = "conv"
op = "conv"
out_channels = 4
kernel_size = 3
padding = 1
norm = "batchnorm"
activation = "relu"

[[layers]]
name = "drop"
op = "dropout"
p = 0.5

[[layers]]
name = "pool"
op = "global_avgpool"
keepdim = false

[[layers]]
name = "fc"
op = "linear"
out_features = 3
"""


class Net(nn.Module):
    """The network of the spec; subclasses replace its methods to change it."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.bn, self.fc = (
            nn.Conv2d(2, 4, 3, padding=1),
            nn.BatchNorm2d(4),
            nn.Linear(4, 3),
        )

    def before(self, x: torch.Tensor) -> torch.Tensor:
        return x

    def drop(self, x: torch.Tensor) -> torch.Tensor:
        return F.dropout(x, training=self.training)

    def activate(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu(x)

    def after(self, x: torch.Tensor) -> Any:
        return x

    def forward(self, x: torch.Tensor) -> Any:
        x = self.activate(self.bn(self.conv(self.before(x))))
        return self.after(self.fc(self.drop(x).mean([2, 3])))


def verify_model(model: nn.Module, demand: str = SAME_FUNCTION, spec: str = SPEC) -> list[Check]:
    return compare_model(graph_of(spec), model, "mine", "cpu", None, demand)


def replaced(**methods: Callable[..., Any]) -> nn.Module:
    """Return the network with other methods."""
    made: nn.Module = type("Mine", (Net,), methods)()
    return made


def momentum() -> nn.Module:
    made = Net()
    made.bn.momentum = 0.01
    return made


def frozen() -> nn.Module:
    """Keep batch norm in evaluation mode while training."""
    made = Net()
    made.bn.train = lambda mode=True: made.bn  # type: ignore[method-assign]
    return made.eval()


def in_place(self: Any, x: torch.Tensor) -> torch.Tensor:
    x.mul_(2)
    return x


def through_a_view(self: Any, x: torch.Tensor) -> torch.Tensor:
    x[:, :1] += 1
    return x


def by_value(self: Any, x: torch.Tensor) -> torch.Tensor:
    return x * 2 if x.mean() > 1e9 else x


def mixing_the_batch(self: Any, x: torch.Tensor) -> torch.Tensor:
    return x.flip(0)


class Strict(Net):
    """The weights of the spec, and a buffer that masks them."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mask", torch.ones(4, 2, 3, 3))
        self.conv.weight_mask = self.mask

    def forward(self, x: torch.Tensor) -> Any:
        x = F.conv2d(x, self.conv.weight * self.mask, self.conv.bias, padding=1)
        return self.fc(self.drop(self.activate(self.bn(x))).mean([2, 3]))


def test_the_network_itself_passes() -> None:
    assert all(c.status == PASSED for c in verify_model(Net()))


WRONG: dict[str, tuple[Callable[[], nn.Module], str]] = {
    "no dropout": (lambda: replaced(drop=lambda self, x: x), "drop"),
    "dropout with another p": (
        lambda: replaced(drop=lambda self, x: F.dropout(x, 0.4, self.training)),
        "drop",
    ),
    "dropout in evaluation too": (lambda: replaced(drop=lambda self, x: F.dropout(x)), "forward"),
    "dropout in evaluation only": (
        lambda: replaced(drop=lambda self, x: F.dropout(x, training=not self.training)),
        "drop",
    ),
    "dropout of weights": (
        lambda: replaced(
            before=lambda self, x: (F.dropout(self.bn.bias, 0.1, self.training), x)[1]
        ),
        "forward",
    ),
    "momentum": (momentum, "conv.norm.running_mean"),
    "frozen statistics": (frozen, "conv.norm"),
    "a written input": (lambda: replaced(before=in_place), "forward"),
    "written through a view": (lambda: replaced(before=through_a_view), "forward"),
    "a way chosen by a value": (lambda: replaced(before=by_value), "forward"),
    "examples mixed": (lambda: replaced(before=mixing_the_batch), "forward"),
    "less precision": (lambda: replaced(before=lambda self, x: x.float().double()), "forward"),
    "noise": (lambda: replaced(before=lambda self, x: x + 1e-6 * torch.randn_like(x)), "forward"),
    "no gradient": (
        lambda: replaced(drop=lambda self, x: F.dropout(x.detach(), training=self.training)),
        "forward",
    ),
    "a clip that is not reached": (
        lambda: replaced(activate=lambda self, x: x.clamp(0, 1e6)),
        "conv.activation",
    ),
    "channels turned": (lambda: replaced(before=lambda self, x: x.transpose(2, 3)), "forward"),
    "channels last and not back": (
        lambda: replaced(before=lambda self, x: x.permute(0, 2, 3, 1).reshape(x.shape)),
        "conv",
    ),
    "a reshape that mixes": (
        lambda: replaced(before=lambda self, x: x.view(-1, 8, 8, 2).permute(0, 3, 1, 2)),
        "conv",
    ),
    "one more output": (lambda: replaced(after=lambda self, x: (x, x)), "outputs"),
    "a softmax at the end": (lambda: replaced(after=lambda self, x: x.softmax(1)), "forward"),
    "a mask on the weights": (Strict, "conv"),
    "weights that a run changes": (
        lambda: replaced(after=lambda self, x: (self.fc.weight.data.mul_(0.5), x)[1]),
        "fc",
    ),
}


@pytest.mark.parametrize(("model", "layer"), WRONG.values(), ids=WRONG)
def test_a_wrong_model_does_not_pass(model: Callable[[], nn.Module], layer: str) -> None:
    checks = verify_model(model())
    assert any(c.status == FAILED for c in checks)
    assert layer in {name for name, _ in layer_differences(checks)}


@pytest.mark.parametrize(
    "name",
    [
        "dropout with another p",
        "dropout in evaluation too",
        "momentum",
        "frozen statistics",
        "a clip that is not reached",
        "a written input",
    ],
)
def test_nor_does_it_as_a_librarys_reference(name: str) -> None:
    assert any(c.status == FAILED for c in verify_model(WRONG[name][0](), demand=REFERENCE))


# Models of libraries return dataclasses.
Answer: Any = make_dataclass("Answer", [("logits", torch.Tensor), ("label", str, "cat")])


RIGHT: dict[str, Callable[[], nn.Module]] = {
    "a dict": lambda: replaced(after=lambda self, x: {"logits": x, "name": "x"}),
    "a dataclass": lambda: replaced(after=lambda self, x: Answer(x)),
    "half precision": lambda: Net().half(),
    "without gradients": lambda: Net().requires_grad_(False),
    "the functional form of dropout by keywords": lambda: replaced(
        drop=lambda self, x: F.dropout(input=x, training=self.training)
    ),
    "dropout in place": lambda: replaced(
        drop=lambda self, x: F.dropout(x, 0.5, self.training, True)
    ),
    "a dead padding": lambda: replaced(before=lambda self, x: (F.pad(x, (1, 1)), x)[1]),
    "a threshold": lambda: replaced(activate=lambda self, x: F.threshold(x, 0, 0)),
    "channels last and back": lambda: replaced(
        before=lambda self, x: x.permute(0, 2, 3, 1).permute(0, 3, 1, 2)
    ),
}


@pytest.mark.parametrize("model", RIGHT.values(), ids=RIGHT)
def test_a_right_model_passes(model: Callable[[], nn.Module]) -> None:
    assert all(c.status == PASSED for c in verify_model(model()))


def lazy() -> nn.Module:
    made = Net()
    made.fc = nn.LazyLinear(3)
    return made


def normed(how: Callable[[nn.Module], nn.Module]) -> nn.Module:
    made = Net()
    how(made.conv)
    return made


class Half(nn.Module):
    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        return weight / 2


def halve_weight(module: nn.Module) -> None:
    nn.utils.parametrize.register_parametrization(module, "weight", Half())


def raising(self: Any, x: torch.Tensor) -> torch.Tensor:
    raise KeyError("no such thing")


def raising_in_training(self: Any, x: torch.Tensor) -> torch.Tensor:
    if self.training:
        raise ValueError("only for inference")
    return x


STRANGE: dict[str, tuple[Callable[[], nn.Module], str, str]] = {
    # the model, the status of a check, and what it says
    "lazy": (lazy, PASSED, ""),
    "weight norm": (lambda: normed(torch.nn.utils.parametrizations.weight_norm), PASSED, ""),
    "old weight norm": (lambda: normed(torch.nn.utils.weight_norm), PASSED, ""),
    "spectral norm": (lambda: normed(torch.nn.utils.parametrizations.spectral_norm), PASSED, ""),
    "old spectral norm": (lambda: normed(torch.nn.utils.spectral_norm), PASSED, ""),
    "another parametrization": (lambda: normed(halve_weight), FAILED, ""),
    "raising": (lambda: replaced(before=raising), IMPOSSIBLE, "KeyError: 'no such thing'"),
    "raising in training": (
        lambda: replaced(before=raising_in_training),
        IMPOSSIBLE,
        "ValueError: only for inference",
    ),
    "another input": (
        lambda: nn.Sequential(nn.Conv2d(5, 3, 1)),
        IMPOSSIBLE,
        "it cannot be run on this spec's input",
    ),
    "integers": (lambda: nn.Embedding(3, 3), IMPOSSIBLE, "it cannot be run on this spec's input"),
    "meta": (lambda: Net().to("meta"), IMPOSSIBLE, "meta"),
    "nothing": (lambda: replaced(after=lambda self, x: None), FAILED, ""),
    "a constant": (lambda: replaced(after=lambda self, x: torch.zeros(2, 3)), FAILED, ""),
    "a number": (lambda: replaced(after=lambda self, x: x.sum()), FAILED, ""),
    "truth": (lambda: replaced(after=lambda self, x: x > 0), FAILED, ""),
    "complex numbers": (lambda: replaced(after=lambda self, x: torch.fft.fft(x)), FAILED, ""),
    "not a number": (lambda: replaced(after=lambda self, x: x / 0 * 0), FAILED, ""),
    "no parameters": (lambda: nn.Sequential(nn.ReLU(), nn.AdaptiveAvgPool2d(1)), FAILED, ""),
    "nothing at all": (lambda: nn.Identity(), FAILED, ""),
    "a doubled batch": (lambda: replaced(before=lambda self, x: torch.cat([x, x])), FAILED, ""),
    "no batch": (lambda: replaced(after=lambda self, x: x[0]), FAILED, ""),
}


@pytest.mark.filterwarnings("ignore:.*weight_norm:FutureWarning")
@pytest.mark.parametrize("demand", [SAME_CALLS, SAME_FUNCTION, REFERENCE])
@pytest.mark.parametrize(("model", "status", "said"), STRANGE.values(), ids=STRANGE)
def test_a_strange_model_gets_a_verdict(
    model: Callable[[], nn.Module], status: str, said: str, demand: str
) -> None:
    checks = verify_model(model(), demand)
    if status == PASSED:
        assert all(c.status == PASSED for c in checks), checks
        return
    bad = [c for c in checks if c.status == status]
    assert bad, checks
    assert said in " ".join(
        [*(c.detail for c in bad), *(d.cause for c in bad for d in c.differences)]
    )


@pytest.mark.parametrize("first", [nn.ReLU(), nn.Tanh()])
def test_a_network_without_parameters(first: nn.Module) -> None:
    model = nn.Sequential(first, nn.MaxPool2d(2))
    spec = """
input = [2, 8, 8]
layers = [
  { name = "a", op = "relu" },
  { name = "b", op = "maxpool", kernel_size = 2 },
]
"""
    assert all(c.status == PASSED for c in verify_model(model, spec=spec)) == isinstance(
        first, nn.ReLU
    )


def test_two_inputs_in_the_wrong_order() -> None:
    spec = """
inputs = ["a", "b"]
layers = [
  { name = "c", op = "concat", from = ["a", "b"] },
  { name = "d", op = "conv", out_channels = 2, kernel_size = 1 },
]
"""

    class Two(nn.Module):
        def __init__(self, turned: bool):
            super().__init__()
            self.conv, self.turned = nn.Conv2d(6, 2, 1), turned

        def forward(self, a: torch.Tensor, b: torch.Tensor) -> Any:
            return self.conv(torch.cat([b, a] if self.turned else [a, b], 1))

    assert all(c.status == PASSED for c in verify_model(Two(False), spec=spec))
    assert layer_differences(verify_model(Two(True), spec=spec)) == [("c", "what it reads")]


def test_a_reference_that_differs_is_reported_by_its_calls() -> None:
    model = replaced(activate=lambda self, x: x)
    checks = verify_model(model, demand=REFERENCE)
    assert layer_differences(checks)[0] == ("conv.activation", "the model lacks this layer")
    assert {c.name for c in checks if c.status == FAILED} == {"calls", "evaluation", "training"}


def test_statistics_that_are_no_numbers_do_not_stay() -> None:
    model = Net()
    model.bn.running_mean.fill_(float("nan"))
    assert all(c.status == PASSED for c in verify_model(model))
    assert bool(model.bn.running_mean.isnan().all())


def test_a_norm_that_is_used_twice() -> None:
    """The statistics come from both uses, and the variance is never negative."""
    spec = """
input = [2, 8, 8]
layers = [
  { name = "first", op = "batchnorm" },
  { name = "small", op = "channel_scale" },
  { name = "again", share = "first" },
  { name = "fc", op = "conv", out_channels = 2, kernel_size = 1 },
]
"""

    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm, self.scale, self.fc = (
                nn.BatchNorm2d(2),
                nn.Parameter(torch.ones(2, 1, 1)),
                nn.Conv2d(2, 2, 1),
            )

        def forward(self, x: torch.Tensor) -> Any:
            return self.fc(self.norm(self.norm(x) * self.scale))

    assert all(c.status == PASSED for c in verify_model(Twice(), spec=spec))


def test_dropout_elsewhere_is_reported_and_a_library_without_any_is_not() -> None:
    elsewhere = replaced(
        forward=lambda self, x: self.drop(self.fc(F.relu(self.bn(self.conv(x))).mean([2, 3])))
    )
    assert any(c.status == FAILED for c in verify_model(elsewhere, demand=REFERENCE))
    checks = verify_model(replaced(drop=lambda self, x: x), demand=REFERENCE)
    assert all(c.status == PASSED for c in checks)
    assert "no dropout" in checks[0].detail


@pytest.mark.parametrize(
    ("a", "b", "off"),
    [
        ([1.0, inf, -inf], [1.0, inf, -inf], 0.0),
        ([1.0, inf], [1.0, -inf], inf),
        ([2.0, inf], [1.0, inf], 0.5),
        ([1.0], [inf], inf),
        ([nan], [nan], inf),
    ],
)
def test_infinities_must_be_the_same(a: list[float], b: list[float], off: float) -> None:
    """A pool pads with -inf, which is the same on both sides; a NaN is never the same."""
    assert relative_difference(torch.tensor(a), torch.tensor(b)) == off
