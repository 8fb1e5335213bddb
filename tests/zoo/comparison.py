"""Compare a network of the zoo with a PyTorch model that somebody else wrote, on the meta device.

These must be equal: the parameters (all of them, and in the order of use at inference, shape by
shape), the buffers, the MACs by torch's own counter, and the shapes of the outputs.
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
    """Collect the parameters in the order in which a forward pass first uses them."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[int, torch.nn.Parameter] = {}

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        if getattr(func, "__name__", "") != "__get__":  # reading .shape or .dtype does not use it
            for leaf in tree_leaves((args, kwargs)):
                if isinstance(leaf, torch.nn.Parameter):
                    self.found.setdefault(id(leaf), leaf)
        return func(*args, **kwargs or {})


def parameter_shapes(network: cnnspec.Network, training: bool = False) -> list[Shape]:
    """Return the shapes of the parameters in the order of execution, shared ones at first use."""
    nodes = [n for n in network.graph.layers(training) if not n.shares]
    return [squeezed(s) for n in nodes for s in n.op.parameters(*n.shapes).values()]


def shapes_of(model: torch.nn.Module) -> dict[int, Shape]:
    """Return the shapes of a model's parameters, by id."""
    return {id(p): squeezed(tuple(p.shape)) for p in model.parameters()}


def squeezed(shape: Shape) -> Shape:
    """Return a shape without trailing ones, as a 1x1 convolution may replace a linear layer."""
    while len(shape) > 1 and shape[-1] == 1:
        shape = shape[:-1]
    return shape


def assert_equal(
    network: cnnspec.Network,
    model: torch.nn.Module,
    run: Callable[..., Any] | None = None,
    shapes: dict[int, Shape] | None = None,
) -> None:
    """Compare a network with a model that is on the meta device, in evaluation mode.

    ``run(model, *inputs)`` returns the outputs that the spec describes (default: all outputs).
    ``shapes`` replaces ``shapes_of(model)`` where a model keeps a parameter in another layout.
    """
    shapes = shapes or shapes_of(model)
    with torch.no_grad(), FlopCounterMode(display=False) as flops, Uses() as uses:
        inputs = [torch.zeros(2, *n.output, device="meta") for n in network.graph.inputs]
        results = run(model, *inputs) if run else model(*inputs)

    ours = parameter_shapes(network)
    assert ours == [shapes[i] for i in uses.found]
    assert sum(map(prod, ours)) == network.totals.params
    every = parameter_shapes(network, training=True)
    assert sorted(every) == sorted(shapes.values())
    assert (
        sum(map(prod, every))
        == network.sums(training=True).params
        == sum(p.numel() for p in model.parameters())
    )
    stored = [
        b.numel() for b in model.buffers() if b.is_floating_point()
    ]  # the others are counters and indices
    assert network.sums(training=True).buffers == sum(stored)
    assert (
        2 * 2 * network.totals.macs == flops.get_total_flops()
    )  # two images, and two operations each
    theirs = [tuple(t.shape[1:]) for t in tree_leaves(results) if isinstance(t, torch.Tensor)]
    assert [n.output for n in network.graph.outputs] == theirs


def names_in_order(model: torch.nn.Module, inputs: list[torch.Tensor]) -> list[str]:
    """Return the names of a meta model's parameters in the order of use at inference."""
    names = {id(p): name for name, p in model.named_parameters()}
    with torch.no_grad(), Uses() as uses:
        model.eval()(*inputs)
    return [names[i] for i in uses.found]


def batch_norms(model: torch.nn.Module) -> list[Any]:
    """Return the batch normalizations of a model."""
    return [m for m in model.modules() if isinstance(m, torch.nn.modules.batchnorm._BatchNorm)]


def draw_parameter(parameter: torch.nn.Parameter, name: str) -> None:
    """Draw values that keep activations alive: He's kernels, biases near 0, scales near 1."""
    if parameter.dim() > 1:
        torch.nn.init.normal_(parameter, std=(2 / parameter[0].numel()) ** 0.5)
    else:
        torch.nn.init.uniform_(parameter, *((-0.2, 0.2) if name.endswith("bias") else (0.5, 1.5)))


def run_with_statistics(model: torch.nn.Module, images: list[torch.Tensor]) -> list[torch.Tensor]:
    """Return a model's outputs, with running statistics taken from the same images."""
    model.eval()
    for norm in batch_norms(model):
        norm.momentum = 1.0
        norm.train()
    if batch_norms(model):
        model(*images)
    return tree_leaves(model.eval()(*images))


def assert_same_values(network: cnnspec.Network, build: Callable[[], torch.nn.Module]) -> None:
    """Check that a network's module and a model with the same weights have the same outputs.

    Runs in double precision. The weights are drawn, so that a wrong pool, activation, crop or
    stride shows. The values of an output must differ from each other by far more than the two
    modules may differ.
    """
    with torch.device("meta"):
        blank = [torch.zeros(2, *n.output) for n in network.graph.inputs]
        orders = [names_in_order(model, blank) for model in (network.build("meta"), build())]
    torch.manual_seed(0)
    built, model = network.build().to(torch.float64), build().to(torch.float64)
    images = [torch.rand(x.shape, dtype=torch.float64) for x in blank]
    ours, theirs = dict(built.named_parameters()), dict(model.named_parameters())
    with torch.no_grad():
        for mine, other in zip(*orders, strict=True):
            p, q = ours[mine], theirs[other]
            draw_parameter(q, other)
            p.copy_(q.reshape(p.shape))
        found, expected = run_with_statistics(built, images), run_with_statistics(model, images)
    for y, z in zip(found, expected, strict=True):
        spread = float((z - z.mean()).abs().max())
        assert spread > 1e-4 * float(z.abs().max()), (
            "the outputs prove nothing: they are nearly constant"
        )
        assert float((y - z).abs().max()) < 1e-8 * spread
