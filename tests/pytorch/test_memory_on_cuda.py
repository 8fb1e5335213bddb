"""Memory on CUDA: how the allocator's counters are read, by counters that are made up, and by those
of a device."""

from typing import Any

import pytest
import torch
import written

import cnnspec
from cnnspec.analyses.verdict import LIMITED, PASSED
from cnnspec.pytorch import memory_on_cuda, proof_of_memory
from cnnspec.pytorch.built_module import build_module
from cnnspec.pytorch.memory import Measured

LINES = (
    '{ name = "a", op = "conv", out_channels = 4, kernel_size = 3, activation = "relu" }, { name ='
    ' "pool", op = "global_avgpool", keepdim = false }, { name = "fc", op = "linear", out_features'
    " = 2 }"
)
STATS = [
    {"requested_bytes.all.current": 1000, "allocated_bytes.all.current": 1024},
    {"requested_bytes.all.peak": 1700, "allocated_bytes.all.peak": 2048},
    {"requested_bytes.all.current": 1300, "allocated_bytes.all.current": 1536},
    {"requested_bytes.all.peak": 9300, "allocated_bytes.all.peak": 10240},
]


def test_peaks_are_read_above_what_was_there_after_a_run_to_warm_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    net, stats = written.network(LINES), iter(STATS)
    happened: list[str] = []
    twin = build_module(net.graph)
    twin.register_forward_pre_hook(lambda *given: happened.append("run"))

    def read() -> dict[str, int]:
        happened.append("read")
        assert all(p.grad is None for p in twin.parameters()) or happened.count("read") % 2 == 0
        return next(stats)

    def noted(name: str) -> Any:
        return lambda: happened.append(name)

    monkeypatch.setattr(torch.cuda, "memory_stats", read)
    for name in ("empty_cache", "synchronize", "reset_peak_memory_stats"):
        monkeypatch.setattr(torch.cuda, name, noted(name))
    found = memory_on_cuda.measured(net.graph, twin, 2, "cross_entropy", "cpu")
    once = [
        "run",
        "empty_cache",
        "synchronize",
        "read",
        "reset_peak_memory_stats",
        "run",
        "synchronize",
        "read",
    ]
    assert happened == [*once, *once, "run"]  # the last is for what is kept
    assert found[1:5] == (700, 8000, 1024, 8704)
    assert found.saved == net.memory(2).saved
    assert found.gradients == 4 * (4 * 3 * 9 + 4 + 4 * 2 + 2)


@pytest.mark.parametrize(("off", "status"), [(0, PASSED), (-160, LIMITED)])
def test_a_difference_on_cuda_is_told_and_fails_nothing(
    off: int, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = cnnspec.load("lenet5")
    plan = net.memory(2)
    grounds = [plan.baseline(mode) for mode in ("inference", "training")]
    true = Measured(
        plan.saved,
        plan.inference_peak - grounds[0],
        plan.training_peak - grounds[1] - off,
        0,
        0,
        0,
        0,
    )
    monkeypatch.setattr(memory_on_cuda, "measured", lambda *given: true)
    monkeypatch.setattr(proof_of_memory, "build_module", lambda graph, device: None)
    monkeypatch.setattr(proof_of_memory, "available_bytes", lambda device: 10**12)
    monkeypatch.setattr(proof_of_memory, "device_title", lambda device: f"{device} device")
    *others, training = proof_of_memory.memory_checks(net.graph, "cuda", 1.0)
    assert {c.against for c in (*others, training)} == {"PyTorch on cuda device"}
    assert [c.status for c in others] == [PASSED, PASSED]
    assert training.status == status
    assert not training.differences
    percent = 100 * off / (plan.training_peak - off)
    told = f"the plan, {plan.training_peak:,} bytes, is that for a CPU: {percent:+.2f} % off"
    assert (told in training.detail) == bool(off)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device here")
def test_a_device_measures_what_is_kept_and_both_peaks() -> None:
    verdict = cnnspec.verify("resnet18", device="cuda", memory=True)
    assert verdict, str(verdict)
    found = [c for c in verdict.checks if "peak" in c.name]
    assert len(found) == 2
    assert all(c.figures["measured"] > 0 for c in found)
