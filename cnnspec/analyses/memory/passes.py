"""The memory of whole passes: inference, and a training step with loss, backward and optimizer."""

from math import prod

from cnnspec.analyses.memory.allocations import (
    AllocationLog,
    PassSettings,
    Storage,
    TapeFunction,
    allocate_inputs,
)
from cnnspec.analyses.memory.backward_pass import BackwardPass, Gradient
from cnnspec.analyses.memory.forward_pass import ForwardPass
from cnnspec.analyses.memory.optimizer_step import list_weights, run_optimizer, state_bytes
from cnnspec.analyses.memory.overwriting import find_overwritten
from cnnspec.analyses.memory.request import default_loss
from cnnspec.graph.model import Graph
from cnnspec.ops.kit.memory import COPIES_STRIDED, OUTPUT, Function, Layout
from cnnspec.problems import RequestError
from cnnspec.records import Record

BFLOAT16, FLOAT32 = 2, 4  # bytes of an element
LOG_SOFTMAX = Function(0, saves=(OUTPUT,), layout=Layout(copies=COPIES_STRIDED))
LOSS = Function(0, layout=Layout(contiguous=True))  # returns a gradient for each element


class PassMemory(Record):
    """The memory of a pass, in bytes above parameters, buffers, input and target.

    ``peak_at`` is the node and phase of the peak, ``saved`` what is saved when backward starts,
    ``gradients`` those of parameters, which stay, and ``state`` what the optimizer keeps."""

    peak: int
    peak_at: str
    log: AllocationLog
    saved: int = 0
    gradients: int = 0
    state: int = 0


def plan_inference(graph: Graph, batch: int, size: int = 4) -> PassMemory:
    """Plan a pass in evaluation mode without gradients: a value is released at its last use."""
    settings = PassSettings(batch, size)
    log, inputs = allocate_inputs(graph, settings)
    ForwardPass(graph, settings, log, inputs, False)
    return PassMemory(log.peak, log.peak_at, log)


def autocast_saved_bytes(graph: Graph, batch: int) -> int | None:
    """Return the bytes saved for backward under autocast, mixed precision in bfloat16 on a CPU.

    None if an operator does not say how autocast treats it (``Operator.autocast``). Parameters,
    their gradients and the optimizer's state remain float32. Convolutions and linear layers save
    their input and a copy of their weight, both cast to bfloat16. The operators after them work in
    bfloat16 too, except that the statistics of norms are float32. The network's input is saved as
    its cast copy."""
    layers = list(graph.layers(training=True))
    if not all(n.op.autocast for n in layers):
        return None
    casts = sum(
        prod(n.op.weight_shape(*n.shapes))
        for n in layers
        if n.op.autocast == "casts" and not n.shares
    )
    norms = [
        function.saved
        for n in layers
        if n.op.autocast == "statistics"
        for function in n.op.memory(*n.shapes, y=n.output, training=True)
    ]
    statistics = sum(2 * (s.channel_statistics + s.example_statistics * batch) for s in norms)
    settings = PassSettings(batch, BFLOAT16, True)
    forward = ForwardPass(graph, settings, *allocate_inputs(graph, settings), True)
    return forward.saved_bytes + BFLOAT16 * casts + (FLOAT32 - BFLOAT16) * statistics


def plan_training(
    graph: Graph,
    batch: int,
    size: int = 4,
    loss: str = "",
    optimizer: str = "none",
    frozen: frozenset[str] = frozenset(),
) -> PassMemory:
    """Plan a training step: forward, loss, backward, and the optimizer, which has its state.

    The caller holds the outputs and the loss until the end. Raises RequestError where PyTorch
    refuses the backward pass."""
    if overwritten := find_overwritten(graph, True, frozen):
        raise RequestError(overwritten[0].message)
    settings = PassSettings(batch, size, True, frozen)
    log, inputs = allocate_inputs(graph, settings)
    forward = ForwardPass(graph, settings, log, inputs, True)
    saved = forward.saved_bytes
    first, seed = run_losses(forward, log, loss or default_loss(graph))
    backward = BackwardPass(forward, log, first)
    log.drop(seed)
    gradients = backward.parameter_gradients
    weights = list_weights(graph, gradients.keys()) if optimizer != "none" else []
    run_optimizer(optimizer, weights, size, log)
    left = sum(storage.bytes for storage in gradients.values())
    state = state_bytes(optimizer, weights, size)
    return PassMemory(log.peak, log.peak_at, log, saved, left, state)


def run_losses(
    forward: ForwardPass, log: AllocationLog, loss: str
) -> tuple[dict[int, Gradient], Storage]:
    """Run the loss of each output and add the losses up.

    The mean squared error is to zero; its squares are a tensor as large as the output. Returns the
    gradients with which the backward pass starts, by their function on the tape, and the storage
    of the first of all gradients, the number 1."""
    log.node = "loss"
    number = forward.settings.size
    entries: list[TapeFunction] = []
    total: Storage | None = None
    for node in forward.outputs:
        value = forward.values[node.index]
        if value.maker is None:
            continue
        if loss == "cross_entropy":
            log_softmax = LOG_SOFTMAX.replace(size=value.bytes // forward.unit)
            value = forward.run_function(log_softmax, (value,))
            this, saved = log.allocate(number), [value.storage, log.allocate(number)]
        else:
            this, saved = log.allocate(value.bytes), [log.hold(value.storage)]
            log.drop(log.allocate(value.bytes + 8 + number))  # for the mean
        entries.append(TapeFunction("loss", LOSS, (value,), saved, [], ()))
        forward.tape.append(entries[-1])
        if total is not None:
            added = log.allocate(number)
            log.drop(total)
            log.drop(this)
            this = added
        total = this
    seed = log.allocate(number if entries else 0)
    return {id(entry): Gradient(log.hold(seed), number) for entry in entries}, seed
