"""Proving a plan of memory: what is kept and both peaks, as predicted and as measured on the CPU or
on CUDA."""

from cnnspec.analyses.memory.network_memory import NetworkMemory, plan_memory
from cnnspec.analyses.verdict import LIMITED, PASSED, Check, Difference, make_check
from cnnspec.graph.model import Graph
from cnnspec.problems import RequestError
from cnnspec.pytorch import memory_on_cuda
from cnnspec.pytorch.built_module import build_module
from cnnspec.pytorch.devices import available_bytes, device_title
from cnnspec.pytorch.memory import measured
from cnnspec.units import format_bytes, format_count

BATCH = 2  # of one example batch norm cannot take the variance where a map has one position
NAMES = ("saved", "inference peak", "training peak")
ROOM = 1.5  # times the predicted peak: kernels take their workspace besides


def memory_checks(graph: Graph, device: str, share: float) -> list[Check]:
    """The checks of a graph's memory for a batch of two, in float32, without an optimizer; for meta
    on the CPU."""
    where = "cuda" if device == "cuda" else "cpu"
    on = f"PyTorch on {device_title(where)}"
    try:
        plan = plan_memory(graph, BATCH)
    except RequestError as error:
        return [limited(on, f"not measured: {error}")]
    need, there = plan.training_peak * ROOM, available_bytes(where) * share
    if need > there:
        return [
            limited(
                on,
                f"not measured: it needs about {format_bytes(int(need))}, and"
                f" {format_bytes(int(there))} are free",
            )
        ]
    return list(compared(graph, plan, where, on))


def limited(on: str, why: str) -> Check:
    return Check("memory", on, LIMITED, detail=why)


def compared(graph: Graph, plan: NetworkMemory, device: str, on: str) -> list[Check]:
    """Plan and measurement, and beside them the peaks with the workspace of kernels, or in CUDA's
    blocks."""
    cuda = device == "cuda"
    meter = memory_on_cuda.measured if cuda else measured
    found = meter(graph, build_module(graph, device), BATCH, plan.loss)
    inference, training = (plan.baseline(mode) for mode in ("inference", "training"))
    ours = (plan.saved, plan.inference_peak, plan.training_peak)
    theirs = (found.saved, inference + found.inference, training + found.training)
    whole = (None, inference + found.raw_inference, training + found.raw_training)
    told = "in blocks of the allocator" if cuda else "with the workspace of kernels"
    checks = [one(on, told, *values) for values in zip(NAMES, ours, theirs, whole, strict=True)]
    return (
        [planned_for_cpu(c, *values) for c, *values in zip(checks, ours, theirs, strict=True)]
        if cuda
        else checks
    )


def planned_for_cpu(found: Check, ours: int, theirs: int) -> Check:
    """A difference on CUDA is told, and is no failure: kernels keep and take other things there
    than on a CPU."""
    if found.status == PASSED:
        return found
    off = f"{100 * (ours - theirs) / theirs:+.2f} %" if theirs else "of nothing"
    why = f"the plan, {format_count(ours)} bytes, is that for a CPU: {off} off"
    return found.replace(
        status=LIMITED, differences=(), detail="; ".join(filter(None, [why, found.detail]))
    )


def one(on: str, told: str, name: str, ours: int, theirs: int, whole: int | None) -> Check:
    """One of them."""
    wrong = [] if ours == theirs else [Difference("network", f"{name}, bytes", ours, theirs, "")]
    more = f"{format_count(whole)} {told}" if whole and whole != theirs else ""
    figures = {"predicted": ours, "measured": theirs} | (
        {} if whole is None else {"with_workspace": whole}
    )
    return make_check(
        name, on, f"{format_count(theirs)} bytes for a batch of {BATCH}", wrong, more
    ).replace(figures=figures)
