"""Strange models get a clear verdict: those that raise, change themselves, or lack something."""

from collections.abc import Callable
from math import inf, nan
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from cnnspec.analyses.verdict import FAILED, IMPOSSIBLE, PASSED
from cnnspec.pytorch.check_calls import REFERENCE, SAME_CALLS, SAME_FUNCTION
from cnnspec.pytorch.real_values import relative_difference
from tests.pytorch.edited_network import Net, replaced, verify_model
from tests.pytorch.test_edited_models import layer_differences


def lazy() -> nn.Module:
    made = Net()
    made.fc = nn.LazyLinear(3)
    return made


def normed(how: Callable[[nn.Module], Any]) -> nn.Module:
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
    model: Any = Net()
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
