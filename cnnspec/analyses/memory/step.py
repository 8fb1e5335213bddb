"""The optimizer in memory: the state that it keeps, and what its step needs for a while.

As PyTorch does it, one tensor after the other (foreach = False, which is its default on a CPU).
"""

from collections.abc import Collection, Iterator
from math import prod
from typing import NamedTuple

from cnnspec.analyses.memory.log import Log, Storage
from cnnspec.graph.model import Graph

OPTIMIZERS = ("none", "sgd", "momentum", "adam", "adamw")
COUNTER = 4  # bytes: Adam counts its steps for each tensor, in float32
NUMBER = 8  # bytes: a number of Python's on its way into a tensor


class Weight(NamedTuple):
    """A trained tensor: its layer and its elements."""

    node: str
    elements: int


def weights(graph: Graph, trained: Collection[tuple[str, str]]) -> list[Weight]:
    """The tensors that are ``trained``, given by layer and name, in the order in which a module
    gives them.

    That is its own before those of others in it.
    """
    tree: dict[str, dict[str, int]] = {}
    for name, elements in tensors(graph, trained):
        tree.setdefault(name.rpartition(".")[0], {})[name] = elements
    return [Weight(owner, n) for owner in ordered(tree) for n in tree[owner].values()]


def tensors(graph: Graph, trained: Collection[tuple[str, str]]) -> Iterator[tuple[str, int]]:
    """The names of the tensors that are trained, and their elements."""
    for node in graph.layers(training=True):
        if not node.shares:
            yield from (
                (f"{node.name}.{key}", prod(shape))
                for key, shape in node.op.parameters(*node.shapes).items()
                if (node.name, key) in trained
            )


def ordered(names: dict[str, dict[str, int]]) -> Iterator[str]:
    """Dotted names as modules stand in each other: what is in one follows it, before the next."""
    children: dict[str, list[str]] = {}
    seen = set()
    for name in names:
        parts = name.split(".")
        for i in range(1, len(parts) + 1):
            path = ".".join(parts[:i])
            if path not in seen:
                seen.add(path)
                children.setdefault(".".join(parts[: i - 1]), []).append(path)
    open_ = list(reversed(children.get("", [])))
    while open_:
        path = open_.pop()
        if path in names:
            yield path
        open_ += reversed(children.get(path, []))


def state(optimizer: str, trained: list[Weight], size: int) -> int:
    """The bytes that an optimizer keeps from one step to the next."""
    params = size * sum(w.elements for w in trained)
    adam = 2 * params + COUNTER * len(trained)
    return {"momentum": params, "adam": adam, "adamw": adam}.get(optimizer, 0)


def run_step(optimizer: str, trained: list[Weight], size: int, log: Log) -> None:
    """One step, when the state is there already.

    Adam takes a square root and divides it, and lets go of the quotient when the next tensor's is
    there."""
    log.phase = "step"
    cast = size if size < NUMBER else 0
    before: Storage | None = None
    for weight in trained:
        log.node = weight.node
        if optimizer in ("momentum", "adam", "adamw"):
            log.drop(log.new(NUMBER + cast))
        if optimizer in ("adam", "adamw"):
            root, number = log.new(weight.elements * size), log.new(NUMBER + cast)
            quotient = log.new(weight.elements * size)
            log.drop(number)
            log.drop(root)
            if before:
                log.drop(before)
            before = quotient
    if before:
        log.drop(before)
