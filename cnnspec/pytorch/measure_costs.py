"""What the twin really is: for every node its output shape, its tensors and its MACs, as NodeCost
rows.

MACs are counted while the twin runs by the formulas of torch's FlopCounterMode, 2 FLOPs a MAC.
"""

from math import prod
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from cnnspec.costs import NodeCost
from cnnspec.graph.model import Graph, Node
from cnnspec.pytorch.built_module import BuiltModule, ExecutionStep
from cnnspec.units import Shape


class Counter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """FlopCounterMode without its sums by module, for which it imports torch's compiler: as long as
    torch itself."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.flops = 0

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """To be skipped by torch's compiler, it would be imported."""
        return False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        counted = flop_registry.get(func.overloadpacket)
        if counted is None:
            with self:
                result = func.decompose(*args, **kwargs)
            if result is not NotImplemented:
                return result
        result = func(*args, **kwargs)
        if counted is not None:
            self.flops += counted(*args, **kwargs, out_val=result)
        return result


def measure_costs(graph: Graph, twin: BuiltModule) -> list[NodeCost]:
    """The cost of every layer as the twin shows it, those that are there in training only too.

    The twin runs once on zeros, on the device where it is, "meta" too: one example in evaluation
    mode, or, where layers are there in training only, two in training mode (batch normalization
    takes no single value). MACs are those of one example. Elementwise work cannot be measured and
    is empty."""
    training = any(n.training_only for n in graph.layers(training=True))
    inputs = zero_inputs(graph, twin, 2 if training else 1)
    seen: dict[int, tuple[Shape, int]] = {}
    counter = Counter()

    def watch(step: ExecutionStep, read: list[torch.Tensor]) -> Any:
        before = counter.flops
        value = step.module(*read)
        output = value[0] if step.gives_indices else value
        seen[step.node] = (tuple(output.shape[1:]), (counter.flops - before) // len(output) // 2)
        return value

    was_training = twin.training
    twin.train(training)
    with torch.no_grad(), counter:
        twin.run(inputs, watch)
    twin.train(was_training)
    return [
        measured(node, twin, training, *seen[node.index]) for node in graph.layers(training=True)
    ]


def zero_inputs(graph: Graph, twin: BuiltModule, batch: int) -> tuple[torch.Tensor, ...]:
    """A batch of zeros for each input of a twin, where it is and in its dtype."""
    like = next(twin.parameters(), torch.empty(0))
    return tuple(
        torch.zeros(batch, *n.output, device=like.device, dtype=like.dtype) for n in graph.inputs
    )


def measured(node: Node, twin: BuiltModule, training: bool, output: Shape, macs: int) -> NodeCost:
    """The row of one node."""
    tensors = {} if node.shares else twin.tensor_shapes[node.index]
    module = next(step.module for step in twin.plans[training] if step.node == node.index)
    trained = {name for name, _ in module.named_parameters()}
    sizes = {name: prod(shape) for name, shape in tensors.items()}
    params = sum(n for name, n in sizes.items() if name in trained)
    return NodeCost(
        node.name,
        node.kind,
        output,
        prod(output),
        params,
        sum(sizes.values()) - params,
        macs,
        {},
        tensors,
        node.shares.name if node.shares else "",
    )
