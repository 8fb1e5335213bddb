"""What a network needs in memory, for a batch, a dtype, an optimizer, a loss and frozen layers."""

from collections.abc import Sequence
from math import prod

from cnnspec.analyses.memory.allocations import AllocationLog
from cnnspec.analyses.memory.passes import plan_inference, plan_training
from cnnspec.analyses.memory.request import check_request, choose_loss, find_frozen_layers
from cnnspec.costs import compute_costs
from cnnspec.graph.model import Graph
from cnnspec.problems import RequestError
from cnnspec.records import Record


class NetworkMemory(Record):
    """The bytes that a network needs in PyTorch 2.13 on a CPU.

    Peaks are sums of all live tensors, without the workspace of kernels and what PyTorch itself
    takes. ``inference_peak`` counts parameters, buffers, the input, and each value until its last
    use; ``training_peak`` also the target, what is saved for backward, gradients, the optimizer's
    state, and what its step needs for a while. ``saved`` is what is saved for backward, including
    the input if a layer needs it. ``two_layers`` and ``all_layers`` are rules of thumb: the largest
    sum of a layer's inputs and output, and the outputs of all layers. ``frozen`` are the patterns
    of layers that are not trained. ``logs`` are the allocations, by mode."""

    network: str
    batch: int
    dtype: str
    optimizer: str
    loss: str
    parameters: int
    buffers: int
    input: int
    target: int
    gradients: int
    state: int
    saved: int
    inference_peak: int
    inference_at: str
    training_peak: int
    training_at: str
    two_layers: int
    all_layers: int
    logs: dict[str, AllocationLog]
    mode: str = "training"
    frozen: tuple[str, ...] = ()

    def baseline(self, mode: str) -> int:
        """Return the bytes that are live throughout a pass."""
        held = self.parameters + self.buffers + self.input
        return held + (self.target + self.state if mode == "training" else 0)

    @property
    def peak(self) -> int:
        """The peak of the mode that was asked for."""
        return self.training_peak if self.mode == "training" else self.inference_peak

    def working_peak(self, mode: str) -> int:
        """Return a peak without parameters, buffers and, in training, gradients and state."""
        if mode == "inference":
            return self.inference_peak - self.parameters - self.buffers
        return self.training_peak - self.parameters - self.buffers - self.gradients - self.state


class FixedMemory:
    """The bytes that are live throughout a pass, for elements of ``size`` bytes.

    The target is live in training only."""

    def __init__(self, graph: Graph, batch: int, size: int, loss: str):
        costs = compute_costs(list(graph.layers(training=True)))
        self.parameters = size * sum(c.params for c in costs)
        self.buffers = size * sum(c.buffers for c in costs)
        self.input = batch * size * sum(prod(n.output) for n in graph.inputs)
        self.total = self.parameters + self.buffers + self.input
        # Nothing is trained without parameters: there is no loss, and no target.
        outputs = [n.output for n in graph.results(training=True)] if self.parameters else []
        classes = 8 * len(outputs)  # int64
        self.target = batch * (
            classes if loss == "cross_entropy" else size * sum(map(prod, outputs))
        )


def plan_memory(
    graph: Graph,
    batch: int = 1,
    dtype: str = "float32",
    optimizer: str = "none",
    loss: str = "",
    mode: str = "training",
    freeze: Sequence[str] = (),
) -> NetworkMemory:
    """Plan a network's memory, both peaks in either mode. Raises RequestError."""
    size, loss = check_request(batch, dtype, optimizer, mode), choose_loss(graph, loss)
    frozen = find_frozen_layers(graph, freeze)
    fixed = FixedMemory(graph, batch, size, loss)
    inference = plan_inference(graph, batch, size)
    training = plan_training(graph, batch, size, loss, optimizer, frozen)
    if frozen and not training.gradients:
        raise RequestError(
            "no output depends on a layer that is not frozen: there is nothing to train"
        )
    layers = list(graph.layers())
    sizes = [sum(prod(m.output) for m in n.inputs) + prod(n.output) for n in layers]
    return NetworkMemory(
        network=graph.name,
        batch=batch,
        dtype=dtype,
        optimizer=optimizer,
        loss=loss if fixed.parameters else "none",
        parameters=fixed.parameters,
        buffers=fixed.buffers,
        input=fixed.input,
        target=fixed.target,
        gradients=training.gradients,
        state=training.state,
        saved=training.saved,
        inference_peak=fixed.total + inference.peak,
        inference_at=inference.peak_at,
        training_peak=fixed.total + fixed.target + training.state + training.peak,
        training_at=training.peak_at,
        two_layers=batch * size * max(sizes, default=0),
        all_layers=batch * size * sum(prod(n.output) for n in layers),
        logs={"inference": inference.log, "training": training.log},
        mode=mode,
        frozen=tuple(freeze),
    )


def plan_peak(
    graph: Graph,
    batch: int,
    dtype: str,
    optimizer: str,
    loss: str,
    mode: str,
    freeze: Sequence[str] = (),
) -> int:
    """Plan the peak of one mode only. Raises RequestError."""
    size, loss = check_request(batch, dtype, optimizer, mode), choose_loss(graph, loss)
    fixed = FixedMemory(graph, batch, size, loss)
    if mode == "inference":
        return fixed.total + plan_inference(graph, batch, size).peak
    frozen = find_frozen_layers(graph, freeze)
    training = plan_training(graph, batch, size, loss, optimizer, frozen)
    return fixed.total + fixed.target + training.state + training.peak
