"""Build the PyTorch module of a graph. It runs node by node and frees values at their last use."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from cnnspec.analyses.memory.overwriting import find_overwritten
from cnnspec.graph.model import Graph, Node
from cnnspec.ops.kit.fields import OperatorError
from cnnspec.problems import RequestError, visible
from cnnspec.records import Record

ATTRIBUTES = frozenset(["inputs", "tensor_shapes", "plans", "results"])  # of a built module


class ExecutionStep(Record):
    """One node in the order of execution.

    ``node`` is the index of the node, ``reads`` are the indices of the nodes that it reads, and
    ``released`` those of the values that no later step needs. ``indices_from`` is the index of the
    max pool whose indices a max unpooling takes; ``last_unpooling`` says that no later step takes
    them. ``gives_indices`` says that the node is such a max pool.
    """

    node: int
    module: nn.Module
    reads: tuple[int, ...]
    released: tuple[int, ...]
    indices_from: int | None
    last_unpooling: bool
    gives_indices: bool


class BuiltModule(nn.Module):
    """The PyTorch module of a graph.

    Parameters and buffers are named after their nodes: ``layer1.0.conv1.weight``,
    ``layer1.0.conv1.norm.bias``. The module takes one batch for each input and returns the output,
    or a tuple where there are several. In training mode it also runs the nodes that exist only in
    training, and returns their results after the outputs.
    """

    def __init__(self, graph: Graph):
        super().__init__()
        self.inputs = [n.index for n in graph.inputs]
        undone = {n.inputs[-1].index for n in graph.nodes if n.op.undoes}
        modules: dict[int, nn.Module] = {}
        for node in graph.layers(training=True):
            modules[node.index] = (
                modules[node.shares.index]
                if node.shares
                else make_module(node, node.index in undone)
            )
        self.fixed_numbers = {
            ".".join([*module_path(node.name), name]): values
            for node in graph.layers(training=True)
            if not node.shares
            for name, values in node.op.fixed_buffers.items()
        }
        # Read the shapes before other modules are registered inside these.
        self.tensor_shapes = {i: tensor_shapes(module) for i, module in modules.items()}
        for node in graph.layers(training=True):
            if not node.shares:
                register_module(self, node.name, modules[node.index])
        self.plans = {mode: plan_steps(graph, mode, modules, undone) for mode in (False, True)}
        self.results = {mode: [n.index for n in graph.results(mode)] for mode in (False, True)}

    def forward(self, *inputs: torch.Tensor) -> Any:
        """Run the network. Raises TypeError for a wrong number of inputs."""
        return self.run(inputs, lambda step, read: step.module(*read))

    def _apply(self, fn: Callable[..., Any], recurse: bool = True) -> "BuiltModule":
        """Move or convert all tensors; the numbers that the spec gives stay exact."""
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        for name, values in self.fixed_numbers.items():
            buffer = self.get_buffer(name)
            if not buffer.is_meta:
                buffer.copy_(torch.tensor(values, dtype=torch.float64, device="cpu"))
        return self

    def run(
        self,
        inputs: tuple[torch.Tensor, ...],
        call: Callable[[ExecutionStep, list[torch.Tensor]], Any],
    ) -> Any:
        """Run the network; ``call`` runs each step, so that it can watch it.

        Raises TypeError for a wrong number of inputs.
        """
        if len(inputs) != len(self.inputs):
            raise TypeError(f"the network takes {len(self.inputs)} inputs, not {len(inputs)}")
        values: dict[int, torch.Tensor] = dict(zip(self.inputs, inputs, strict=True))
        indices: dict[int, torch.Tensor] = {}  # the indices of max pools that are undone later
        for step in self.plans[self.training]:
            read = [values[i] for i in step.reads]
            if step.indices_from is not None:
                read[-1] = indices[step.indices_from]
                if step.last_unpooling:
                    del indices[step.indices_from]
            for i in step.released:
                values.pop(i, None)
            value = call(step, read)
            del read
            if step.gives_indices:
                value, indices[step.node] = value
            values[step.node] = value
            del value  # no reference may keep it alive during the next step
        results = tuple(values[i] for i in self.results[self.training])
        return results[0] if len(results) == 1 else results


class ChainModule(nn.Module):
    """Wrap a Sequential, so that modules registered beside it do not join its chain."""

    def __init__(self, chain: nn.Sequential):
        super().__init__()
        self.chain = chain

    def forward(self, x: torch.Tensor) -> Any:
        return self.chain(x)


def build_module(
    graph: Graph, device: str | None = None, dtype: torch.dtype | None = None
) -> BuiltModule:
    """Build the module of ``graph`` on a device and in a dtype (default: those of PyTorch).

    The device "meta" takes no memory. Raises RequestError where PyTorch has no such operator, and
    where one that works in place would overwrite a value that another node still reads.
    """
    with torch.device(device or "cpu"):
        built = BuiltModule(graph)
    return built.to(dtype) if dtype is not None else built


def make_module(node: Node, gives_indices: bool) -> nn.Module:
    """Make the module of one node. Raises RequestError where PyTorch has no such operator."""
    more = {"return_indices": True} if gives_indices else {}
    try:
        module: nn.Module = node.op.build(torch, *node.shapes, y=node.output, **more)
    except OperatorError as error:
        parts = [
            f"PyTorch cannot build {visible(node.name)} ({node.kind}): {error.message}",
            error.hint,
        ]
        message = "; ".join(filter(None, parts))
        for i, read in enumerate(node.inputs):
            message = message.replace(f"${i}", visible(read.name))
        raise RequestError(message) from None
    return ChainModule(module) if isinstance(module, nn.Sequential) else module


def tensor_shapes(module: nn.Module) -> dict[str, tuple[int, ...]]:
    """Return the shapes of a module's parameters and then buffers, without PyTorch's counters."""
    named = [*module.named_parameters(), *module.named_buffers()]
    return {name: tuple(t.shape) for name, t in named if not name.endswith("num_batches_tracked")}


def module_path(name: str) -> list[str]:
    """Return the path at which a node's module is registered.

    A name that the module uses itself gets an underscore.
    """
    return [f"{part}_" if is_reserved(part) else part for part in name.split(".")]


def is_reserved(name: str) -> bool:
    """Return whether a built module has an attribute of this name."""
    return hasattr(BuiltModule, name) or name in ATTRIBUTES


def register_module(root: nn.Module, name: str, module: nn.Module) -> None:
    """Register a module under the dotted name of its node."""
    *outer, last = module_path(name)
    for part in outer:
        if part not in root._modules:
            root.add_module(part, nn.Module())
        root = root.get_submodule(part)
    root.add_module(last, module)


def plan_steps(
    graph: Graph, training: bool, modules: dict[int, nn.Module], undone: set[int]
) -> list[ExecutionStep]:
    """Plan the steps of one mode; ``undone`` are the max pools that an unpooling undoes.

    Raises RequestError where an operator that works in place would overwrite a value that another
    node still reads.
    """
    for overwritten in find_overwritten(graph, training):
        if not overwritten.backwards:
            raise RequestError(overwritten.message)
    nodes = list(graph.layers(training))
    results = {n.index for n in graph.results(training)}
    last_reader: dict[int, int] = {}
    for node in nodes:
        for read in node.inputs:
            last_reader[read.index] = node.index
    last_unpooling = {n.inputs[-1].index: n for n in nodes if n.op.undoes}  # by max pool
    steps = []
    for node in nodes:
        reads = tuple(n.index for n in node.inputs)
        released = tuple(
            i for i in dict.fromkeys(reads) if last_reader[i] == node.index and i not in results
        )
        pool = node.inputs[-1].index if node.op.undoes else None
        steps.append(
            ExecutionStep(
                node=node.index,
                module=modules[node.index],
                reads=reads,
                released=released,
                indices_from=pool,
                last_unpooling=pool is not None and last_unpooling[pool] is node,
                gives_indices=node.index in undone,
            )
        )
    return steps
