"""A twin and another model with the same weights must give the same: outputs, and values after
every layer."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import nn

from cnnspec.analyses.alignment.align import Alignment
from cnnspec.analyses.alignment.call_graph import Recording
from cnnspec.analyses.verdict import Difference
from cnnspec.graph.model import Graph
from cnnspec.pytorch.built_module import BuiltModule
from cnnspec.pytorch.random_weights import in_mode
from cnnspec.pytorch.recording.record import record_built_module, record_model

TOLERANCE = 1e-9  # of the largest value
SAMPLE = (
    16_384  # values of a layer are compared at so many places, and by their sum; outputs everywhere
)

RunFunction = Callable[..., Any]


class ValueTrace(NamedTuple):
    """What is kept of the values that a call gave: their number, some of them, their sum, and
    whether they vary."""

    size: int
    picked: torch.Tensor
    total: float
    varies: bool


class ValueComparison(NamedTuple):
    """A comparison of two runs: of how many calls, what differs in execution order, and which
    values never vary."""

    calls: int
    differences: list[Difference]
    constant: list[str]


class ModelRun(NamedTuple):
    """One run: its calls, the trace of each, and the outputs."""

    recording: Recording
    traces: dict[int, ValueTrace]
    outputs: list[torch.Tensor]


def places(size: int) -> torch.Tensor:
    """Where a tensor of ``size`` elements is sampled: everywhere, or at random, always the same."""
    if size <= SAMPLE:
        return torch.arange(size)
    return torch.randint(size, (SAMPLE,), generator=torch.Generator().manual_seed(size))


def picked(x: torch.Tensor) -> torch.Tensor:
    """A sample of a tensor's values."""
    flat = real(x).reshape(-1)
    return flat[places(flat.numel()).to(x.device)].cpu()


def trace(x: torch.Tensor) -> ValueTrace:
    """The trace of a batch of values. Two examples that were not the same should have given
    different ones."""
    return ValueTrace(x.numel(), picked(x), finite(x).sum().item(), varies(x))


def real(x: torch.Tensor) -> torch.Tensor:
    """Any values as real ones in double precision."""
    return (torch.view_as_real(x.resolve_conj()) if x.is_complex() else x).double()


def finite(x: torch.Tensor) -> torch.Tensor:
    """The same with zeros for infinities, which are what maxima are padded with."""
    x = real(x)
    return x.masked_fill(x.isinf(), 0.0)


def varies(x: torch.Tensor) -> bool:
    """Whether the two examples of a batch differ; of what has no batch that cannot be said."""
    return not x.dim() or len(x) < 2 or not torch.equal(x[0], x[-1])


def run_model(
    model: nn.Module, inputs: tuple[torch.Tensor, ...], run: RunFunction | None, training: bool
) -> ModelRun:
    """A model's run, without dropout."""
    traces: dict[int, ValueTrace] = {}
    with in_mode(model, training):
        recording, outputs = record_model(
            model, inputs, run, lambda i, x: traces.update({i: trace(x)})
        )
    return ModelRun(recording, traces, outputs)


def compare_values(
    graph: Graph,
    twin: BuiltModule,
    inputs: tuple[torch.Tensor, ...],
    theirs: ModelRun,
    alignment: Alignment,
    training: bool,
) -> ValueComparison:
    """The twin's run on the same inputs, held against another model's.

    Compared are the values after every aligned call, but where calls with other settings come to
    the same, and the outputs of inference in full, at :data:`TOLERANCE`."""
    differences: list[Difference] = []
    constant: list[str] = []
    count = 0
    calls: list[str] = [call.place for call in alignment.spec.calls]
    apart = alignment.apart

    def watch(i: int, x: torch.Tensor) -> None:
        nonlocal count
        other = theirs.traces.get(alignment.pairs.get(i, -1))
        if not varies(x):
            constant.append(calls[i])
        if other is None or other.size != x.numel() or i in apart:
            return
        count += 1
        off = float("inf")
        for y in layouts(x):
            off = min(off, relative_deviation(picked(y), other.picked))
            if off <= TOLERANCE:  # other layouts are copied to be read: only where they are needed
                break
        off = max(
            off, abs(finite(x).sum().item() - other.total) / (finite(x).abs().sum().item() or 1.0)
        )
        if not off <= TOLERANCE:
            differences.append(difference(calls[i], off))

    with in_mode(twin, training):
        _, outputs = record_built_module(graph, twin, inputs, watch)
    for node, ours, other in zip(graph.outputs, outputs, theirs.outputs, strict=False):
        off = (
            relative_deviation(ours, other.reshape(ours.shape))
            if ours.numel() == other.numel()
            else float("inf")
        )
        if not off <= TOLERANCE:
            differences.append(difference(node.name, off, "output"))
    return ValueComparison(count, differences, constant)


def relative_deviation(a: torch.Tensor, b: torch.Tensor) -> float:
    """The largest difference of two tensors, relative to their largest finite value; infinities
    must be the same.

    Not a number counts as infinite.
    """
    a, b = real(a), real(b)
    if a.shape != b.shape:
        return float("inf")
    if not a.numel():
        return 0.0
    largest = max(finite(a).abs().max().item(), finite(b).abs().max().item())
    off = (a - b).abs().masked_fill(a == b, 0.0).max().item() / (largest or 1.0)
    return off if off == off else float("inf")


def difference(name: str, off: float, quantity: str = "values") -> Difference:
    return Difference(
        name,
        quantity,
        f"within {TOLERANCE:g} of the largest",
        f"{off:.3g} of it",
        "what this layer does, or what it reads",
    )


def layouts(x: torch.Tensor) -> list[torch.Tensor]:
    """A batch as it is, with the channels last, and with the last dimension as channels."""
    return [x, x.movedim(1, -1), x.movedim(-1, 1)] if x.dim() > 2 else [x]
