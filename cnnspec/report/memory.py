"""The page of a network's memory: its parts, its peaks, and the rules of thumb beside them."""

import json

from cnnspec.analyses.memory.answer import Memory
from cnnspec.problems import visible
from cnnspec.units import count, megabytes

LINES = (
    ("Parameters", "parameters"), ("Buffers", "buffers"), ("Input", "input"), ("Target", "target"),
    ("Gradients", "gradients"), ("Optimizer state", "state"), ("Kept for the backward pass", "saved"),
    ("Inference peak", "inference_peak"), ("Training peak", "training_peak"),
    ("Rule of thumb: two layers", "two_layers"), ("Rule of thumb: all layers", "all_layers"),
)


def memory_text(found: Memory) -> str:
    """The page as text."""
    optimizer = "no optimizer" if found.optimizer == "none" else found.optimizer
    head = f"{visible(found.network)}: batch {found.batch}, {found.dtype}, {found.loss}, {optimizer}"
    width = max(len(count(getattr(found, key))) for _, key in LINES)
    lines = [f"{title:28}{count(getattr(found, key)):>{width}} bytes  {megabytes(getattr(found, key))}"
             for title, key in LINES]
    return "\n".join([
        head, "", *lines, "",
        f"Inference is at its peak at {visible(found.inference_at)}, training at {visible(found.training_at)}.",
        "Peaks are sums of the tensors alive, as PyTorch 2.13 allocates them on a CPU,",
        "without the workspace of kernels, a device's context or fragmentation; of the optimizer",
        "its state is counted, not what its step needs for a moment.",
    ])


def memory_json(found: Memory) -> str:
    """The page as JSON."""
    fields = {name: getattr(found, name) for name in found._names if name != "logs"}
    return json.dumps({"version": 1, **fields}, indent=2)


def fit_text(name: str, budget: int, batch: int, peak: int, lacks: int, mode: str) -> str:
    """The largest batch that fits, and what the next one lacks."""
    return "\n".join([
        f"{visible(name)}: the largest batch for {mode} within {megabytes(budget)} is {count(batch)}.",
        f"It needs {megabytes(peak)}; one example more lacks {megabytes(lacks - budget)}.",
        "Counted are tensors alone, without the workspace of kernels, a device's context or fragmentation.",
    ])
