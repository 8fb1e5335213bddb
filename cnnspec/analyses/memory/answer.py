"""Will it fit: everything that a network needs in memory, for a batch, a dtype, a mode and an
optimizer."""

from collections.abc import Sequence
from math import prod

from cnnspec.analyses.memory.freeze import frozen_layers
from cnnspec.analyses.memory.log import Log
from cnnspec.analyses.memory.loss import LOSSES, usual
from cnnspec.analyses.memory.plan import inference, training
from cnnspec.analyses.memory.step import OPTIMIZERS
from cnnspec.costs import compute_costs
from cnnspec.graph.model import Graph
from cnnspec.problems import RequestError, did_you_mean, visible
from cnnspec.records import Record
from cnnspec.units import MAX_BATCH, format_count, format_shape

__all__ = ["DTYPES", "MODES", "OPTIMIZERS", "Memory", "checked", "memory", "peak"]

DTYPES = {"float32": 4, "float64": 8, "bfloat16": 2, "float16": 2}
MODES = ("inference", "training")


class Memory(Record):
    """The bytes that a network needs in PyTorch 2.13 on a CPU.

    Peaks are sums of all tensors alive, without the workspace of kernels and what PyTorch itself
    takes.

    ``inference_peak`` counts parameters, buffers, the input and values until their last use;
    ``training_peak`` also the target, what the backward pass needs, gradients, the optimizer's
    state, and what its step needs for a while. ``saved`` is what is kept for the backward pass, the
    input too where a layer needs it. ``two_layers`` and ``all_layers`` are rules of thumb: what the
    two consecutive layers with the largest maps hold, and what all layers hold; parameters and all
    the rest come on top. ``frozen`` are the patterns of layers that are not trained. ``logs`` are
    the passes, by their modes."""

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
    logs: dict[str, Log]
    mode: str = "training"
    frozen: tuple[str, ...] = ()

    def ground(self, mode: str) -> int:
        """The bytes that are alive throughout a pass."""
        held = self.parameters + self.buffers + self.input
        return held + (self.target + self.state if mode == "training" else 0)

    @property
    def peak(self) -> int:
        """The peak of the mode that was asked for."""
        return self.training_peak if self.mode == "training" else self.inference_peak

    def besides(self, mode: str) -> int:
        """What the peak of a mode has besides parameters and buffers and, in training, gradients
        and state."""
        if mode == "inference":
            return self.inference_peak - self.parameters - self.buffers
        return self.training_peak - self.parameters - self.buffers - self.gradients - self.state


def memory(
    graph: Graph,
    batch: int = 1,
    dtype: str = "float32",
    optimizer: str = "none",
    loss: str = "",
    mode: str = "training",
    freeze: Sequence[str] = (),
) -> Memory:
    """The memory of a graph. Raises RequestError for what cannot be meant.

    Both peaks are found, whatever the mode.
    """
    size, loss = checked(batch, dtype, optimizer, mode), usable(graph, loss or usual(graph))
    frozen = frozen_layers(graph, freeze)
    fixed = Fixed(graph, batch, size, loss)
    run, trained = (
        inference(graph, batch, size),
        training(graph, batch, size, loss, optimizer, frozen),
    )
    if frozen and not trained.left:
        raise RequestError(
            "no output depends on a layer that is not frozen: there is nothing to train"
        )
    sizes = [[prod(m.output) for m in n.inputs] + [prod(n.output)] for n in graph.layers()]
    unit = batch * size
    return Memory(
        graph.name,
        batch,
        dtype,
        optimizer,
        loss,
        fixed.parameters,
        fixed.buffers,
        fixed.input,
        fixed.target,
        trained.left,
        trained.state,
        trained.saved,
        fixed.held + run.peak,
        run.at,
        fixed.held + fixed.target + trained.state + trained.peak,
        trained.at,
        unit * max(map(sum, sizes)),
        unit * sum(prod(n.output) for n in graph.layers()),
        {"inference": run.log, "training": trained.log},
        mode,
        tuple(freeze),
    )


class Fixed:
    """The bytes that are there throughout, in elements of a ``size``; the target in training
    only."""

    def __init__(self, graph: Graph, batch: int, size: int, loss: str):
        layers = list(graph.layers(training=True))
        found = compute_costs(layers)
        self.parameters, self.buffers = (
            size * sum(c.params for c in found),
            size * sum(c.buffers for c in found),
        )
        self.input = batch * size * sum(prod(n.output) for n in graph.inputs)
        self.held = self.parameters + self.buffers + self.input
        shapes = [n.output for n in graph.results(training=True)]
        self.target = batch * (
            8 * len(shapes) if loss == "cross_entropy" else size * sum(map(prod, shapes))
        )


def peak(
    graph: Graph,
    batch: int,
    dtype: str,
    optimizer: str,
    loss: str,
    mode: str,
    freeze: Sequence[str] = (),
) -> int:
    """The peak in a mode alone. Raises RequestError for what cannot be meant."""
    size, loss = checked(batch, dtype, optimizer, mode), usable(graph, loss or usual(graph))
    fixed = Fixed(graph, batch, size, loss)
    if mode == "inference":
        return fixed.held + inference(graph, batch, size).peak
    found = training(graph, batch, size, loss, optimizer, frozen_layers(graph, freeze))
    return fixed.held + fixed.target + found.state + found.peak


def checked(batch: int, dtype: str, optimizer: str, mode: str = "training") -> int:
    """The bytes of an element. Raises RequestError for a batch, a dtype, an optimizer or a mode
    that there is not."""
    if isinstance(batch, bool) or not isinstance(batch, int) or batch < 1:
        raise RequestError(f"a batch has at least one example, not {visible(batch, 40)}")
    if batch > MAX_BATCH:
        raise RequestError(
            f"a batch has at most {format_count(MAX_BATCH)} examples, not {visible(batch, 40)}"
        )
    for value, known, what in (
        (dtype, [*DTYPES], "dtype"),
        (optimizer, [*OPTIMIZERS], "optimizer"),
        (mode, [*MODES], "mode"),
    ):
        if value not in known:
            hint = did_you_mean(value, known, "there are " + ", ".join(known))
            raise RequestError(f"{visible(value, 40)!r} is no {what} here; {hint}")
    return DTYPES[dtype]


def usable(graph: Graph, loss: str) -> str:
    """A loss. Raises RequestError where there is none of that name, or the outputs do not fit
    it."""
    if loss not in LOSSES:
        hint = did_you_mean(loss, LOSSES, "there are " + ", ".join(LOSSES))
        raise RequestError(f"{visible(loss, 40)!r} is no loss here; {hint}")
    for node in graph.results(training=True):
        if loss == "cross_entropy" and len(node.output) != 1:
            raise RequestError(
                f"cross_entropy takes a vector of logits, but {visible(node.name)} gives "
                f"{format_shape(node.output)}; the loss mse fits any output"
            )
    return loss
