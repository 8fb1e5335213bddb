"""Models that differ from their spec in several places: each difference names its own layer."""

from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from cnnspec.analyses.verdict import Check, Difference, Verdict
from cnnspec.pytorch.compare_model import compare_model
from cnnspec.report.verdicts.group import group_differences
from cnnspec.report.verdicts.readable import verdict_text
from tests.support import graph_of


def compare_calls(model: nn.Module, spec: str) -> Check:
    checks = compare_model(graph_of(spec), model, "mine", "cpu")
    return next(c for c in checks if c.name == "calls")


def summarize(check: Check) -> list[tuple[str, str]]:
    """Return the layers that differ, and what differs."""
    return [(d.name, d.change or d.cause.partition(", in ")[0]) for d in check.differences]


PROJECTION = """
input = [8, 16, 16]
[[layers]]
name = "a"
op = "conv"
out_channels = 8
kernel_size = 1
bias = false
norm = "batchnorm"
activation = "relu"

[[layers]]
name = "b"
op = "conv"
out_channels = 32
kernel_size = 1
bias = false
norm = "batchnorm"

[[layers]]
name = "shortcut"
op = "conv"
out_channels = 32
kernel_size = 1
bias = false
norm = "batchnorm"
from = "input"

[[layers]]
name = "add"
op = "add"
from = ["b", "shortcut"]
activation = "relu"
"""


