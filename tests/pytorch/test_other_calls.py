"""A model with other calls passes where it computes the same, and only there."""

import re
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

import cnnspec
from cnnspec.analyses.verdict import FAILED
from cnnspec.pytorch.check_calls import SAME_CALLS
from cnnspec.pytorch.compare_model import compare_model
from cnnspec.report.verdicts.data import check_entry
from cnnspec.report.verdicts.readable import check_lines
from tests.pytorch.edited_network import Net, passes, replaced, verify_model
from tests.support import graph_of


def halve(x: torch.Tensor) -> torch.Tensor:
    return 0.75 * x - 0.25 * x


OTHER_CALLS: dict[str, Callable[[], nn.Module]] = {
    "a branch that is not used": lambda: replaced(before=lambda self, x: (x.tanh(), x)[1]),
    "two activations": lambda: replaced(activate=lambda self, x: F.relu(x).relu()),
    "a product of two": lambda: replaced(activate=lambda self, x: x * (x > 0)),
    "a half and a half": lambda: replaced(after=lambda self, x: x / 2 + 0.5 * x),
    "a sort that is undone": lambda: replaced(before=lambda self, x: x.flip(2).flip(2)),
    "a logarithm": lambda: replaced(after=lambda self, x: x.exp().log()),
}


@pytest.mark.parametrize("model", OTHER_CALLS.values(), ids=OTHER_CALLS)
def test_other_calls_with_the_same_values_are_notes(model: Callable[[], nn.Module]) -> None:
    checks = verify_model(model())
    assert passes(checks), checks
    assert checks[0].notes
    assert "other calls, same function" in checks[0].detail
    strict = verify_model(model(), SAME_CALLS)
    assert strict[0].status == FAILED
    assert set(strict[0].differences) == set(checks[0].notes)


def test_notes_are_shown() -> None:
    check = verify_model(OTHER_CALLS["two activations"]())[0]
    text = " ".join(" ".join(check_lines(check, 5)).split())
    place = r"\([\w/]*test_other_calls\.py:\d+\)"
    note = (
        rf"note: forward, layer; spec: no layer; model: relu {place} \(the spec lacks this layer\)"
    )
    assert re.search(note, text)
    assert [note["measured"] for note in check_entry(check)["notes"]] == ["relu"]


UNPROVEN: dict[str, Callable[[], nn.Module]] = {
    "a limit that only large values reach": lambda: replaced(
        before=lambda self, x: x.clamp(-1e9, 1e9)
    ),
    "a comparison that is always true": lambda: replaced(
        before=lambda self, x: torch.where(x < 1e9, x, 0 * x)
    ),
    "a way chosen by a value": lambda: replaced(
        before=lambda self, x: x + 0.0 if x.sum() < 1e9 else x
    ),
    "dropout twice": lambda: replaced(
        drop=lambda self, x: F.dropout(F.dropout(x, training=self.training), 0.1, self.training)
    ),
    "a detached copy": lambda: replaced(before=lambda self, x: x.detach() + 0.0),
    "one output more": lambda: replaced(after=lambda self, x: (x + 0.0, x)),
}


@pytest.mark.parametrize("model", UNPROVEN.values(), ids=UNPROVEN)
def test_what_values_do_not_show_is_a_difference(model: Callable[[], nn.Module]) -> None:
    checks = verify_model(model())
    assert checks[0].status == FAILED
    assert checks[0].differences


POOLS = """
input = [3, 8, 8]
layers = [
  { name = "conv", op = "conv", out_channels = 4, kernel_size = 3, padding = 1 },
  { name = "pool", op = "maxpool", kernel_size = 2 },
  { name = "norm", op = "batchnorm" },
  { name = "scale", op = "scale", factor = 0.5 },
]
"""


class Pools(nn.Module):
    """The network of POOLS, with the scale written otherwise."""

    def __init__(self, **pool: Any) -> None:
        super().__init__()
        eps = pool.pop("eps", 1e-5)
        self.conv, self.norm = nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4, eps=eps)
        self.pool = nn.MaxPool2d(2, **pool)

    def forward(self, x: torch.Tensor) -> Any:
        return halve(self.norm(self.pool(self.conv(x))))


@pytest.mark.parametrize("setting", [{}, {"ceil_mode": True}, {"eps": 1.0000001e-5}])
def test_settings_without_effect_on_these_values_are_differences(setting: dict[str, Any]) -> None:
    checks = compare_model(graph_of(POOLS), Pools(**setting), "mine", "cpu")
    assert passes(checks) is (not setting), checks
    assert checks[0].notes or setting


