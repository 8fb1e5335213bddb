"""Render a network's memory, and the largest batch within a budget, as text and as JSON."""

from textwrap import wrap
from typing import Any

from cnnspec.analyses.memory.largest_batch import (
    BatchSearch,
    LargestBatch,
    MemoryAdvice,
    describe_budget,
)
from cnnspec.analyses.memory.network_memory import NetworkMemory
from cnnspec.problems import visible
from cnnspec.report.contract import encode_json
from cnnspec.report.formats import WIDTH
from cnnspec.units import format_bytes, format_count

PARTS = (("Parameters", "parameters"), ("Buffers", "buffers"), ("Input", "input"))
TRAINING_PARTS = (
    ("Target", "target"),
    ("Gradients", "gradients"),
    ("Optimizer state", "state"),
    ("Saved for backward", "saved"),
)
PEAKS = {
    "inference": ("Inference peak", "inference_peak"),
    "training": ("Training peak", "training_peak"),
}
RULES_OF_THUMB = (
    ("inference", "Two consecutive layers", "two_layers"),
    ("training", "All layers", "all_layers"),
)
NOT_COUNTED = "the workspace of kernels, a device's context and fragmentation"
FIT_NOTE = (
    "For tensors as PyTorch 2.13 allocates them on a CPU. A GPU needs more: not counted are"
    f" {NOT_COUNTED}; --reserve keeps bytes for them."
)


def render_memory_text(found: NetworkMemory, autocast: int | None = None) -> str:
    """Render a network's memory as text; the training figures only for that mode.

    ``autocast`` are the bytes that are saved for backward under autocast, None if unknown."""
    training = found.mode == "training"
    modes = ("inference", "training") if training else ("inference",)
    parts = [*PARTS, *(TRAINING_PARTS if training else ()), *(PEAKS[mode] for mode in modes)]
    width = max(len(format_count(getattr(found, key))) for _, key in parts)
    lines = [describe_request(found), ""]
    for title, key in parts:
        n = getattr(found, key)
        readable = f"  {format_bytes(n)}" if n >= 1000 else ""
        lines.append(f"{title:28}{format_count(n):>{width}} bytes{readable}")
    lines.append("")
    for mode in modes:
        at = visible(getattr(found, f"{mode}_at"))
        lines.append(f"The {mode} peak is reached in {at}.")
    lines += ["", "Rules of thumb for a peak without parameters, gradients and optimizer state:"]
    for mode, title, key in RULES_OF_THUMB:
        if mode in modes:
            n = getattr(found, key)
            error = describe_error(n, found.working_peak(mode))
            lines.append(f"{title:28}{format_count(n):>{width}} bytes, {error}")
    return "\n".join([*lines, "", *wrap(" ".join(list_notes(found, autocast)), WIDTH)])


def describe_request(found: NetworkMemory) -> str:
    """Describe what was asked: network, batch, dtype, and for training loss and optimizer."""
    parts = [f"batch {format_count(found.batch)}", found.dtype]
    if found.mode == "training":
        parts.append("no loss" if found.loss == "none" else found.loss)
        parts += ["no optimizer" if found.optimizer == "none" else found.optimizer]
        parts += [f"frozen {visible(', '.join(found.frozen), 40)}"] if found.frozen else []
    return f"{visible(found.network)}: {', '.join(parts)}"


def describe_error(rule: int, true: int) -> str:
    """Describe how far a rule of thumb is off."""
    if rule == true:
        return "exact here"
    percent = 100 * (rule - true) / true
    return f"{abs(percent):.1f}% too {'high' if percent > 0 else 'low'}"


def list_notes(found: NetworkMemory, autocast: int | None) -> list[str]:
    """List sentences on what the figures count, and what they do not."""
    notes = [
        "A peak is the sum of all live tensors, as PyTorch 2.13 allocates them on a CPU, without"
        f" {NOT_COUNTED}. Peaks are not measured on CUDA."
    ]
    if found.mode == "training" and found.optimizer != "none":
        notes.append(
            "The optimizer takes one tensor after the other (foreach=False, PyTorch's default on a"
            " CPU)."
        )
        if found.optimizer in ("adam", "adamw"):
            notes.append(
                "With foreach=True, the default on CUDA, its step needs"
                f" {format_bytes(found.gradients)} for a while."
            )
    if autocast is not None:
        notes.append(
            f"Under autocast in bfloat16, {format_count(autocast)} bytes are saved for backward,"
            " including casts of weights; parameters, gradients and optimizer state remain float32."
            " Peaks under autocast are not predicted."
        )
    elif found.mode == "training" and found.dtype == "float32":
        notes.append("Memory under autocast is not predicted for this network.")
    if found.dtype in ("bfloat16", "float16"):
        notes.append(
            f"All tensors are {found.dtype}, including parameters and optimizer state. On a CPU,"
            " kernels work in float32 for a while, which is not counted. For autocast, which keeps"
            " parameters in float32, see the page for float32."
        )
    return notes


def render_memory_json(found: NetworkMemory, autocast: int | None = None) -> str:
    """Render a network's memory as JSON, in bytes."""
    fields: dict[str, Any] = {
        name: getattr(found, name) for name in found.field_names if name != "logs"
    }
    rules = {
        mode: {"rule": getattr(found, key), "besides_parameters": found.working_peak(mode)}
        for mode, _, key in RULES_OF_THUMB
    }
    return encode_json(
        {
            "version": 1,
            **fields,
            "frozen": list(found.frozen),
            "autocast": {"dtype": "bfloat16", "saved": autocast},
            "rules": rules,
        },
        indent=2,
    )


def render_fit_text(search: BatchSearch, fit: LargestBatch, advice: list[MemoryAdvice]) -> str:
    """Render the largest batch, what one more example would need, and what would save memory."""
    asked = [search.mode, search.dtype]
    if search.mode == "training" and search.optimizer != "none":
        asked.append(search.optimizer)
    name, budget = visible(search.graph.name), describe_budget(search)
    more = format_bytes(fit.next - search.available)
    lines = [
        *wrap(FIT_NOTE, WIDTH),
        "",
        *wrap(
            f"{name}: the largest batch within {budget} is {format_count(fit.batch)}"
            f" ({', '.join(asked)}).",
            WIDTH,
        ),
        f"It needs {format_bytes(fit.peak)}; one more example would need {more} more.",
    ]
    if advice:
        lines += ["", "Ways to need less memory:"]
    for way in advice:
        line = f"  {visible(way.change, 60)}: {format_bytes(way.peak)}"
        if way.batch != fit.batch // 2:
            line += f"; largest batch {format_count(way.batch)}"
        lines.append(line)
    return "\n".join(lines)


def render_fit_json(search: BatchSearch, fit: LargestBatch, advice: list[MemoryAdvice]) -> str:
    """Render the largest batch and the advice as JSON, in bytes."""
    return encode_json(
        {
            "version": 1,
            "network": search.graph.name,
            "budget": search.budget,
            "reserve": search.reserve,
            "mode": search.mode,
            "dtype": search.dtype,
            "optimizer": search.optimizer,
            "frozen": list(search.freeze),
            "batch": fit.batch,
            "peak": fit.peak,
            "next_peak": fit.next,
            "advice": [vars(way) for way in advice],
        },
        indent=2,
    )
