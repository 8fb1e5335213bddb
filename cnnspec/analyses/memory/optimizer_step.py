"""The optimizer's memory: the state that it keeps, and what its step needs for a while.

The optimizer takes one tensor after the other (foreach=False, PyTorch's default on a CPU)."""

from collections.abc import Collection, Iterator
from math import prod

from cnnspec.analyses.memory.allocations import AllocationLog, Storage
from cnnspec.graph.model import Graph
from cnnspec.records import Record

OPTIMIZERS = ("none", "sgd", "momentum", "adam", "adamw")
COUNTER = 4  # bytes: Adam counts its steps for each tensor, in float32
NUMBER = 8  # bytes of a Python number as a tensor, before it is cast


class TrainedWeight(Record):
    """A parameter that is trained: its layer and its elements."""

    node: str
    elements: int


def list_weights(graph: Graph, trained: Collection[tuple[str, str]]) -> list[TrainedWeight]:
    """List the ``trained`` parameters, given by layer and name, in the module's order.

    That is a module's own parameters before those of its children."""
    tree: dict[str, dict[str, int]] = {}
    for node in graph.layers(training=True):
        for key, shape in {} if node.shares else node.op.parameters(*node.shapes).items():
            if (node.name, key) in trained:
                name = f"{node.name}.{key}"
                tree.setdefault(name.rpartition(".")[0], {})[name] = prod(shape)
    return [TrainedWeight(owner, n) for owner in module_order(tree) for n in tree[owner].values()]


def module_order(names: Collection[str]) -> Iterator[str]:
    """Sort dotted names as ``Module.modules`` does: after a module come its children."""
    children: dict[str, list[str]] = {}
    seen = set()
    for name in names:
        parts = name.split(".")
        for i in range(1, len(parts) + 1):
            path = ".".join(parts[:i])
            if path not in seen:
                seen.add(path)
                children.setdefault(".".join(parts[: i - 1]), []).append(path)
    stack = list(reversed(children.get("", [])))
    while stack:
        path = stack.pop()
        if path in names:
            yield path
        stack += reversed(children.get(path, []))


def state_bytes(optimizer: str, weights: list[TrainedWeight], size: int) -> int:
    """Return the bytes that an optimizer keeps from one step to the next."""
    parameters = size * sum(weight.elements for weight in weights)
    adam = 2 * parameters + COUNTER * len(weights)
    return {"momentum": parameters, "adam": adam, "adamw": adam}.get(optimizer, 0)


def run_optimizer(
    optimizer: str, weights: list[TrainedWeight], size: int, log: AllocationLog
) -> None:
    """Run one step of an optimizer whose state exists already.

    Adam takes a square root and divides by it; it releases the quotient only when that of the next
    tensor is allocated."""
    log.phase = "step"
    cast = size if size < NUMBER else 0
    last_quotient: Storage | None = None
    for weight in weights:
        log.node = weight.node
        if optimizer in ("momentum", "adam", "adamw"):
            log.drop(log.allocate(NUMBER + cast))
        if optimizer in ("adam", "adamw"):
            root, number = log.allocate(weight.elements * size), log.allocate(NUMBER + cast)
            quotient = log.allocate(weight.elements * size)
            log.drop(number)
            log.drop(root)
            if last_quotient:
                log.drop(last_quotient)
            last_quotient = quotient
    if last_quotient:
        log.drop(last_quotient)
