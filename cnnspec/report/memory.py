"""The page of a network's memory: its parts, its peaks, and the rules of thumb beside them."""

from textwrap import wrap
from typing import Any

from cnnspec.analyses.memory.largest_batch import BatchSearch, LargestBatch, MemoryAdvice
from cnnspec.analyses.memory.network_memory import NetworkMemory
from cnnspec.problems import visible
from cnnspec.report.contract import encode_json
from cnnspec.report.formats import WIDTH
from cnnspec.units import format_bytes, format_count

PARTS = (("Parameters", "parameters"), ("Buffers", "buffers"), ("Input", "input"))
TRAINING = (
    ("Target", "target"),
    ("Gradients", "gradients"),
    ("Optimizer state", "state"),
    ("Kept for the backward pass", "saved"),
)
PEAKS = {
    "inference": ("Inference peak", "inference_peak"),
    "training": ("Training peak", "training_peak"),
}
RULES = (
    ("inference", "Two consecutive layers", "two_layers"),
    ("training", "All layers", "all_layers"),
)
WITHOUT = "the workspace of kernels, a device's context or fragmentation"


def memory_text(found: NetworkMemory, autocast: int | None = None) -> str:
    """The page as text, with the bytes that ``autocast`` keeps; at inference what training takes is
    left out."""
    modes = ("inference", "training") if found.mode == "training" else ("inference",)
    lines = [*PARTS, *(TRAINING if "training" in modes else ()), *(PEAKS[mode] for mode in modes)]
    width = max(len(format_count(getattr(found, key))) for _, key in lines)

    def line(title: str, key: str) -> str:
        n = getattr(found, key)
        return f"{title:28}{format_count(n):>{width}} bytes  {format_bytes(n)}"

    return "\n".join(
        [
            heading(found),
            "",
            *(line(*parts) for parts in lines),
            "",
            *(
                f"At the {mode} peak stands {visible(getattr(found, f'{mode}_at'))}."
                for mode in modes
            ),
            "",
            "Rules of thumb, for what a peak has besides parameters, gradients and state:",
            *(
                f"{title:28}{format_count(getattr(found, key)):>{width}} bytes,"
                f" {off(getattr(found, key), found.working_peak(mode))}"
                for mode, title, key in RULES
                if mode in modes
            ),
            "",
            *notes(found, autocast),
        ]
    )


def heading(found: NetworkMemory) -> str:
    """What was asked."""
    parts = [f"batch {found.batch}", found.dtype]
    if found.mode == "training":
        parts += [found.loss, "no optimizer" if found.optimizer == "none" else found.optimizer]
        parts += [f"frozen {visible(', '.join(found.frozen), 40)}"] if found.frozen else []
    return f"{visible(found.network)}: {', '.join(parts)}"


def off(rule: int, true: int) -> str:
    """How far a rule is off."""
    percent = 100 * (rule - true) / true
    return (
        "right here"
        if rule == true
        else f"{abs(percent):.1f}% too {'much' if percent > 0 else 'little'}"
    )


def notes(found: NetworkMemory, autocast: int | None) -> list[str]:
    """What the figures count, and what they do not."""
    told = [
        "Peaks are sums of the tensors alive, as PyTorch 2.13 allocates them on a CPU, without"
        f" {WITHOUT}. Not measured on CUDA."
    ]
    if found.mode == "training" and found.optimizer != "none":
        told += [
            "The optimizer takes one tensor after the other (foreach = False, PyTorch's default on"
            " a CPU)."
        ]
        if found.optimizer in ("adam", "adamw"):
            told += [
                f"With foreach, the default on CUDA, its step takes {format_bytes(found.gradients)}"
                " for a while."
            ]
    if autocast is not None:
        told += [
            f"Under autocast in bfloat16, {format_count(autocast)} bytes are kept for the backward pass,"
            " casts of weights among them; parameters, gradients and state remain float32. Its"
            " peaks are not predicted."
        ]
    elif found.mode == "training" and found.dtype == "float32":
        told += ["Autocast is not predicted here."]
    if found.dtype in ("bfloat16", "float16"):
        told += [
            f"All is {found.dtype}, parameters and state too, and kernels on a CPU work in float32"
            " for a while, which is not counted. Autocast, whose parameters are float32, is said"
            " beside float32."
        ]
    return wrap(" ".join(told), WIDTH)


def memory_json(found: NetworkMemory, autocast: int | None = None) -> str:
    """The page as JSON."""
    fields: dict[str, Any] = {
        name: getattr(found, name) for name in found.field_names if name != "logs"
    }
    rules = {
        mode: {"rule": getattr(found, key), "besides_parameters": found.working_peak(mode)}
        for mode, _, key in RULES
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


def fit_text(question: BatchSearch, fit: LargestBatch, advice: list[MemoryAdvice]) -> str:
    """The largest batch that fits, what the next one lacks, and what would make room."""
    asked = f"{question.mode}, {question.dtype}" + (
        f", {question.optimizer}"
        if question.mode == "training" and question.optimizer != "none"
        else ""
    )
    lines = [
        (
            f"{visible(question.graph.name)}: the largest batch within {format_bytes(question.budget)}"
            f" is {format_count(fit.batch)} ({asked})."
        ),
        f"It needs {format_bytes(fit.peak)}; one more example would need"
        f" {format_bytes(fit.next - question.budget)} more.",
    ]
    if advice:
        lines += ["", "Where that is too little:"]
    for way in advice:
        change, batch, peak = way.change, way.batch, way.peak
        largest = f"; largest batch {format_count(batch)}" if batch != fit.batch // 2 else ""
        lines.append(f"  {visible(change, 60)}: {format_bytes(peak)}{largest}")
    return "\n".join([*lines, "", *wrap(f"Counted are tensors alone, without {WITHOUT}.", WIDTH)])


def fit_json(question: BatchSearch, fit: LargestBatch, advice: list[MemoryAdvice]) -> str:
    """The same as JSON."""
    q = question
    return encode_json(
        {
            "version": 1,
            "network": q.graph.name,
            "budget": q.budget,
            "mode": q.mode,
            "dtype": q.dtype,
            "optimizer": q.optimizer,
            "frozen": list(q.freeze),
            "batch": fit.batch,
            "peak": fit.peak,
            "next_peak": fit.next,
            "advice": [vars(a) for a in advice],
        },
        indent=2,
    )
