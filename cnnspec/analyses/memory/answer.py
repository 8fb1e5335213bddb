"""Will it fit: everything that a network needs in memory, for a batch, a dtype, a mode and an optimizer."""

from math import prod

from cnnspec.analyses.memory.log import Log
from cnnspec.analyses.memory.plan import inference, training, usual
from cnnspec.costs import costs
from cnnspec.graph.model import Graph
from cnnspec.problems import RequestError, did_you_mean
from cnnspec.records import Record
from cnnspec.units import megabytes

DTYPES = {"float32": 4, "float64": 8, "bfloat16": 2, "float16": 2}
OPTIMIZERS = ("none", "sgd", "momentum", "adam", "adamw")
MODES = ("inference", "training")


class Memory(Record):
    """The bytes that a network needs in PyTorch 2.13 on a CPU.

    Peaks are sums of all tensors alive, without the workspace of kernels and what PyTorch itself takes.

    ``inference_peak`` counts parameters, buffers, the input and values until their last use; ``training_peak``
    also the target, what the backward pass needs, gradients and the optimizer's state. ``saved`` is what is kept for
    the backward pass, the input too where a layer needs it. ``two_layers`` and ``all_layers`` are rules of thumb:
    what the two consecutive layers with the largest maps hold, and what all layers hold. ``logs`` are the passes, by
    their modes.
    """

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

    def ground(self, mode: str) -> int:
        """The bytes that are alive throughout a pass."""
        held = self.parameters + self.buffers + self.input
        return held + (self.target + self.state if mode == "training" else 0)


def memory(graph: Graph, batch: int = 1, dtype: str = "float32", optimizer: str = "none",
           loss: str = "") -> Memory:
    """The memory of a graph. Raises RequestError for what cannot be meant, and where nobody knows."""
    size, loss = checked(batch, dtype, optimizer), loss or usual(graph)
    found = costs(graph.layers(training=True))
    params, buffers = (sum(getattr(c, what) for c in found) * size for what in ("params", "buffers"))
    tensors = sum(1 for n in graph.layers(training=True) if not n.shares for _ in n.op.parameters(*n.shapes))
    given = batch * size * sum(prod(n.output) for n in graph.inputs)
    outputs = [n.output for n in graph.outputs]
    ends = [n for n in graph.layers(training=True) if n.training_only and not n.readers]
    shapes = outputs + [n.output for n in ends]
    target = 8 * batch * len(shapes) if loss == "cross_entropy" else batch * size * sum(map(prod, shapes))
    state = {"momentum": params, "adam": 2 * params + 4 * tensors, "adamw": 2 * params + 4 * tensors}.get(optimizer, 0)
    run, trained = inference(graph, batch, size), training(graph, batch, size, loss)
    held = params + buffers + given
    sizes = [[prod(m.output) for m in n.inputs] + [prod(n.output)] for n in graph.layers()]
    unit = batch * size
    return Memory(graph.name, batch, dtype, optimizer, loss, params, buffers, given, target, trained.left, state,
                  trained.saved, held + run.peak, run.at, held + target + state + trained.peak, trained.at,
                  unit * max(map(sum, sizes)), unit * sum(prod(n.output) for n in graph.layers()),
                  {"inference": run.log, "training": trained.log})


def checked(batch: int, dtype: str, optimizer: str) -> int:
    """The bytes of an element. Raises RequestError for a batch, a dtype or an optimizer that there is not."""
    if batch < 1:
        raise RequestError(f"a batch has at least one example, not {batch}")
    for value, known, what in ((dtype, [*DTYPES], "dtype"), (optimizer, [*OPTIMIZERS], "optimizer")):
        if value not in known:
            hint = did_you_mean(value, known, "there are " + ", ".join(known))
            raise RequestError(f"{value!r} is no {what} here; {hint}")
    return DTYPES[dtype]


def largest_batch(graph: Graph, budget: int, dtype: str, optimizer: str, loss: str, mode: str) -> tuple[int, int, int]:
    """The largest batch whose peak in a ``mode`` stays within a budget of bytes, its peak, and that of the next one.

    Raises RequestError where not even one example fits.
    """
    def peak(batch: int) -> int:
        found = memory(graph, batch, dtype, optimizer, loss)
        return found.training_peak if mode == "training" else found.inference_peak

    first = peak(1)
    if first > budget:
        raise RequestError(f"one example needs {megabytes(first)}, and the budget is {megabytes(budget)}")
    low, high = 1, 2
    while peak(high) <= budget:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if peak(middle) <= budget else (low, middle)
    return low, peak(low), peak(high)
