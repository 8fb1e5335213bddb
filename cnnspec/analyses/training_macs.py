"""The multiply-accumulates of a training step: forward, and backward for inputs and for weights.

A layer's backward pass computes the gradients of its weights, if they are trained, and those of its
inputs, if something before it is trained: the first layer needs none for the network's input."""

from collections.abc import Iterable

from cnnspec.graph.model import Graph, Node
from cnnspec.records import Record


class TrainingMacs(Record):
    """The multiply-accumulates of a step for one example, biases not counted."""

    forward: int = 0
    input_gradients: int = 0
    weight_gradients: int = 0

    @property
    def total(self) -> int:
        return self.forward + self.input_gradients + self.weight_gradients


def compute_training_macs(
    graph: Graph, frozen: frozenset[str] = frozenset()
) -> dict[int, TrainingMacs]:
    """Compute the multiply-accumulates of each node in training, by its index.

    ``frozen`` are the names of nodes whose parameters are not trained. The loss reads all outputs
    of the network in training; a node that no output depends on has no backward pass."""
    nodes = [*graph.layers(training=True)]
    read = find_nodes_read(graph.results(training=True))
    with_gradient: set[int] = set()
    found = {}
    for node in nodes:
        trained = is_trained(node, frozen)
        sizes = node.op.size_only
        needed = tuple(
            [x.index in with_gradient and i not in sizes for i, x in enumerate(node.inputs)]
        )
        forward = node.op.macs(*node.shapes, y=node.output)
        found[node.index] = TrainingMacs(forward)
        if not (trained or any(needed)):
            continue
        with_gradient.add(node.index)
        if forward and node.index in read:
            backward = node.op.backward_macs(
                *node.shapes, needed=needed, trained=trained, y=node.output
            )
            found[node.index] = TrainingMacs(forward, backward.inputs, backward.parameters)
    return found


def is_trained(node: Node, frozen: frozenset[str]) -> bool:
    """Whether a node has parameters, its own or another node's, that are not frozen."""
    owner = node.shares or node
    return owner.name not in frozen and bool(owner.op.parameters(*owner.shapes))


def find_nodes_read(outputs: Iterable[Node]) -> set[int]:
    """Find the indices of the nodes on which outputs depend."""
    found: set[int] = set()
    open_ = [*outputs]
    while open_:
        node = open_.pop()
        if node.index not in found:
            found.add(node.index)
            open_ += node.value_inputs
    return found


def sum_training_macs(parts: Iterable[TrainingMacs]) -> TrainingMacs:
    """Sum the multiply-accumulates of several nodes."""
    parts = [*parts]
    return TrainingMacs(
        sum(p.forward for p in parts),
        sum(p.input_gradients for p in parts),
        sum(p.weight_gradients for p in parts),
    )
