"""The memory of a pass through a network: inference, or forward, loss, backward and the optimizer's
step."""

from cnnspec.analyses.memory.backward import Backward
from cnnspec.analyses.memory.forward import Forward
from cnnspec.analyses.memory.log import Log
from cnnspec.analyses.memory.loss import run_losses, usual
from cnnspec.analyses.memory.overwriting import clashes
from cnnspec.analyses.memory.step import run_step, state, weights
from cnnspec.analyses.memory.tape import Setting, begin
from cnnspec.graph.model import Graph
from cnnspec.problems import RequestError
from cnnspec.records import Record


class Pass(Record):
    """A pass: what was live at most, above parameters, buffers, input and target, and at which
    node; its log.

    ``saved`` are the bytes that the backward pass needs when it starts, ``left`` what remains after
    it: gradients, and ``state`` what the optimizer keeps for the parameters that have any."""

    peak: int
    at: str
    log: Log
    saved: int = 0
    left: int = 0
    state: int = 0


def inference(graph: Graph, batch: int, size: int = 4) -> Pass:
    """A pass in evaluation mode, without gradients: each value dies at its last use."""
    setting = Setting(batch, size)
    log, inputs = begin(graph, setting)
    Forward(graph, setting, log, inputs, False)
    return Pass(log.peak, log.at, log)


def kept(graph: Graph, batch: int, size: int) -> int:
    """The bytes that a forward pass in training keeps for the backward pass."""
    setting = Setting(batch, size, True)
    return Forward(graph, setting, *begin(graph, setting), True).saved


def training(
    graph: Graph,
    batch: int,
    size: int = 4,
    loss: str = "",
    optimizer: str = "none",
    frozen: frozenset[str] = frozenset(),
) -> Pass:
    """A forward and a backward pass in training mode, and the optimizer's step, when its state is
    there already.

    The caller holds the outputs and the loss until the end. Raises RequestError where PyTorch
    refuses the backward pass."""
    if found := clashes(graph, True, frozen):
        raise RequestError(found[0].message)
    loss = loss or usual(graph)
    setting = Setting(batch, size, True, frozen)
    log, inputs = begin(graph, setting)
    forward = Forward(graph, setting, log, inputs, True)
    saved = forward.saved
    first, seed = run_losses(forward, log, loss)
    back = Backward(forward, log, first)
    log.drop(seed)
    trained = weights(graph, back.weights.keys()) if optimizer != "none" else []
    run_step(optimizer, trained, size, log)
    left = sum(s.bytes for s in back.weights.values())
    return Pass(log.peak, log.at, log, saved, left, state(optimizer, trained, size))
