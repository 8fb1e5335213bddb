"""Measure the memory of a built module's passes on a CUDA device, by PyTorch's own counters.

The peak of requested bytes is what tensors and the workspace of kernels ask for. The peak of
allocated bytes is the same in the allocator's blocks of 512 bytes. CUDA's context is in neither.
A pass before the measured one makes what libraries keep for good a part of the baseline."""

import gc
from collections.abc import Callable
from typing import Any

import torch

from cnnspec.graph.model import Graph
from cnnspec.pytorch.built_module import BuiltModule
from cnnspec.pytorch.measure_memory import MeasuredMemory, MemoryMeter, measure_saved_bytes
from cnnspec.records import Record


class CudaPeak(Record):
    """The most bytes above the baseline: as requested, and in the allocator's blocks."""

    requested: int
    allocated: int


def measure_memory_on_cuda(
    graph: Graph, built: BuiltModule, batch: int, loss: str, device: str = "cuda"
) -> MeasuredMemory:
    """Measure the passes of a module on a CUDA device, and train it by that.

    The ``raw`` peaks are in the allocator's blocks."""
    meter = MemoryMeter(graph, built, batch, loss, device=device)
    benchmark = torch.backends.cudnn.benchmark
    torch.backends.cudnn.benchmark = False  # its trials take workspace
    try:
        built.eval()
        inference = measure_cuda_peak(meter.infer, built)
        built.train()
        training = measure_cuda_peak(meter.train_step, built)
        gradients = sum(p.grad.nbytes for p in built.parameters() if p.grad is not None)
        built.zero_grad(set_to_none=True)
        return MeasuredMemory(
            saved=measure_saved_bytes(built, meter.inputs),
            inference=inference.requested,
            training=training.requested,
            raw_inference=inference.allocated,
            raw_training=training.allocated,
            gradients=gradients,
            state=0,
        )
    finally:
        torch.backends.cudnn.benchmark = benchmark


def measure_cuda_peak(run: Callable[[], Any], built: BuiltModule) -> CudaPeak:
    """Measure the peak of a run above the bytes before it, after one run whose gradients go."""
    run()
    built.zero_grad(set_to_none=True)
    gc.collect()
    torch.cuda.empty_cache()
    torch.cuda.synchronize()
    before = torch.cuda.memory_stats()
    torch.cuda.reset_peak_memory_stats()
    result = run()
    torch.cuda.synchronize()
    after = torch.cuda.memory_stats()
    del result
    requested, allocated = (
        after[f"{kind}_bytes.all.peak"] - before[f"{kind}_bytes.all.current"]
        for kind in ("requested", "allocated")
    )
    return CudaPeak(requested, allocated)
