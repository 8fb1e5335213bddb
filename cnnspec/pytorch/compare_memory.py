"""Compare a network's planned memory with measured memory, on the CPU or on CUDA."""

from cnnspec.analyses.memory.network_memory import NetworkMemory, plan_memory
from cnnspec.analyses.verdict import LIMITED, PASSED, Check, Difference, make_check
from cnnspec.graph.model import Graph
from cnnspec.problems import RequestError
from cnnspec.pytorch.built_module import build_module
from cnnspec.pytorch.devices import available_bytes, device_title
from cnnspec.pytorch.measure_memory import measure_memory
from cnnspec.pytorch.measure_memory_cuda import measure_memory_on_cuda
from cnnspec.units import format_bytes, format_count

BATCH = 2  # a batch norm of maps with one position needs two examples for a variance
NAMES = ("saved", "inference peak", "training peak")
WITH_WORKSPACE = 1.5  # times the predicted peak, what a measurement may take


def memory_checks(graph: Graph, device: str, share: float) -> list[Check]:
    """Check a graph's memory for a batch of two, in float32, without an optimizer.

    The device "meta" is measured on the CPU. ``share`` is the part of the free memory to use."""
    where = "cuda" if device == "cuda" else "cpu"
    against = f"PyTorch on {device_title(where)}"
    try:
        plan = plan_memory(graph, BATCH)
    except RequestError as error:
        return [Check("memory", against, LIMITED, detail=f"not measured: {error}")]
    need, free = int(plan.training_peak * WITH_WORKSPACE), int(available_bytes(where) * share)
    if need > free:
        why = f"it needs about {format_bytes(need)}, and {format_bytes(free)} are free"
        return [Check("memory", against, LIMITED, detail=f"not measured: {why}")]
    return compare_memory(graph, plan, where, against)


def compare_memory(graph: Graph, plan: NetworkMemory, device: str, against: str) -> list[Check]:
    """Measure a network on a device and compare the plan; ``against`` names the device.

    The checks also say the peaks with the workspace of kernels, or in CUDA's blocks."""
    cuda = device == "cuda"
    measure = measure_memory_on_cuda if cuda else measure_memory
    found = measure(graph, build_module(graph, device), BATCH, plan.loss)
    inference, training = (plan.baseline(mode) for mode in ("inference", "training"))
    planned = (plan.saved, plan.inference_peak, plan.training_peak)
    measured = (found.saved, inference + found.inference, training + found.training)
    raw = (None, inference + found.raw_inference, training + found.raw_training)
    raw_kind = "in blocks of the allocator" if cuda else "with the workspace of kernels"
    checks = []
    for name, ours, theirs, with_raw in zip(NAMES, planned, measured, raw, strict=True):
        check = compare_figure(against, raw_kind, name, ours, theirs, with_raw)
        checks.append(allow_difference_on_cuda(check, ours, theirs) if cuda else check)
    return checks


def allow_difference_on_cuda(check: Check, planned: int, measured: int) -> Check:
    """Turn a difference on CUDA into a limited check, as the plan is for the kernels of a CPU."""
    if check.status == PASSED:
        return check
    off = f"{100 * (planned - measured) / measured:+.2f} %" if measured else "of nothing"
    why = f"the plan, {format_count(planned)} bytes, is that for a CPU: {off} off"
    detail = "; ".join(filter(None, [why, check.detail]))
    return check.replace(status=LIMITED, differences=(), detail=detail)


def compare_figure(
    against: str, raw_kind: str, name: str, planned: int, measured: int, raw: int | None
) -> Check:
    """Compare one figure in bytes, and say what was measured with workspace or in blocks (raw)."""
    wrong = []
    if planned != measured:
        wrong = [Difference("network", f"{name}, bytes", planned, measured, "")]
    detail = f"{format_count(raw)} {raw_kind}" if raw and raw != measured else ""
    figures = {"predicted": planned, "measured": measured}
    if raw is not None:
        figures["with_workspace"] = raw
    found = f"{format_count(measured)} bytes for a batch of {BATCH}"
    return make_check(name, against, found, wrong, detail).replace(figures=figures)
