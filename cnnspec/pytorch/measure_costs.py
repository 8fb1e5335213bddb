"""Measure what each layer of a built module costs: output shape, tensors, and MACs by two counters.

The first counter is torch's: the formulas of FlopCounterMode, with 2 FLOPs for one MAC. The second
is fvcore's, which counts convolutions and linear layers in a traced run.
"""

import warnings
from math import prod
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from cnnspec.costs import NodeCost
from cnnspec.graph.model import Graph, Node
from cnnspec.problems import RequestError
from cnnspec.pytorch.built_module import BuiltModule, ExecutionStep, module_path
from cnnspec.units import Shape

FVCORE_COUNTS = {"conv", "linear"}
FVCORE_DIFFERS = {"matmul", "bmm", "einsum", "baddbmm", "mm"}  # it counts these unlike torch


class FlopCounter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Count FLOPs as FlopCounterMode does, without its sums by module.

    For those sums FlopCounterMode imports torch's compiler, which takes as long as torch itself.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.flops = 0

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Return False: to skip this mode, torch would import its compiler."""
        return False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        count_flops = flop_registry.get(func.overloadpacket)
        if count_flops is None:
            with self:
                result = func.decompose(*args, **kwargs)
            if result is not NotImplemented:
                return result
        result = func(*args, **kwargs)
        if count_flops is not None:
            self.flops += count_flops(*args, **kwargs, out_val=result)
        return result


def measure_costs(graph: Graph, built: BuiltModule) -> list[NodeCost]:
    """Measure the cost of every layer, with those that exist only in training.

    The module runs once on zeros, on its own device ("meta" too). It runs one example in evaluation
    mode, or two in training mode where there are layers that exist only in training (batch
    normalization takes no single value). MACs are those of one example. Element-wise work cannot be
    measured and is left empty.
    """
    training = any(n.training_only for n in graph.layers(training=True))
    inputs = zero_inputs(graph, built, 2 if training else 1)
    seen: dict[int, tuple[Shape, int]] = {}
    counter = FlopCounter()

    def watch(step: ExecutionStep, read: list[torch.Tensor]) -> Any:
        before = counter.flops
        value = run_visibly(step.module, read)
        output = value[0] if step.gives_indices else value
        macs = (counter.flops - before) // len(output) // 2
        seen[step.node] = tuple(output.shape[1:]), macs
        return value

    was_training = built.training
    built.train(training)
    with torch.no_grad(), counter:
        built.run(inputs, watch)
    built.train(was_training)
    return [
        measured_cost(node, built, training, *seen[node.index])
        for node in graph.layers(training=True)
    ]


def run_visibly(module: Any, read: list[torch.Tensor]) -> Any:
    """Run a module so that the counter sees its matrix products: without oneDNN for an LSTM."""
    if not isinstance(module, torch.nn.RNNBase):
        return module(*read)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about flags of other devices
        with torch.backends.mkldnn.flags(enabled=False):
            return module(*read)


def zero_inputs(graph: Graph, built: BuiltModule, batch: int) -> tuple[torch.Tensor, ...]:
    """Return a batch of zeros for each input, on the module's device and in its dtype."""
    like = next(built.parameters(), torch.empty(0))
    return tuple(
        torch.zeros(batch, *n.output, device=like.device, dtype=like.dtype) for n in graph.inputs
    )


def measured_cost(
    node: Node, built: BuiltModule, training: bool, output: Shape, macs: int
) -> NodeCost:
    """Return the measured cost of one node."""
    tensors = {} if node.shares else built.tensor_shapes[node.index]
    module = next(step.module for step in built.plans[training] if step.node == node.index)
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


def count_macs_with_fvcore(graph: Graph, built: BuiltModule) -> dict[str, int]:
    """Return the MACs of one example, by node, for the nodes that fvcore counts as torch does.

    These are the nodes with parameters that compute only convolutions and linear maps. A node that
    shares its parameters is counted with the node that owns them. The module runs in evaluation
    mode on its own device, which cannot be "meta". Raises RequestError without fvcore.
    """
    try:
        from fvcore.nn import FlopCountAnalysis
    except ImportError:
        raise RequestError("counting twice needs fvcore: pip install 'cnnspec[verify]'") from None
    was_training = built.training
    built.eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        analysis: Any = FlopCountAnalysis(built, zero_inputs(graph, built, 1))
        analysis.tracer_warnings("none").unsupported_ops_warnings(False)
        counts = analysis.uncalled_modules_warnings(False).by_module_and_operator()
    built.train(was_training)
    found = {}
    for node in graph.layers():
        count = counts.get(".".join(module_path(node.name)), {})
        counted = FVCORE_COUNTS & count.keys()
        if not node.shares and counted and not FVCORE_DIFFERS & count.keys():
            found[node.name] = sum(count[k] for k in counted)
    return found