def test_a_pool_of_a_fixed_size_is_told_by_another_input_size(tmp_path: Any) -> None:
    file = tmp_path / "net.toml"
    file.write_text("""
name = "net"
input = [3, 8, 8]
layers = [
  { name = "conv", op = "conv", out_channels = 4, kernel_size = 3, padding = 1 },
  { name = "pool", op = "global_avgpool" },
]
""")

    class Mine(nn.Module):
        def __init__(self, fixed: bool):
            super().__init__()
            self.conv, self.fixed = nn.Conv2d(3, 4, 3, padding=1), fixed

        def forward(self, x: torch.Tensor) -> Any:
            x = self.conv(x)
            if self.fixed:
                return x[:, :, :8, :8].sum((2, 3), keepdim=True) / 64
            return x.sum((2, 3), keepdim=True) / x[0, 0].numel()

    verdict = cnnspec.verify(str(file), model=Mine(False), device="cpu")
    assert verdict, str(verdict)
    assert "also at 3x16x16" in verdict.checks[4].detail
    verdict = cnnspec.verify(str(file), model=Mine(True), device="cpu")
    assert not verdict
    assert "the outputs also at 3x16x16 differ" in verdict.checks[4].detail
    assert not cnnspec.verify(str(file), model=Mine(False), device="cpu", strict=True)


def test_large_values_show_what_small_ones_do_not() -> None:
    checks = verify_model(replaced(before=lambda self, x: x + F.relu(x - 10)))
    assert checks[0].status == FAILED
    assert checks[0].detail == "the outputs of other draws differ"


AUXILIARY = """
input = [3, 8, 8]
outputs = ["head"]
layers = [
  { name = "conv", op = "conv", out_channels = 4, kernel_size = 3 },
  { name = "aux", op = "conv", out_channels = 2, kernel_size = 1, training_only = true },
  { name = "half", op = "scale", factor = 0.5, from = "aux", training_only = true },
  { name = "head", op = "conv", out_channels = 2, kernel_size = 3, from = "conv" },
]
"""


class Auxiliary(nn.Module):
    """The network of AUXILIARY, whose auxiliary output is multiplied by ``factor``."""

    def __init__(self, factor: float, missing: bool = False) -> None:
        super().__init__()
        self.conv, self.aux, self.head = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 2, 1), nn.Conv2d(4, 2, 3)
        self.factor, self.missing = factor, missing

    def forward(self, x: torch.Tensor) -> Any:
        x = self.conv(x)
        if not self.training:
            return self.head(x)
        aux = self.aux(x)
        aux = (0.25 + self.factor) * aux - 0.25 * aux
        return self.head(x) if self.missing else (self.head(x), aux)


@pytest.mark.parametrize(
    ("factor", "missing", "right"), [(0.5, False, True), (0.6, False, False), (0.5, True, False)]
)
def test_outputs_of_training_alone_must_be_the_same(
    factor: float, missing: bool, right: bool
) -> None:
    checks = compare_model(graph_of(AUXILIARY), Auxiliary(factor, missing), "mine", "cpu")
    assert passes(checks) is right, checks


BRANCHES = """
input = [3, 8, 8]
layers = [
  { name = "a", op = "conv", out_channels = 3, kernel_size = 3, padding = 1, from = "input" },
  { name = "b", op = "conv", out_channels = 3, kernel_size = 3, padding = 1, from = "input" },
  { name = "elu", op = "elu", from = "b" },
  { name = "c", op = "conv", out_channels = 3, kernel_size = 3, padding = 2, dilation = 2 },
  { name = "add", op = "add", from = ["a", "c"] },
  { name = "half", op = "scale", factor = 0.5 },
]
"""


class Branches(nn.Module):
    """The network of BRANCHES, which may run its second branch first."""

    def __init__(self, first: str = "a", shared: bool = False, wrong: bool = False) -> None:
        super().__init__()
        self.c = nn.Conv2d(3, 3, 3, padding=2, dilation=2)
        self.b, self.a = nn.Conv2d(3, 3, 3, padding=1), nn.Conv2d(3, 3, 3, padding=1)
        if shared:
            self.b = self.a
        self.first, self.wrong = first, wrong

    def forward(self, x: torch.Tensor) -> Any:
        if self.first == "a":
            a = self.a(x)
            c = self.c(F.elu(self.b(x)))
        else:
            c = self.c(F.elu(self.b(x)))
            a = self.a(x)
        return halve((self.b(x) if self.wrong else a) + c)


@pytest.mark.parametrize("first", ["a", "b"])
def test_weights_are_paired_in_any_order_of_calls(first: str) -> None:
    assert passes(compare_model(graph_of(BRANCHES), Branches(first), "mine", "cpu"))
    checks = compare_model(graph_of(BRANCHES), Branches(first, wrong=True), "mine", "cpu")
    assert not passes(checks)


def test_shared_weights_are_a_difference_also_among_other_calls() -> None:
    assert not passes(compare_model(graph_of(BRANCHES), Branches(shared=True), "mine", "cpu"))


def test_buffers_that_the_spec_lacks_are_notes() -> None:
    model = Net()
    model.register_buffer("mean", torch.zeros(3))
    model.bn.register_buffer("unused", torch.zeros(1))
    checks = verify_model(model)
    assert passes(checks)
    assert [d.name for d in checks[2].notes] == ["mean", "bn.unused"]
    assert not verify_model(Net())[2].notes
