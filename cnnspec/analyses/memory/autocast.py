"""What is saved for backward under autocast, PyTorch's automatic mixed precision, in bfloat16.

Parameters, their gradients and the optimizer's state remain float32. Convolutions and linear layers
cast their input and a copy of their weight to bfloat16 and save both; the operators after them work
in bfloat16 too, except that the statistics of norms are float32. Measured with PyTorch 2.13 on a
CPU, for the operators that say how autocast treats them (``Operator.autocast``)."""

from math import prod

from cnnspec.analyses.memory.passes import plan_saved_bytes
from cnnspec.graph.model import Graph

BFLOAT16, FLOAT32 = 2, 4  # bytes of an element


def autocast_saved_bytes(graph: Graph, batch: int) -> int | None:
    """Return the saved bytes, with the input's cast copy; None if an operator is not measured."""
    layers = list(graph.layers(training=True))
    if not all(n.op.autocast for n in layers):
        return None
    casts = sum(
        prod(n.op.parameters(*n.shapes)["weight"])
        for n in layers
        if n.op.autocast == "casts" and not n.shares
    )
    norms = [
        function.saved
        for n in layers
        if n.op.autocast == "statistics"
        for function in n.op.memory(*n.shapes, y=n.output, training=True)
    ]
    statistics = sum(2 * (s.channel_statistics + s.example_statistics * batch) for s in norms)
    saved = plan_saved_bytes(graph, batch, BFLOAT16)
    return saved + BFLOAT16 * casts + (FLOAT32 - BFLOAT16) * statistics
