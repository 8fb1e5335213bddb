"""Proving a plan of memory: what is kept and both peaks, as predicted and as measured on the CPU."""

from cnnspec.analyses.crosscheck import Difference
from cnnspec.analyses.memory.answer import Memory, memory
from cnnspec.analyses.verdict import LIMITED, Check, check
from cnnspec.graph.model import Graph
from cnnspec.problems import RequestError
from cnnspec.twin.devices import available
from cnnspec.twin.executor import build
from cnnspec.twin.memory import measured
from cnnspec.units import GIB, count

BATCH = 2  # of one example batch norm cannot take the variance where a map has one position
ON = "PyTorch on CPU"
NAMES = ("saved", "inference peak", "training peak")
ROOM = 1.5  # times the predicted peak: kernels take their workspace besides


def memory_checks(graph: Graph, device: str, share: float) -> list[Check]:
    """The checks of a graph's memory for a batch of two, in float32, without an optimizer."""
    if device == "cuda":
        return limited("predicted for a CPU; on CUDA nothing is measured")
    try:
        plan = memory(graph, BATCH)
    except RequestError as error:
        return limited(str(error))
    need, there = plan.training_peak * ROOM, available("cpu") * share
    if need > there:
        return limited(f"it needs about {need / GIB:.1f} GiB, and {there / GIB:.1f} GiB are free")
    return list(compared(graph, plan))


def limited(why: str) -> list[Check]:
    return [Check("memory", ON, LIMITED, detail=f"not measured: {why}")]


def compared(graph: Graph, plan: Memory) -> list[Check]:
    """Plan and measurement, and beside them the peaks with the workspace of kernels."""
    found = measured(graph, build(graph), BATCH, plan.loss)
    inference, training = (plan.ground(mode) for mode in ("inference", "training"))
    ours = (plan.saved, plan.inference_peak, plan.training_peak)
    theirs = (found.saved, inference + found.inference, training + found.training)
    whole = (None, inference + found.raw_inference, training + found.raw_training)
    return [one(*values) for values in zip(NAMES, ours, theirs, whole, strict=True)]


def one(name: str, ours: int, theirs: int, whole: int | None) -> Check:
    """One of them."""
    wrong = [] if ours == theirs else [Difference("network", f"{name}, bytes", ours, theirs, "")]
    more = f"{count(whole)} with the workspace of kernels" if whole and whole != theirs else ""
    figures = {"predicted": ours, "measured": theirs} | ({} if whole is None else {"with_workspace": whole})
    return check(name, ON, f"{count(theirs)} bytes for a batch of {BATCH}", wrong, more).replace(figures=figures)
