"""What the twin really is: for every node its output shape, its tensors and its MACs, as NodeCost rows.

MACs are counted by torch's FlopCounterMode, 2 FLOPs a MAC, node by node while the twin runs.
"""

from math import prod
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from cnnspec.costs import NodeCost
from cnnspec.graph.model import Graph, Node
from cnnspec.twin.executor import Step, Twin
from cnnspec.units import Shape


def measure(graph: Graph, twin: Twin) -> list[NodeCost]:
    """The cost of every layer as the twin shows it, those that are there in training only too.

    The twin runs once, in training mode, on zeros of batch 2 (batch normalization takes no single value) on the
    device where it is, "meta" too; MACs are those of one example. Elementwise work cannot be measured and is empty.
    """
    example = next(twin.parameters(), torch.empty(0))
    inputs = [torch.zeros(2, *n.output, device=example.device, dtype=example.dtype) for n in graph.inputs]
    seen: dict[int, tuple[Shape, int]] = {}

    def watch(step: Step, read: list[torch.Tensor]) -> Any:
        with FlopCounterMode(display=False) as counter:
            value = step.module(*read)
        output = value[0] if step.gives_indices else value
        seen[step.node] = (tuple(output.shape[1:]), counter.get_total_flops() // 2 // 2)
        return value

    was_training = twin.training
    twin.train()
    with torch.no_grad():
        twin.run(tuple(inputs), watch)
    twin.train(was_training)
    return [measured(node, twin, *seen[node.index]) for node in graph.layers(training=True)]


def measured(node: Node, twin: Twin, output: Shape, macs: int) -> NodeCost:
    """The row of one node."""
    tensors = {} if node.shares else twin.tensors[node.index]
    module = next(step.module for step in twin.plans[True] if step.node == node.index)
    trained = {name for name, _ in module.named_parameters()}
    sizes = {name: prod(shape) for name, shape in tensors.items()}
    params = sum(n for name, n in sizes.items() if name in trained)
    return NodeCost(node.name, node.kind, output, prod(output), params, sum(sizes.values()) - params, macs, {}, tensors,
                    node.shares.name if node.shares else "")
