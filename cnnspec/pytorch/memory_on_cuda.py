"""What a pass through a twin really needs on a CUDA device, by the counters of PyTorch's allocator.

The peak of requested bytes is what tensors and the workspace of kernels ask for; that of allocated
bytes is the same in the allocator's blocks of 512 bytes. The context of CUDA is outside both. A
step goes before, so that what libraries keep for good is part of the baseline."""

import gc
from collections.abc import Callable
from typing import Any, NamedTuple

import torch

from cnnspec.graph.model import Graph
from cnnspec.pytorch.built_module import BuiltModule
from cnnspec.pytorch.memory import Measured, Meter, saved


class Peak(NamedTuple):
    """The most bytes above the baseline at once: as requested, and in the allocator's blocks."""

    requested: int
    allocated: int


def measured(
    graph: Graph, twin: BuiltModule, batch: int, loss: str, device: str = "cuda"
) -> Measured:
    """Measure the passes of a twin that is on a CUDA device; ``raw`` peaks are in blocks. The twin
    is trained by it."""
    meter = Meter(graph, twin, batch, loss, "none", frozenset(), device)
    fixed, torch.backends.cudnn.benchmark = (
        torch.backends.cudnn.benchmark,
        False,
    )  # trials take workspace
    try:
        twin.eval()
        inference = peak(meter.infer, twin)
        twin.train()
        training = peak(meter.step, twin)
        gradients = sum(p.grad.nbytes for p in twin.parameters() if p.grad is not None)
        twin.zero_grad(set_to_none=True)
        return Measured(
            saved(twin, meter.inputs),
            inference.requested,
            training.requested,
            inference.allocated,
            training.allocated,
            gradients,
            0,
        )
    finally:
        torch.backends.cudnn.benchmark = fixed


def peak(run: Callable[[], Any], twin: BuiltModule) -> Peak:
    """The peak of a run above what is there before it, after one to warm up whose gradients are
    dropped."""
    run()
    twin.zero_grad(set_to_none=True)
    gc.collect()
    torch.cuda.empty_cache()
    torch.cuda.synchronize()
    before = torch.cuda.memory_stats()
    torch.cuda.reset_peak_memory_stats()
    result = run()
    torch.cuda.synchronize()
    after = torch.cuda.memory_stats()
    del result
    return Peak(
        *(
            after[f"{what}_bytes.all.peak"] - before[f"{what}_bytes.all.current"]
            for what in ("requested", "allocated")
        )
    )
