"""A network of the zoo against a model of PyTorch that somebody else wrote, on the meta device.

Equal must be the parameters (all of them, and in the order of use at inference, shape by shape), the buffers, the
multiply-accumulates as torch's own counter counts them, and the shapes of the outputs.
"""

from collections.abc import Callable
from math import prod
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

import cnnspec

Shape = tuple[int, ...]


class Uses(TorchFunctionMode):
    """The parameters in the order in which the functions of a forward pass first use them."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[int, torch.nn.Parameter] = {}

    def __torch_function__(self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if getattr(func, "__name__", "") != "__get__":  # reading .shape or .dtype is no use
            for leaf in tree_leaves((args, kwargs)):
                if isinstance(leaf, torch.nn.Parameter):
                    self.found.setdefault(id(leaf), leaf)
        return func(*args, **kwargs or {})


def parameters(network: cnnspec.Network, training: bool = False) -> list[Shape]:
    """The shapes of the parameters in the order of execution; shared ones stand where they are used first."""
    nodes = [n for n in network.graph.layers(training) if not n.shares]
    return [squeezed(s) for n in nodes for s in n.op.parameters(*n.shapes).values()]


def shapes_of(model: torch.nn.Module) -> dict[int, Shape]:
    """The shapes of a model's parameters, by id."""
    return {id(p): squeezed(tuple(p.shape)) for p in model.parameters()}


def squeezed(shape: Shape) -> Shape:
    """A shape without trailing ones: a 1x1 convolution may stand for a linear layer."""
    while len(shape) > 1 and shape[-1] == 1:
        shape = shape[:-1]
    return shape


def assert_equal(network: cnnspec.Network, model: torch.nn.Module, run: Callable[..., Any] | None = None,
                 shapes: dict[int, Shape] | None = None) -> None:
    """Hold a network against a model that is on the meta device, in evaluation mode.

    ``run(model, *inputs)`` gives the outputs that the spec describes, all of them where it is not given; ``shapes``
    stand for ``shapes_of(model)`` where a model keeps a parameter in another layout.
    """
    shapes = shapes or shapes_of(model)
    with torch.no_grad(), FlopCounterMode(display=False) as flops, Uses() as uses:
        inputs = [torch.zeros(2, *n.output, device="meta") for n in network.graph.inputs]
        outputs = run(model, *inputs) if run else model(*inputs)

    ours = parameters(network)
    assert ours == [shapes[i] for i in uses.found]
    assert sum(map(prod, ours)) == network.totals.params
    every = parameters(network, training=True)
    assert sorted(every) == sorted(shapes.values())
    assert sum(map(prod, every)) == network.sums(training=True).params == sum(p.numel() for p in model.parameters())
    stored = [b.numel() for b in model.buffers() if b.is_floating_point()]  # the others are counters and indices
    assert network.sums(training=True).buffers == sum(stored)
    assert 2 * 2 * network.totals.macs == flops.get_total_flops()  # two images, and two operations each
    theirs = [tuple(t.shape[1:]) for t in tree_leaves(outputs) if isinstance(t, torch.Tensor)]
    assert [n.output for n in network.graph.outputs] == theirs
