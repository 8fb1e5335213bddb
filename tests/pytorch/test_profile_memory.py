"""What the profiler of memory reports of a run."""

import gc

import torch

from cnnspec.pytorch.profile_memory import peak_bytes, record_allocations


class Cycle:
    """Garbage that holds a tensor until Python collects it."""

    def __init__(self) -> None:
        self.tensor = torch.zeros(1000)
        self.itself = self


def test_garbage_of_earlier_runs_does_not_count() -> None:
    def run() -> torch.Tensor:
        gc.collect()
        return torch.zeros(500)

    gc.disable()  # so that nothing else collects the cycle
    try:
        record_allocations(Cycle)  # the profiler learns the sizes of what it allocates
        assert peak_bytes(record_allocations(run)) == 500 * 4
    finally:
        gc.enable()
