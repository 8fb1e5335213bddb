"""What is kept under autocast, PyTorch's automatic mixed precision, for the backward pass: in
bfloat16 on a CPU.

Parameters, their gradients and the optimizer's state remain float32. Convolutions and linear layers
work in bfloat16: they keep what they read in it, and a copy of their weight; what follows goes on
in it, except that the means and variances of norms are float32. Measured with PyTorch 2.13 on the
operators that are known here; with others nothing is said."""

from math import prod

from cnnspec.analyses.memory.plan import kept
from cnnspec.graph.model import Graph

NARROW, WIDE = 2, 4  # bytes of bfloat16 and of float32


def autocast_saved(graph: Graph, batch: int) -> int | None:
    """The bytes, the input's cast copy among them; None for a network with operators that are not
    known here."""
    layers = list(graph.layers(training=True))
    if not all(n.op.autocast for n in layers):
        return None
    casts = sum(
        prod(n.op.parameters(*n.shapes)["weight"])
        for n in layers
        if n.op.autocast == "casts" and not n.shares
    )
    norms = [
        f
        for n in layers
        if n.op.autocast == "statistics"
        for f in n.op.memory(*n.shapes, y=n.output, training=True)
    ]
    numbers = sum(2 * (f.statistics + f.rows * batch) for f in norms)
    return kept(graph, batch, NARROW) + NARROW * casts + (WIDE - NARROW) * numbers
