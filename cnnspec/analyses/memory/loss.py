"""The loss: cross entropy for one vector of logits, else the mean squared error to zero, summed
over the outputs."""

from cnnspec.analyses.memory.backward import Gradient
from cnnspec.analyses.memory.forward import Forward
from cnnspec.analyses.memory.log import Log, Storage
from cnnspec.analyses.memory.tape import Step
from cnnspec.graph.model import Graph
from cnnspec.ops.kit.memory import OUTPUT, Function

LOG_SOFTMAX = Function(0, (OUTPUT,), copies=True)
EACH = Function(0, plain=True)  # gives each element its gradient
LOSSES = ("cross_entropy", "mse")


def usual(graph: Graph) -> str:
    """The loss of a network for which none is chosen."""
    one = len(graph.outputs) == 1 and len(graph.outputs[0].output) == 1
    return "cross_entropy" if one else "mse"


def run_losses(forward: Forward, log: Log, loss: str) -> tuple[dict[int, Gradient], Storage]:
    """Run the loss of each output, and add them up: the gradients with which the backward pass
    starts, their storage.

    A loss is a single number; the mean squared error's lies in a tensor as large as the output.
    """
    log.node = "loss"
    number = forward.setting.size
    steps: list[Step] = []
    total: Storage | None = None
    for node in forward.outputs:
        value = forward.values[node.index]
        if value.maker is None:
            continue
        if loss == "cross_entropy":
            value = forward.apply(LOG_SOFTMAX.replace(size=value.bytes // forward.unit), (value,))
            one, kept = log.new(number), [value.storage, log.new(number)]
        else:
            one, kept = log.new(value.bytes), [log.hold(value.storage)]
            log.drop(log.new(value.bytes + 8 + number))  # the mean takes them
        steps.append(Step("loss", EACH, (value,), kept, [], ()))
        forward.tape.append(steps[-1])
        if total is not None:
            both = log.new(number)
            log.drop(total)
            log.drop(one)
            one = both
        total = one
    seed = log.new(number if steps else 0)
    return {id(step): Gradient(log.hold(seed), number) for step in steps}, seed
