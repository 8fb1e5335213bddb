"""The twin of a graph: a flat list of modules in execution order that deletes each value at its
last use."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import nn

from cnnspec.analyses.memory.overwriting import clashes
from cnnspec.graph.model import Graph, Node
from cnnspec.problems import RequestError


class Step(NamedTuple):
    """One node at work: its index, its module, the indices that it reads, and those that nobody
    reads after it.

    ``indices`` is the pool whose indices it takes besides (max unpooling), ``spent`` says that it
    is the last to do so, and ``gives_indices`` that it is such a pool."""

    node: int
    module: nn.Module
    reads: tuple[int, ...]
    dead: tuple[int, ...]
    indices: int | None
    spent: bool
    gives_indices: bool


class BuiltModule(nn.Module):
    """A network that runs its graph node by node.

    Parameters and buffers have the names of their nodes: ``layer1.0.conv1.weight``,
    ``layer1.0.conv1.norm.bias``. It takes one tensor for each input, with a batch, and gives the
    output, or a tuple of all; in training mode what is there in training only runs too, and its
    ends stand behind the outputs."""

    def __init__(self, graph: Graph):
        super().__init__()
        self.inputs = [n.index for n in graph.inputs]
        undone = {n.inputs[-1].index for n in graph.nodes if n.op.undoes}
        modules: dict[int, nn.Module] = {}
        for node in graph.layers(training=True):
            modules[node.index] = (
                modules[node.shares.index] if node.shares else made(node, node.index in undone)
            )
        self.tensors = {
            i: tensors(module) for i, module in modules.items()
        }  # before others are registered in them
        for node in graph.layers(training=True):
            if not node.shares:
                place(self, node.name, modules[node.index])
        self.plans = {mode: plan(graph, mode, modules, undone) for mode in (False, True)}
        self.results = {mode: [n.index for n in graph.results(mode)] for mode in (False, True)}

    def forward(self, *inputs: torch.Tensor) -> Any:
        """Run the network. Raises TypeError for another number of inputs."""
        return self.run(inputs, lambda step, read: step.module(*read))

    def run(
        self, inputs: tuple[torch.Tensor, ...], call: Callable[[Step, list[torch.Tensor]], Any]
    ) -> Any:
        """Run the network, each step by ``call``, which can watch it."""
        if len(inputs) != len(self.inputs):
            raise TypeError(f"the network takes {len(self.inputs)} inputs, not {len(inputs)}")
        values: dict[int, torch.Tensor] = dict(zip(self.inputs, inputs, strict=True))
        found: dict[int, torch.Tensor] = {}  # the indices of pools that are undone
        for step in self.plans[self.training]:
            read = [values[i] for i in step.reads]
            if step.indices is not None:
                read[-1] = found.pop(step.indices) if step.spent else found[step.indices]
            for i in step.dead:
                values.pop(i, None)
            value = call(step, read)
            del read
            if step.gives_indices:
                value, found[step.node] = value
            values[step.node] = value
            del value  # which may die before the next
        given = tuple(values[i] for i in self.results[self.training])
        return given[0] if len(given) == 1 else given


class Whole(nn.Module):
    """A chain of modules that counts as one: what is registered beside it does not join the
    chain."""

    def __init__(self, chain: nn.Sequential):
        super().__init__()
        self.chain = chain

    def forward(self, x: torch.Tensor) -> Any:
        return self.chain(x)


def build(graph: Graph, device: str | None = None, dtype: torch.dtype | None = None) -> BuiltModule:
    """The twin of ``graph`` on a device ("meta" takes no memory), in a dtype; PyTorch's defaults
    where not given."""
    with torch.device(device or "cpu"):
        twin = BuiltModule(graph)
    return twin.to(dtype) if dtype is not None else twin


def made(node: Node, gives_indices: bool) -> nn.Module:
    """The module of one node."""
    more = {"return_indices": True} if gives_indices else {}
    module: nn.Module = node.op.build(torch, *node.shapes, y=node.output, **more)
    return Whole(module) if isinstance(module, nn.Sequential) else module


def tensors(module: nn.Module) -> dict[str, tuple[int, ...]]:
    """The shapes of a module's parameters and then its buffers, by name, without PyTorch's
    bookkeeping."""
    named = [*module.named_parameters(), *module.named_buffers()]
    return {name: tuple(t.shape) for name, t in named if not name.endswith("num_batches_tracked")}


def path(name: str) -> list[str]:
    """Where the module of a node is registered. A name that nn.Module needs for itself gets an
    underscore."""
    return [f"{part}_" if hasattr(nn.Module, part) else part for part in name.split(".")]


def place(root: nn.Module, name: str, module: nn.Module) -> None:
    """Register a module under its dotted name."""
    *outer, last = path(name)
    for part in outer:
        if part not in root._modules:
            root.add_module(part, nn.Module())
        root = root.get_submodule(part)
    root.add_module(last, module)


def plan(
    graph: Graph, training: bool, modules: dict[int, nn.Module], undone: set[int]
) -> list[Step]:
    """The steps of one mode. Raises RequestError where an operator in place would spoil what
    another reads."""
    for clash in clashes(graph, training):
        if not clash.backwards:
            raise RequestError(clash.message)
    nodes = list(graph.layers(training))
    kept = {n.index for n in graph.results(training)}
    last: dict[int, int] = {}
    for node in nodes:
        for read in node.inputs:
            last[read.index] = node.index
    unpools = {n.inputs[-1].index: n for n in nodes if n.op.undoes}  # the last for each pool
    steps = []
    for node in nodes:
        reads = tuple(n.index for n in node.inputs)
        dead = tuple(i for i in dict.fromkeys(reads) if last[i] == node.index and i not in kept)
        indices = node.inputs[-1].index if node.op.undoes else None
        spent = node.op.undoes != "" and unpools[node.inputs[-1].index] is node
        steps.append(
            Step(node.index, modules[node.index], reads, dead, indices, spent, node.index in undone)
        )
    return steps
