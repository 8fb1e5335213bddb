"""Compare the values of a built module with those of another model that has the same weights.

Outputs must be the same, and so must the values after every call.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from cnnspec.analyses.alignment.align import Alignment
from cnnspec.analyses.alignment.call_graph import Recording
from cnnspec.analyses.verdict import Difference
from cnnspec.graph.model import Graph
from cnnspec.pytorch.built_module import BuiltModule
from cnnspec.pytorch.check_calls import Reached, number_calls
from cnnspec.pytorch.random_weights import in_mode
from cnnspec.pytorch.real_values import as_real, relative_difference, sum_finite
from cnnspec.pytorch.recording.recorder import record_built_module, record_model
from cnnspec.pytorch.recording.visible_settings import call_limits
from cnnspec.records import Record

# After a call so many values and the sum of all are compared; of outputs every value.
SAMPLE = 16_384

RunFunction = Callable[..., Any]


class ValueTrace(Record):
    """What is kept of the values after a call: their number, a sample, and their sum.

    ``varies`` says whether the two examples of the batch have different values.
    """

    size: int
    sample: torch.Tensor
    total: float
    varies: bool


class ValueComparison(Record):
    """The result of comparing two runs: how many calls, and what differs in execution order.

    ``constant`` are the calls of the spec whose values do not depend on the input. ``reached`` are
    the calls with the limits (:func:`call_limits`) that values reached.
    """

    calls: int
    differences: list[Difference]
    constant: list[str]
    reached: Reached = set()


class ModelRun(Record):
    """One run of a model: its recorded calls, the trace of each, and the outputs."""

    recording: Recording
    traces: dict[int, ValueTrace]
    outputs: list[torch.Tensor]


def run_model(
    model: nn.Module,
    inputs: tuple[torch.Tensor, ...],
    run: RunFunction | None,
    training: bool,
    marks: bool = False,
) -> ModelRun:
    """Run a model in training or evaluation mode, and record it.

    Dropout does nothing, or with ``marks`` shows where it acts.
    """
    traces: dict[int, ValueTrace] = {}
    with in_mode(model, training):
        recording, outputs = record_model(
            model, inputs, run, lambda i, x: traces.update({i: trace_values(x)}), marks=marks
        )
    return ModelRun(recording, traces, outputs)


def compare_values(
    graph: Graph,
    built: BuiltModule,
    inputs: tuple[torch.Tensor, ...],
    model: ModelRun,
    alignment: Alignment,
    training: bool,
    tolerance: float,
    other_calls: bool = False,
    marks: bool = False,
) -> ValueComparison:
    """Run the built module on the inputs of a model's run, and compare the values.

    Compares the values after every aligned call and the outputs in full, at a relative tolerance.
    Skips calls that need not give the same because calls beside them differ. With ``other_calls``
    the calls may be aligned wrongly, so only the outputs decide, also those of training alone.
    ``marks`` is that of the model's run.
    """
    differences: list[Difference] = []
    constant: list[str] = []
    reached: Reached = set()
    count = 0
    places: list[str] = [call.place for call in alignment.spec.calls]
    skipped = alignment.apart
    limits = (
        {i: call_limits(call) for i, call in enumerate(alignment.spec.calls)} if other_calls else {}
    )
    keys = number_calls(alignment.spec.calls)

    def watch(i: int, x: torch.Tensor) -> None:
        nonlocal count
        trace = model.traces.get(alignment.pairs.get(i, -1))
        if not varies_with_input(x):
            constant.append(places[i])
        if limits.get(i):
            reached.update((keys[i], v) for v in reached_limits(sample_values(x), limits[i]))
        if trace is None or trace.size != x.numel() or i in skipped:
            return
        off = float("inf")
        for y in channel_layouts(x):
            off = min(off, relative_difference(sample_values(y), trace.sample))
            if off <= tolerance:  # another layout takes a copy, so try it only where needed
                break
        total, size = sum_finite(x)
        off = max(off, abs(total - trace.total) / (size or 1.0))
        if off <= tolerance:
            count += 1
        elif not other_calls:
            count += 1
            differences.append(value_difference(places[i], off, tolerance))

    with in_mode(built, training):
        _, outputs = record_built_module(graph, built, inputs, watch, marks=marks)
    for node, output, other in zip(graph.outputs, outputs, model.outputs, strict=False):
        off = float("inf")
        if output.numel() == other.numel():
            off = relative_difference(output, other.reshape(output.shape))
        if not off <= tolerance:
            differences.append(value_difference(node.name, off, tolerance, "output"))
    if other_calls:
        differences += compare_other_outputs(
            outputs[len(graph.outputs) :], model.outputs[len(graph.outputs) :], tolerance
        )
    return ValueComparison(count, differences, constant, reached)


def compare_other_outputs(
    ours: list[torch.Tensor], theirs: list[torch.Tensor], tolerance: float
) -> list[Difference]:
    """Compare the outputs that only training has, which a model may return in any order."""
    left = list(theirs)
    for x in ours:
        same = (
            i
            for i, y in enumerate(left)
            if x.numel() == y.numel() and relative_difference(x, y.reshape(x.shape)) <= tolerance
        )
        i = next(same, None)
        if i is None:
            return [value_difference("outputs", float("inf"), tolerance, "output")]
        del left[i]
    if left:
        cause = "outputs that the spec lacks"
        return [Difference("outputs", "output", len(ours), len(theirs), cause)]
    return []


def reached_limits(sample: torch.Tensor, limits: tuple[float, ...]) -> list[float]:
    """Return the limits that are among the values of a sample."""
    return [v for v in limits if bool((sample == v).any())]


def model_reached_limits(run: ModelRun) -> Reached:
    """Return the calls of a model with the limits that its values reached."""
    calls = run.recording.calls
    keys = number_calls(calls)
    return {
        (keys[j], v)
        for j, trace in run.traces.items()
        for v in reached_limits(trace.sample, call_limits(calls[j]))
    }


def value_difference(
    name: str, off: float, tolerance: float, quantity: str = "values"
) -> Difference:
    return Difference(
        name,
        quantity,
        f"relative difference of at most {tolerance:g}",
        f"relative difference of {off:.3g}",
        "what this layer does, or what it reads",
    )


def trace_values(x: torch.Tensor) -> ValueTrace:
    """Return the trace of the values after a call."""
    return ValueTrace(x.numel(), sample_values(x), sum_finite(x)[0], varies_with_input(x))


def sample_values(x: torch.Tensor) -> torch.Tensor:
    """Return a sample of a tensor's values, on the CPU."""
    flat = as_real(x).reshape(-1)
    return flat[sample_positions(flat.numel()).to(x.device)].cpu()


def sample_positions(size: int) -> torch.Tensor:
    """Return where to sample ``size`` values: everywhere, or at random but always the same."""
    if size <= SAMPLE:
        return torch.arange(size)
    return torch.randint(size, (SAMPLE,), generator=torch.Generator().manual_seed(size))


def varies_with_input(x: torch.Tensor) -> bool:
    """Return whether the two examples of a batch differ; True for values without a batch."""
    return not x.dim() or len(x) < 2 or not torch.equal(x[0], x[-1])


def channel_layouts(x: torch.Tensor) -> list[torch.Tensor]:
    """Return a batch as it is, with channels last, and with the last dimension as channels."""
    return [x, x.movedim(1, -1), x.movedim(-1, 1)] if x.dim() > 2 else [x]