class Projection(nn.Module):
    """A bottleneck whose shortcut has the last of three convolutions, run first or last."""

    def __init__(self, first: bool, relu: bool = False):
        super().__init__()
        self.first, self.relu = first, relu
        sizes = ((8, 8), (8, 32), (8, 32))
        self.convs = nn.ModuleList([nn.Conv2d(n, m, 1) for n, m in sizes])
        self.norms = nn.ModuleList([nn.BatchNorm2d(m) for _, m in sizes])

    def layer(self, i: int, x: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.norms[i](self.convs[i](x))
        return result

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        shortcut = self.layer(2, x) if self.first else None
        y = self.layer(1, F.relu(self.layer(0, x)))
        if self.relu:
            y = F.relu(y)
        return F.relu(y + (self.layer(2, x) if shortcut is None else shortcut))


@pytest.mark.parametrize("first", [False, True])
def test_biases_in_a_block_that_runs_in_another_order(first: bool) -> None:
    check = compare_calls(Projection(first), PROJECTION)
    assert summarize(check) == [(n, "bias False → True") for n in ("a", "b", "shortcut")]
    assert [d.module for d in check.differences] == ["convs.0", "convs.1", "convs.2"]
    assert all("test_several_changes.py:" in d.source for d in check.differences)


def test_an_activation_too_many_beside_other_changes() -> None:
    check = compare_calls(Projection(True, True), PROJECTION)
    assert summarize(check)[3:] == [("forward", "the spec lacks this layer")]
    assert len(check.differences) == 4


DENSE = (Path(__file__).parent / "models" / "dense.toml").read_text()


class DenseLayer(nn.Module):
    def __init__(self, n: int, turned: bool):
        super().__init__()
        self.turned = turned
        self.n1, self.c1 = nn.BatchNorm2d(n), nn.Conv2d(n, 32, 1, bias=False)
        self.n2, self.c2 = nn.BatchNorm2d(32), nn.Conv2d(32, 8, 3, padding=1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.c2(F.relu(self.n2(self.c1(F.relu(self.n1(x))))))
        return torch.cat([y, x] if self.turned else [x, y], 1)


class Dense(nn.Module):
    """The network of DENSE with changes: its stem, the order of concats, the transition's relu."""

    def __init__(
        self, kernel: int = 3, stem: bool = True, turned: tuple[int, ...] = (), relu: bool = True
    ):
        super().__init__()
        self.conv = nn.Conv2d(3, 16, kernel, padding=kernel // 2, bias=False)
        self.stem = nn.Sequential()
        if stem:
            self.stem = nn.Sequential(nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
        one, two = ([DenseLayer(n + 8 * i, n + i in turned) for i in range(3)] for n in (16, 20))
        self.one, self.two = nn.Sequential(*one), nn.Sequential(*two)
        self.norm, self.squeeze = nn.BatchNorm2d(40), nn.Conv2d(40, 20, 1, bias=False)
        self.relu, self.last = nn.ReLU() if relu else nn.Identity(), nn.BatchNorm2d(44)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.one(self.stem(self.conv(x)))
        x = F.avg_pool2d(self.squeeze(self.relu(self.norm(x))), 2)
        return F.relu(self.last(self.two(x)))


LACKS, READS = "the model lacks this layer", "what it reads"
KERNEL = ("stem", "kernel_size 3 → 7, padding 1 → 3")
STEM = [("stem.norm", LACKS), ("stem.activation", LACKS), ("pool", LACKS)]
RELU = ("t.norm.activation", LACKS)
CONCATS = [(f"{block}.{i}.concat", READS) for block in ("one", "two") for i in range(3)]
DENSE_CASES: dict[str, tuple[dict[str, Any], list[tuple[str, str]]]] = {
    "same": ({}, []),
    "kernel": ({"kernel": 7}, [KERNEL]),
    "no relu": ({"relu": False}, [RELU]),
    "kernel and no relu": ({"kernel": 7, "relu": False}, [KERNEL, RELU]),
    "no stem": ({"stem": False}, STEM),
    "no stem and no relu": ({"stem": False, "relu": False}, [*STEM, RELU]),
    "all concats turned": ({"turned": (16, 17, 18, 20, 21, 22)}, CONCATS),
    "first concats turned, which the later ones contain": (
        {"turned": (16, 20)},
        [CONCATS[0], CONCATS[3]],
    ),
}


@pytest.mark.parametrize(("changes", "expected"), DENSE_CASES.values(), ids=DENSE_CASES)
def test_changes_of_a_dense_network(
    changes: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert summarize(compare_calls(Dense(**changes), DENSE)) == expected


SQUEEZED = """
input = [8, 16, 16]
layers = [{ name = "b{i}", op = "block", repeat = 3 }]
[blocks.block]
layers = [
  { name = "conv", op = "conv", out_channels = 8, kernel_size = 3, padding = 1, bias = false },
  { name = "se", op = "se" },
  { name = "add", op = "add", from = ["input", "se"], activation = "relu" },
]
[blocks.se]
layers = [
  { name = "pool", op = "global_avgpool" },
  { name = "fc1", op = "conv", out_channels = 4, kernel_size = 1, activation = "relu" },
  { name = "fc2", op = "conv", out_channels = 8, kernel_size = 1, activation = "sigmoid" },
  { name = "scale", op = "mul", from = ["input", "fc2"] },
]
"""


class Plain(nn.Module):
    """The blocks of SQUEEZED without their gates and with biases."""

    def __init__(self) -> None:
        super().__init__()
        self.convs = nn.ModuleList([nn.Conv2d(8, 8, 3, padding=1) for _ in range(3)])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for conv in self.convs:
            x = F.relu(x + conv(x))
        return x


def test_one_cause_is_told_once() -> None:
    check = compare_calls(Plain(), SQUEEZED)
    assert len(check.differences) == 3 + 3 * 6
    groups = group_differences(check.differences)
    assert [(g.names, g.count) for g in groups] == [
        (("b0.conv", "b1.conv", "b2.conv"), 3),
        (("b0.se", "b1.se", "b2.se"), 18),
    ]
    text = verdict_text(Verdict("net", "CPU", {}, (check,)))
    assert "b0.conv, b1.conv, b2.conv, conv: bias False → True in 3 layers" in text
    assert "b0.se, b1.se, b2.se, block; the model lacks 6 layers: global_avgpool" in text


def test_equal_rows_are_counted() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(8, 8, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.conv(x)
            return F.relu(F.relu(x))

    spec = """
input = [8, 4, 4]
layers = [{ name = "c", op = "conv", out_channels = 8, kernel_size = 1 }]
"""
    (found,) = compare_calls(Twice(), spec).differences
    assert (found.name, found.measured, found.count) == ("forward", "relu", 2)


def test_a_group_shows_some_names_and_counts_the_others() -> None:
    found = [Difference(f"c{i}", "conv", "", "", "bias", change="bias") for i in range(53)]
    (group,) = group_differences(found)
    assert group.title == "c0, c1, c2, c3 and 49 more"
    assert group.count == 53
