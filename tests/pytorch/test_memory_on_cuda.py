"""Memory on CUDA: how the allocator's counters are read, with invented counters and a device's."""

from typing import Any

import pytest
import torch

import cnnspec
from cnnspec.analyses.verdict import LIMITED, PASSED
from cnnspec.pytorch import compare_memory
from cnnspec.pytorch.built_module import build_module
from cnnspec.pytorch.measure_memory import MeasuredMemory
from cnnspec.pytorch.measure_memory_cuda import measure_memory_on_cuda
from tests import written

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


def test_peaks_are_above_the_bytes_after_a_first_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    net, stats = written.network(LINES), iter(STATS)
    happened: list[str] = []
    built = build_module(net.graph)
    built.register_forward_pre_hook(lambda *given: happened.append("run"))

    def read() -> dict[str, int]:
        happened.append("read")
        assert all(p.grad is None for p in built.parameters()) or happened.count("read") % 2 == 0
        return next(stats)

    def noted(name: str) -> Any:
        return lambda: happened.append(name)

    monkeypatch.setattr(torch.cuda, "memory_stats", read)
    for name in ("empty_cache", "synchronize", "reset_peak_memory_stats"):
        monkeypatch.setattr(torch.cuda, name, noted(name))
    found = measure_memory_on_cuda(net.graph, built, 2, "cross_entropy", "cpu")
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
    assert happened == [*once, *once, "run"]  # the last is for saved tensors
    assert (found.inference, found.training) == (700, 8000)
    assert (found.raw_inference, found.raw_training) == (1024, 8704)
    assert found.saved == net.memory(2).saved
    assert found.gradients == 4 * (4 * 3 * 9 + 4 + 4 * 2 + 2)


@pytest.mark.parametrize(("off", "status"), [(0, PASSED), (-160, LIMITED)])
def test_a_difference_on_cuda_is_reported_and_does_not_fail(
    off: int, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = cnnspec.load("lenet5")
    plan = net.memory(2)
    baselines = [plan.baseline(mode) for mode in ("inference", "training")]
    measured = MeasuredMemory(
        saved=plan.saved,
        inference=plan.inference_peak - baselines[0],
        training=plan.training_peak - baselines[1] - off,
        raw_inference=0,
        raw_training=0,
        gradients=0,
        state=0,
    )
    monkeypatch.setattr(compare_memory, "measure_memory_on_cuda", lambda *given: measured)
    monkeypatch.setattr(compare_memory, "build_module", lambda graph, device: None)
    monkeypatch.setattr(compare_memory, "available_bytes", lambda device: 10**12)
    monkeypatch.setattr(compare_memory, "device_title", lambda device: f"{device} device")
    *others, training = compare_memory.memory_checks(net.graph, "cuda", 1.0)
    assert {c.against for c in (*others, training)} == {"PyTorch on cuda device"}
    assert [c.status for c in others] == [PASSED, PASSED]
    assert training.status == status
    assert not training.differences
    percent = 100 * off / (plan.training_peak - off)
    detail = f"the plan, {plan.training_peak:,} bytes, is that for a CPU: {percent:+.2f} % off"
    assert (detail in training.detail) == bool(off)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device here")
def test_a_device_measures_saved_bytes_and_both_peaks() -> None:
    verdict = cnnspec.verify("resnet18", device="cuda", memory=True)
    assert verdict, str(verdict)
    found = [c for c in verdict.checks if "peak" in c.name]
    assert len(found) == 2
    assert all(c.figures["measured"] > 0 for c in found)
